import { type Exchange, instantOfWallClock, sessionDateOf, wallClockOfDate } from '@barkeep/core'

const MS_PER_DAY = 86_400_000

/** Which bars are news: those of the last session dates of their exchange. */
export interface LiveWindow {
  /** Of many bars, those in the window. */
  filter<Bar extends { readonly instrument: string; readonly ts: string }>(bars: readonly Bar[]): Bar[]
  /** The first instant that may be in the window of any exchange, seconds since the epoch. */
  sinceSeconds(): number
}

/**
 * `dates` session dates up to the one that the calendar of the exchange shows now; 0: all bars.
 * `now` gives milliseconds since the epoch.
 */
export function createLiveWindow(given: {
  readonly exchanges: () => readonly Exchange[]
  readonly dates: number
  readonly now: () => number
}): LiveWindow {
  const { exchanges, dates, now } = given
  const startMs = (exchange: Exchange) => {
    const today = wallClockOfDate(sessionDateOf(exchange, now())) ?? 0
    return instantOfWallClock(exchange.timeZone, today - (dates - 1) * MS_PER_DAY)
  }
  return {
    filter(bars) {
      if (dates === 0) return [...bars]
      const starts = new Map(exchanges().map((exchange) => [exchange.code, startMs(exchange)]))
      return bars.filter(({ instrument, ts }) => {
        const start = starts.get(instrument.slice(0, instrument.indexOf(':')))
        return start !== undefined && Date.parse(ts) >= start
      })
    },
    sinceSeconds: () => (dates === 0 ? 0 : Math.floor(Math.min(...exchanges().map(startMs)) / 1_000)),
  }
}
