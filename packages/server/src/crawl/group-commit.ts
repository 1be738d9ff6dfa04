/**
 * Writes items in groups: while one group is being written the next one gathers, so that a slow medium is used in few
 * large strokes and nobody waits for a timer. Items are written in the order in which they came.
 */
export class GroupCommit<Item> {
  readonly #write: (items: readonly Item[]) => Promise<void>
  readonly #itemsMax: number
  #waiting: Waiting<Item>[] = []
  #writing: Promise<void> | undefined

  /** `itemsMax` of one group; more wait for the next. */
  constructor(itemsMax: number, write: (items: readonly Item[]) => Promise<void>) {
    this.#itemsMax = itemsMax
    this.#write = write
  }

  /** Resolves when the item is written; rejects with what the write of its group threw. */
  add(item: Item): Promise<void> {
    const added = new Promise<void>((resolve, reject) => this.#waiting.push({ item, resolve, reject }))
    this.#writing ??= this.#writeAll()
    return added
  }

  /** Waits until nothing is waiting. */
  async drain(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    // Whatever is added in the same turn belongs to the first group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#waiting.splice(0, this.#itemsMax))
    }
    this.#writing = undefined
  }

  /** What makes a group fail is found by writing its items one by one: the others must not suffer for it. */
  async #writeGroup(group: readonly Waiting<Item>[]): Promise<void> {
    try {
      await this.#write(group.map(({ item }) => item))
      for (const { resolve } of group) resolve()
    } catch (error) {
      const [first, ...others] = group
      if (others.length === 0) first?.reject(error)
      else for (const waiting of group) await this.#writeGroup([waiting])
    }
  }
}

interface Waiting<Item> {
  readonly item: Item
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}
