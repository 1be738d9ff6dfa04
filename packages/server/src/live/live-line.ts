/** What does one thing after the other, and what may be done together in one stroke. */
export class LiveLine<Item> {
  readonly #stroke: (items: readonly Item[]) => Promise<void>
  readonly #canJoin: (first: Item, next: Item, count: number) => boolean
  #waiting: Waiting<Item>[] = []
  #running: Promise<void> | undefined

  /** `stroke` settles its items by itself and never throws; it gets items that came one behind the other and `canJoin`. */
  constructor(
    stroke: (items: readonly Item[]) => Promise<void>,
    canJoin: (first: Item, next: Item, count: number) => boolean,
  ) {
    this.#stroke = stroke
    this.#canJoin = canJoin
  }

  /** How much waits. */
  get length(): number {
    return this.#waiting.length
  }

  add(item: Item): void {
    this.#put({ item })
  }

  /** Does something between two strokes. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#put({ work: () => work().then(resolve, reject) })
    })
  }

  /** Waits until nothing is waiting. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #put(waiting: Waiting<Item>): void {
    this.#waiting.push(waiting)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // Whatever comes in the same turn belongs to the first stroke.
    await Promise.resolve()
    for (;;) {
      const first = this.#waiting.shift()
      if (first === undefined) break
      if ('work' in first) await first.work()
      else await this.#stroke([first.item, ...this.#joining(first.item)])
    }
    this.#running = undefined
  }

  #joining(first: Item): Item[] {
    const items: Item[] = []
    for (;;) {
      const [next] = this.#waiting
      if (next === undefined || 'work' in next || !this.#canJoin(first, next.item, items.length + 1)) return items
      this.#waiting.shift()
      items.push(next.item)
    }
  }
}

type Waiting<Item> = { readonly item: Item } | { readonly work: () => Promise<void> }
