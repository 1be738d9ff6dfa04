interface Bucket {
  /** Thousandths of a request, so that all sums are whole. */
  credit: number
  /** Milliseconds since the epoch. */
  filledMs: number
}

/** What a request costs. */
const PRICE = 1_000

/**
 * Counts requests of many callers. Each may send `perSecond` of them in a burst, and has so many again a second later.
 * Past `callersMax` the one that was silent longest is forgotten, which only gives it a full bucket.
 */
export class Buckets {
  readonly #perSecond: number
  readonly #callersMax: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(perSecond: number, callersMax: number) {
    this.#perSecond = perSecond
    this.#callersMax = callersMax
  }

  /** 0 when the caller may go on, else the milliseconds until it may. */
  take(caller: string, nowMs: number): number {
    const creditMax = this.#perSecond * PRICE
    const { credit, filledMs } = this.#buckets.get(caller) ?? { credit: creditMax, filledMs: nowMs }
    const filled = Math.min(creditMax, credit + Math.max(0, nowMs - filledMs) * this.#perSecond)
    const isAllowed = filled >= PRICE
    // Put last again, so that the first is the one silent longest.
    this.#buckets.delete(caller)
    this.#buckets.set(caller, { credit: isAllowed ? filled - PRICE : filled, filledMs: nowMs })
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#callersMax) break
      this.#buckets.delete(oldest)
    }
    return isAllowed ? 0 : Math.ceil((PRICE - filled) / this.#perSecond)
  }
}
