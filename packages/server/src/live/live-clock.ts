/** Time as live sees it: handed in, so that tests need not wait. */
export interface LiveClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Does something later, unless the function that it gives is called before. */
  after(delayMs: number, work: () => void): () => void
}

/** Longer delays overflow the timers of Node and would end at once. */
const timerMsMax = 2 ** 31 - 1

export const systemLiveClock: LiveClock = {
  now: Date.now,
  after(delayMs, work) {
    const timer = setTimeout(work, Math.min(timerMsMax, Math.max(0, delayMs)))
    // What is still to come must not keep a process that has nothing else to do.
    timer.unref()
    return () => clearTimeout(timer)
  },
}
