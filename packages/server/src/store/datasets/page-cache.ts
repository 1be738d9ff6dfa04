/** What a cache holds: it knows its size. */
export interface Sized {
  readonly bytes: number
}

/** Keeps what was used last, up to a number of bytes; what is larger alone is not kept. */
export class PageCache<Value extends Sized> {
  readonly #bytesMax: number
  readonly #values = new Map<string, Value>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    // A map remembers the order of insertion: the first is the one that was not used for longest.
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#drop(key)
    if (value.bytes > this.#bytesMax) return
    this.#values.set(key, value)
    this.#bytes += value.bytes
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#values.get(key)?.bytes ?? 0
    this.#values.delete(key)
  }
}
