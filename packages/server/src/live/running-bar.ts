import { formatInstant, type LiveBar } from '@barkeep/core'

type Numbers = Pick<LiveBar, 'open' | 'high' | 'low' | 'close' | 'volume' | 'turnover' | 'trades' | 'known_at'>

/** What bars made of minutes say about their source, here and where they are derived on read. */
export const derivedSource = 'derived:1m'

/** A longer bar of one instrument while its minutes come. */
export class RunningBar {
  readonly instrument: string
  readonly startMs: number
  /** All minutes but the last, so that the last may still change. */
  #before: Numbers | undefined
  #last: LiveBar | undefined
  #lastTs: string

  /** `known`: the minutes so far, summed up, of which `lastTs` is the latest. */
  constructor(instrument: string, startMs: number, known?: { readonly numbers: Numbers; readonly lastTs: string }) {
    this.instrument = instrument
    this.startMs = startMs
    this.#before = known?.numbers
    this.#lastTs = known?.lastTs ?? ''
  }

  get lastTs(): string {
    return this.#lastTs
  }

  /** Adds a minute. False for one that corrects an earlier minute, which cannot be taken out of the sum. */
  add(minute: LiveBar): boolean {
    if (minute.ts < this.#lastTs || (minute.ts === this.#lastTs && this.#last === undefined)) return false
    if (minute.ts > this.#lastTs && this.#last !== undefined) this.#before = joined(this.#before, this.#last)
    this.#last = minute
    this.#lastTs = minute.ts
    return true
  }

  /** The bar as it stands, not final. */
  get bar(): LiveBar | undefined {
    const numbers = this.#last === undefined ? this.#before : joined(this.#before, this.#last)
    if (numbers === undefined) return undefined
    const { open, high, low, close, volume, turnover, trades, known_at: knownAt } = numbers
    const bar = { instrument: this.instrument, ts: formatInstant(this.startMs), open, high, low, close }
    return { ...bar, volume, turnover, trades, final: false, source: derivedSource, known_at: knownAt }
  }
}

/** As bars-sql.ts sums minutes up. */
function joined(before: Numbers | undefined, last: Numbers): Numbers {
  if (before === undefined) return last
  return {
    open: before.open,
    high: Math.max(before.high, last.high),
    low: Math.min(before.low, last.low),
    close: last.close,
    volume: before.volume + last.volume,
    turnover: before.turnover === null || last.turnover === null ? null : before.turnover + last.turnover,
    trades: before.trades === null || last.trades === null ? null : before.trades + last.trades,
    known_at: [before.known_at, last.known_at].sort()[1] ?? last.known_at,
  }
}
