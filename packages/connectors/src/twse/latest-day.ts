import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTwseJson } from './answer.js'
import { parseStockDayAll } from './parse-stock-day-all.js'

export type LatestDayParams = {
  /** The date in Taipei on which it is asked, so that tomorrow's question is another page. The answer says its own day. */
  readonly asked: string
}

/**
 * All stocks of the latest day that the exchange has published.
 * Prices in TWD, unadjusted; volume in shares; `ts` is the session open in UTC.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED. Source: TWSE open data STOCK_DAY_ALL, our notes on upstreams, 1.2.
 */
export const latestDay: Handler<LatestDayParams> = async (task, context) => {
  const page = await context.fetch({ url: 'https://openapi.twse.com.tw/v1/exchangeReport/STOCK_DAY_ALL' })
  const { date, rows } = parseStockDayAll(readTwseJson(page))
  const trust = trustAt(context.now())
  const { bars, refused } = readDailyRows(rows, trust.settledThrough)
  const covers = spokenFor({ scope: 'TWSE', of: '1d', start: date, end: addDays(date, 1) }, date, trust)
  return { task, data: { bars: [{ interval: '1d', bars }], covers, refused }, nextTasks: [] }
}
