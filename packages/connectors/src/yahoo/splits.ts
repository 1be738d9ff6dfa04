import type { Adjustment, Exchange } from '@barkeep/core'
import { sessionDateOf } from '@barkeep/core'
import type { Chart } from './parse-chart.js'

/** A split: `ratio` new shares for each old one, from the session date on. It travels in tasks. */
export type Split = { readonly date: string; readonly ratio: number }

/** Float32 carries seven digits; what Yahoo shows beyond them is noise. */
const DIGITS = 7
/** Dividends are stated finer than prices. */
const DIVIDEND_DECIMALS = 6

export function splitsOf(chart: Chart, exchange: Exchange): Split[] {
  return chart.splits.map(({ ms, ratio }) => ({ date: sessionDateOf(exchange, ms), ratio }))
}

/**
 * What one share of a date has become since: Yahoo divides prices before a split by it, and multiplies volumes. Barkeep
 * keeps both as they were, so it undoes that, for which all splits up to today must be known.
 */
export function sharesSince(date: string, splits: readonly Split[]): number {
  return splits.reduce((shares, split) => (split.date > date ? shares * split.ratio : shares), 1)
}

/** Without the digits that float32 does not carry. */
export function roundPrice(price: number, decimals: number): number {
  return Number(Number(price.toPrecision(DIGITS)).toFixed(decimals))
}

/** Splits and dividends as they were on their days. */
export function adjustmentsOf(chart: Chart, instrument: string, exchange: Exchange): Adjustment[] {
  const splits = splitsOf(chart, exchange)
  const dividends = chart.dividends.map(({ ms, amount }): Adjustment => {
    const date = sessionDateOf(exchange, ms)
    const value = (amount * sharesSince(date, splits)) / chart.unitsPerCurrency
    return { instrument, date, kind: 'dividend', value: roundPrice(value, DIVIDEND_DECIMALS) }
  })
  return [
    ...splits.map(({ date, ratio }): Adjustment => ({ instrument, date, kind: 'split', value: ratio })),
    ...dividends,
  ]
}
