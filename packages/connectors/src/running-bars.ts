import type { Bar, PageBars } from '@barkeep/core'

type LiveBars = PageBars['bars']

/** After its end a bar is given so long for what is still on its way. */
const GRACE_MS = 1_500

/** Live bars that build up: which of them are final, where the upstream does not say it. */
export class RunningBars {
  readonly #running = new Map<string, Bar>()
  /** The start of the last bar of an instrument that was called final. */
  readonly #doneMs = new Map<string, number>()
  readonly #lengthMs: number

  /** `lengthMs` is the time that a bar spans. */
  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  /** A bar as it is known now. A later one of its instrument makes the one before it final; one that was final stays so. */
  told(bar: Bar): LiveBars {
    const startMs = Date.parse(bar.ts)
    const before = this.#running.get(bar.instrument)
    const beforeMs = before === undefined ? Number.NEGATIVE_INFINITY : Date.parse(before.ts)
    const isDone = startMs < beforeMs || startMs <= (this.#doneMs.get(bar.instrument) ?? Number.NEGATIVE_INFINITY)
    if (isDone) return [bar]
    this.#running.set(bar.instrument, bar)
    const now = { ...bar, final: false }
    if (before === undefined || startMs === beforeMs) return [now]
    this.#doneMs.set(bar.instrument, beforeMs)
    return [before, now]
  }

  /** Bars that ended a moment ago; each once. */
  over(nowMs: number): LiveBars {
    const ended = [...this.#running.values()].filter(({ ts }) => Date.parse(ts) + this.#lengthMs + GRACE_MS <= nowMs)
    for (const { instrument, ts } of ended) {
      this.#running.delete(instrument)
      this.#doneMs.set(instrument, Date.parse(ts))
    }
    return ended
  }

  /** Forgets what an instrument was building up: it will not be whole. */
  forget(instrument: string): void {
    this.#running.delete(instrument)
  }
}
