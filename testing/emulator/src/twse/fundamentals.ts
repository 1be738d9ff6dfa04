import { fractionOf, wholeOf } from '../market/noise.js'
import type { Truth } from '../market/truth.js'
import { rocYear } from './format.js'

/** What a stock is worth by its last reports; ratios as numbers, null where the company made a loss. */
export interface Fundamentals {
  readonly priceToEarnings: number | null
  readonly priceToBook: number
  /** Percent. */
  readonly dividendYield: number
  /** ROC years, the second with its quarter: `111/3`. */
  readonly dividendYear: number
  readonly reportQuarter: string
}

/** Of a stock at a price on a date; the dividend is the last that went off before it. */
export function fundamentalsOf(truth: Truth, symbol: string, date: string, close: number): Fundamentals {
  const { seed } = truth
  const year = date.slice(0, 4)
  const loss = fractionOf(seed, symbol, year, 'loss') < 0.12
  const earnings = close / (8 + 22 * fractionOf(seed, symbol, date.slice(0, 7), 'earnings'))
  const paid = truth.dividends(symbol, `${Number(year) - 1}-07-01`, date).at(-1)?.amount ?? 0
  const month = Number(date.slice(5, 7))
  // The report of a quarter is out about two months after its end.
  const quarter = Math.floor((month + 12 - 6) / 3) % 4
  return {
    priceToEarnings: loss ? null : round(close / earnings),
    priceToBook: round(0.4 + wholeOf(0, 400, seed, symbol, year, 'book') / 100),
    dividendYield: round((paid / close) * 100),
    dividendYear: rocYear(date) - 1,
    reportQuarter: `${rocYear(date) - (month < 6 ? 1 : 0)}/${quarter === 0 ? 4 : quarter}`,
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
