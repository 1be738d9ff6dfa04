/**
 * Writes items in groups: while one group is being written the next one gathers, so that a slow medium is used in few
 * large strokes and nobody waits for a timer. Items are written in the order in which they came.
 */
export class GroupCommit<Item> {
  readonly #write: (items: readonly Item[]) => Promise<void>
  readonly #itemsMax: number
  #waiting: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = []
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
      const group = this.#waiting.splice(0, this.#itemsMax)
      try {
        await this.#write(group.map(({ item }) => item))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#writing = undefined
  }
}
