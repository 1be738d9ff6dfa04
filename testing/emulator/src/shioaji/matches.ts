import type { ToldMinute } from '../market/minutes-so-far.js'
import { minutesSoFar } from '../market/minutes-so-far.js'
import { instantOf } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'

/** One match as the stream and the list of ticks tell it. */
export interface Match {
  readonly atMs: number
  readonly price: number
  readonly lots: number
  /** TWD. */
  readonly amount: number
  /** Of the day so far. */
  readonly totalLots: number
  /** In the call before the open, where nothing is matched in truth. */
  readonly isTrial: boolean
}

const SECONDS_BETWEEN = 14

/** The matches of a date until a time. Those of a minute have its prices, first to last, and its lots between them. */
export function matchesSoFar(truth: Truth, symbol: string, date: string, nowMs: number): Match[] {
  const matches: Match[] = []
  let totalLots = 0
  for (const told of minutesSoFar(truth, symbol, date, nowMs)) {
    const prices = pricesOf(told)
    for (const [index, price] of prices.entries()) {
      const isLast = index === prices.length - 1
      const lots = isLast ? told.lots - (prices.length - 1) : 1
      const amount = isLast ? told.minute.turnover - (prices.length - 1) : 1
      totalLots += lots
      const atMs = told.labelMs + (told.minute.minute === '13:29' ? 0 : index * SECONDS_BETWEEN * 1_000)
      matches.push({ atMs, price, lots, amount, totalLots, isTrial: false })
    }
  }
  const [first] = matches
  const trial = { atMs: instantOf(date, 8 * 60 + 59), lots: 1, amount: 0, totalLots: 0, isTrial: true }
  const all = first === undefined ? [] : [{ ...trial, price: first.price }, ...matches]
  return all.filter(({ atMs }) => atMs <= nowMs)
}

/** As few prices as tell the minute; where it has fewer lots than prices, only as many as it has. */
function pricesOf({ minute: { open, high, low, close }, lots }: ToldMinute): number[] {
  const told = [open, high, low, close].filter((price, index, all) => index === 0 || price !== all[index - 1])
  return told.length <= lots ? told : [...told.slice(0, Math.max(0, lots - 1)), close]
}
