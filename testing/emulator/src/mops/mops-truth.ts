import { fractionOf, wholeOf } from '../market/noise.js'
import type { Truth } from '../market/truth.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'

/** A company that reports its revenue. */
export interface Company {
  readonly symbol: string
  readonly name: string
  readonly industry: string
  /** Registered abroad. */
  readonly isForeign: boolean
}

/** What companies report by month. Months are `YYYY-MM`, amounts thousands of TWD. */
export interface MopsTruth {
  /** Those that are listed on an exchange in a month, by code. */
  companies(exchange: 'TWSE' | 'TPEX', month: string): Company[]
  revenue(symbol: string, month: string): number
  /** From January of the year to the month. */
  revenueToDate(symbol: string, month: string): number
  /** The date in Taipei on which a company reports a month: the 1st to the 10th of the next one. */
  reportedOn(symbol: string, month: string): string
}

/** Companies abroad have it in their name. */
const FOREIGN_MARK = '-KY'
/** Builders and start-ups have months without any revenue. */
const IDLE_MONTH_CHANCE = 0.04

export function createMopsTruth(truth: Truth): MopsTruth {
  const { seed } = truth
  const revenue: MopsTruth['revenue'] = (symbol, month) => {
    if (fractionOf(seed, 'mops', symbol, month, 'idle') < IDLE_MONTH_CHANCE) return 0
    // Spread evenly over the orders of magnitude from a million to a hundred thousand millions.
    const usual = 10 ** (3 + (5 * wholeOf(0, 1_000, seed, 'mops', symbol)) / 1_000)
    return Math.round(usual * (0.7 + 0.6 * fractionOf(seed, 'mops', symbol, month)))
  }
  return {
    companies(exchange, month) {
      const listings = exchange === 'TWSE' ? truth.listings() : tpexTruthOf(truth).listings()
      const stocks = listings.filter(
        ({ kind, listed, delisted }) =>
          kind === 'stock' && listed.slice(0, 7) <= month && (delisted === null || delisted.slice(0, 7) > month),
      )
      return stocks
        .map(({ symbol, name, industry }) => ({ symbol, name, industry, isForeign: name.includes(FOREIGN_MARK) }))
        .sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
    },
    revenue,
    revenueToDate(symbol, month) {
      const [year = '', last = ''] = month.split('-')
      let sum = 0
      for (let number = 1; number <= Number(last); number++) {
        sum += revenue(symbol, `${year}-${String(number).padStart(2, '0')}`)
      }
      return sum
    },
    reportedOn(symbol, month) {
      const day = wholeOf(1, 10, seed, 'mops', symbol, month, 'day')
      return `${monthAfter(month, 1)}-${String(day).padStart(2, '0')}`
    },
  }
}

/** The month so many months later. */
export function monthAfter(month: string, months: number): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7)
}
