import { type Handler, parseInstrument } from '@barkeep/core'
import { later, nextMonth } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { slashedDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTpexJson } from './answer.js'
import { parseTradingStock } from './parse-trading-stock.js'

export type StockMonthParams = {
  /** Such as `TPEX:6488`. */
  readonly instrument: string
  /** `YYYY-MM`. */
  readonly month: string
}

/** The dataset of what is told in thousands; exact shares are in the bars, which come from another page. */
export const roundedDays = 'tpex_rounded_days'

/**
 * The days of one stock in one month, rows of `tpex_rounded_days`: volume in thousands of shares, turnover in thousands of
 * TWD, without blocks. They are no bars, whose volume is exact.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TPEx tradingStock, our notes on upstreams, 2.2.
 */
export const stockMonth: Handler<StockMonthParams> = async (task, context) => {
  const { instrument, month } = task.params
  const { symbol } = parseInstrument(instrument)
  const start = `${month}-01`
  const page = await context.fetch({
    url: `https://www.tpex.org.tw/www/zh-tw/afterTrading/tradingStock?code=${encodeURIComponent(symbol)}&date=${slashedDate(start)}&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: roundedDays, start, end: `${nextMonth(month)}-01` }
  const told = parseTradingStock(readTpexJson(page), symbol, month)
  if (typeof told === 'string') {
    return { task, data: { absence: told, covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  // The figures of a day that is not over would stay as they are now.
  const rows = told.rows.filter(({ date }) => date <= trust.settledThrough)
  const lastRow = told.rows.map(({ date }) => date).reduce(later, start)
  const covers = spokenFor(coverage, lastRow, trust)
  return { task, data: { rows: [{ dataset: roundedDays, rows }], covers, refused: told.refused }, nextTasks: [] }
}
