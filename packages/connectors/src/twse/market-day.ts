import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOfDay } from '../taiwan/absence-of-day.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { compactDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTwseJson } from './answer.js'
import { parseMiIndex } from './parse-mi-index.js'

export type MarketDayParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
  /** Warrants too: some ten times as many rows. */
  readonly warrants: boolean
}

/**
 * All stocks, ETFs and the like of one session date.
 * Prices in TWD, unadjusted; volume in shares; `ts` is the session open in UTC.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TWSE MI_INDEX, our notes on upstreams, 1.3.
 */
export const marketDay: Handler<MarketDayParams> = async (task, context) => {
  const { date, warrants } = task.params
  const page = await context.fetch({
    url: `https://www.twse.com.tw/rwd/zh/afterTrading/MI_INDEX?date=${compactDate(date)}&type=${warrants ? 'ALL' : 'ALLBUT0999'}&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: 'TWSE', of: '1d', start: date, end: addDays(date, 1) }
  const rows = parseMiIndex(readTwseJson(page), date)
  if (typeof rows === 'string') return { task, data: absenceOfDay(rows, coverage, trust), nextTasks: [] }
  const { bars, refused } = readDailyRows(rows, trust.settledThrough)
  return {
    task,
    data: { bars: [{ interval: '1d', bars }], covers: spokenFor(coverage, date, trust), refused },
    nextTasks: [],
  }
}
