/** How long one that said too much is refused everything: long enough to be noticed, and to have credit again. */
const HOLD_MS = 1_000

export interface WordLimits {
  readonly perSecond: number
  /** What may come at once, by one who said nothing for a while. */
  readonly burst: number
}

/** What one connection may say. Two numbers, and no timer. */
export class WordBudget {
  readonly #limits: WordLimits
  #credit: number
  #filledMs: number
  #heldUntilMs = 0

  /** `nowMs` is in milliseconds since the epoch, as for `take`. */
  constructor(limits: WordLimits, nowMs: number) {
    this.#limits = limits
    this.#credit = limits.burst
    this.#filledMs = nowMs
  }

  /**
   * 0 when one more may be said, else the milliseconds until it may. A refusal holds for all that comes until then, so
   * that of words that were sent one behind the other none overtakes another.
   */
  take(nowMs: number): number {
    const { perSecond, burst } = this.#limits
    const passedMs = Math.max(0, nowMs - this.#filledMs)
    this.#credit = Math.min(burst, this.#credit + (passedMs * perSecond) / 1_000)
    this.#filledMs = nowMs
    if (nowMs < this.#heldUntilMs) return this.#heldUntilMs - nowMs
    if (this.#credit >= 1) {
      this.#credit -= 1
      return 0
    }
    this.#heldUntilMs = nowMs + HOLD_MS
    return HOLD_MS
  }
}
