import { fractionOf } from '../market/noise.js'
import { CLOSE_MINUTE, instantOf, MS_PER_MINUTE, OPEN_MINUTE } from '../market/taipei-time.js'
import type { Truth, TruthMinute } from '../market/truth.js'

/** What can be got back from Yahoo of a bar. Prices in TWD on the basis after the last split, volume in shares likewise. */
export interface YahooBar {
  /** Start, ms since the epoch, UTC: the session open for a day. */
  readonly tsMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volumeShares: number
}

/**
 * The truth as far as Yahoo tells it. What is lost, beside turnover and the number of trades:
 * - everything is adjusted for splits; prices have up to four decimals then, which the float32 on the wire still bears;
 * - the first bar of a day has volume 0, whatever the interval;
 * - the closing auction is missing on some days and stands in the minute 13:25 on the others;
 * - days and minutes without a trade have no bar.
 */
export interface YahooTruth {
  days(symbol: string, start: string, end: string): YahooBar[]
  /** Bars of `minutes` (1, 5, 60, …) of one date, anchored to the session open. */
  bars(symbol: string, date: string, minutes: number): YahooBar[]
  /** Where the closing auction of a date went. */
  closingAuction(symbol: string, date: string): 'missing' | 'at 13:25'
}

const AUCTION_SHOWN_MINUTE = CLOSE_MINUTE - 5
const FINAL_MINUTE = '13:29'

export function createYahooTruth(truth: Truth): YahooTruth {
  const closingAuction: YahooTruth['closingAuction'] = (symbol, date) =>
    fractionOf(truth.seed, 'yahoo', symbol, date) < 0.5 ? 'missing' : 'at 13:25'

  function minutesShown(symbol: string, date: string): TruthMinute[] {
    const minutes = truth.minutes(symbol, date)
    const shown = minutes.filter(({ minute }) => minute !== FINAL_MINUTE)
    const auction = minutes.find(({ minute }) => minute === FINAL_MINUTE)
    if (auction === undefined || closingAuction(symbol, date) === 'missing') return shown
    return [...shown, { ...auction, minute: '13:25', tsMs: instantOf(date, AUCTION_SHOWN_MINUTE) }]
  }

  return {
    closingAuction,
    days: (symbol, start, end) =>
      truth.days(symbol, start, end).flatMap(({ date, open, high, low, close, volumeShares }): YahooBar[] => {
        if (open === null || high === null || low === null || close === null) return []
        const bar = { tsMs: instantOf(date, OPEN_MINUTE), open, high, low, close, volumeShares }
        return [onLastBasis(bar, splitRatioAfter(truth, symbol, date))]
      }),
    bars(symbol, date, minutes) {
      const openMs = instantOf(date, OPEN_MINUTE)
      const stepMs = minutes * MS_PER_MINUTE
      const ratio = splitRatioAfter(truth, symbol, date)
      const bars = new Map<number, YahooBar>()
      for (const minute of minutesShown(symbol, date)) {
        const tsMs = minute.tsMs - ((minute.tsMs - openMs) % stepMs)
        bars.set(tsMs, joined(bars.get(tsMs), minute, tsMs))
      }
      return [...bars.values()].map((bar) => {
        const { volumeShares, ...adjusted } = onLastBasis(bar, ratio)
        return { ...adjusted, volumeShares: bar.tsMs === openMs ? 0 : volumeShares }
      })
    },
  }
}

/** New shares for one share of a date, by the splits since. */
export function splitRatioAfter(truth: Truth, symbol: string, date: string): number {
  return truth.splits(symbol).reduce((ratio, split) => (split.date > date ? ratio * split.ratio : ratio), 1)
}

function onLastBasis(bar: YahooBar, ratio: number): YahooBar {
  const price = (value: number) => Math.round((value / ratio) * 10_000) / 10_000
  return {
    tsMs: bar.tsMs,
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volumeShares: bar.volumeShares * ratio,
  }
}

function joined(before: YahooBar | undefined, minute: TruthMinute, tsMs: number): YahooBar {
  const { open, high, low, close, volumeShares } = minute
  if (before === undefined) return { tsMs, open, high, low, close, volumeShares }
  return {
    tsMs,
    open: before.open,
    high: Math.max(before.high, high),
    low: Math.min(before.low, low),
    close,
    volumeShares: before.volumeShares + volumeShares,
  }
}
