import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOfDay } from '../taiwan/absence-of-day.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { slashedDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTpexJson } from './answer.js'
import { parseDailyQuotes } from './parse-daily-quotes.js'

export type MarketDayParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
  /** Warrants too: some seven times as many rows. The page has them in any case. */
  readonly warrants: boolean
}

/** Codes of warrants, of all 10,475 that TPEx has listed and of nothing else. */
const warrantCode = /^7\d{4}[0-9A-Z]$/

/**
 * All stocks, ETFs and the like of one session date.
 * Prices in TWD, unadjusted; volume in shares; `ts` is the session open in UTC.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TPEx dailyQuotes, our notes on upstreams, 2.1.
 */
export const marketDay: Handler<MarketDayParams> = async (task, context) => {
  const { date, warrants } = task.params
  const page = await context.fetch({
    url: `https://www.tpex.org.tw/www/zh-tw/afterTrading/dailyQuotes?date=${slashedDate(date)}&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: 'TPEX', of: '1d', start: date, end: addDays(date, 1) }
  const rows = parseDailyQuotes(readTpexJson(page), date)
  if (typeof rows === 'string') return { task, data: absenceOfDay(rows, coverage, trust), nextTasks: [] }
  const wanted = rows.filter(({ symbol }) => warrants || !warrantCode.test(symbol))
  const { bars, refused } = readDailyRows(wanted, trust.settledThrough)
  return {
    task,
    data: { bars: [{ interval: '1d', bars }], covers: spokenFor(coverage, date, trust), refused },
    nextTasks: [],
  }
}
