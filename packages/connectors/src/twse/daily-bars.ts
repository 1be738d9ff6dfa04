import { type Handler, parseInstrument } from '@barkeep/core'
import { later, nextMonth } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { compactDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTwseJson } from './answer.js'
import { parseStockDay } from './parse-stock-day.js'

export type DailyBarsParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** `YYYY-MM`. */
  readonly month: string
}

/**
 * The daily bars of one stock in one month.
 * Prices in TWD, unadjusted; volume in shares with odd lots, after-hours and block trades; `ts` is the session open in UTC.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TWSE STOCK_DAY, our notes on upstreams, 1.1.
 */
export const dailyBars: Handler<DailyBarsParams> = async (task, context) => {
  const { instrument, month } = task.params
  const { symbol } = parseInstrument(instrument)
  const start = `${month}-01`
  const page = await context.fetch({
    url: `https://www.twse.com.tw/rwd/zh/afterTrading/STOCK_DAY?date=${compactDate(start)}&stockNo=${encodeURIComponent(symbol)}&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: '1d', start, end: `${nextMonth(month)}-01` }
  const rows = parseStockDay(readTwseJson(page), symbol, month)
  if (typeof rows === 'string') {
    return { task, data: { absence: rows, covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const { bars, refused } = readDailyRows(rows, trust.settledThrough)
  const lastRow = rows.map(({ date }) => date).reduce(later)
  const covers = spokenFor(coverage, lastRow, trust)
  return { task, data: { bars: [{ interval: '1d', bars }], covers, refused }, nextTasks: [] }
}
