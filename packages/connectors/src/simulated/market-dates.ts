import { builtInExchanges, type Exchange, sessionDateOf, sessionOf } from '@barkeep/core'
import { earlier, later } from '../date-steps.js'
import { simulatedSessionDates } from './session-dates.js'

/** The first date of the market, that of the demonstration: prices depend on it, so that it never moves. */
export const firstDate = '2024-11-20'
/** The typhoon of a shorter stretch is not yet where it stays. */
const LAST_DATE_MIN = '2025-10-01'
const MS_PER_DAY = 86_400_000
const DAYS_PER_YEAR = 365.25

/** The exchange SIM. */
export function simulatedExchange(): Exchange {
  const exchange = builtInExchanges.find(({ code }) => code === 'SIM')
  if (exchange === undefined) throw new RangeError('The exchange SIM is not built in.')
  return exchange
}

/** The date that its calendar shows. */
export function simulatedDate(nowMs: number): string {
  return sessionDateOf(simulatedExchange(), nowMs)
}

/** The sessions of the market that have closed by now, `YYYY-MM-DD`, ascending. Later ones change nothing before them. */
export function closedSessionDates(nowMs: number): string[] {
  const exchange = simulatedExchange()
  const today = simulatedDate(nowMs)
  const until = later(today, LAST_DATE_MIN)
  const days = (Date.parse(until) - Date.parse(firstDate)) / MS_PER_DAY + 1
  return simulatedSessionDates({ until, years: days / DAYS_PER_YEAR }).filter(
    (date) => date === earlier(date, today) && sessionOf(exchange, date).closeMs <= nowMs,
  )
}
