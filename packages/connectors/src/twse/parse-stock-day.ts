import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { headerTable } from '../header-table.js'
import { listOf, textOf } from '../read-json.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { readReport } from './answer.js'
import { dailyColumns } from './daily-columns.js'

/**
 * STOCK_DAY: one stock, one month, a row a day. A tenth column `註記` came about 2025-12, so columns go by name.
 * Throws UPSTREAM_CHANGED where the page speaks of another stock or month, UPSTREAM_REFUSED. Source: our notes on upstreams, 1.1.
 */
export function parseStockDay(body: unknown, symbol: string, month: string): readonly DailyRow[] | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  const title = textOf(report.title)
  if (title !== '' && !title.split(/\s+/).includes(symbol)) {
    throw upstreamError('UPSTREAM_CHANGED', `STOCK_DAY was asked for ${symbol}, but its title is '${title}'.`)
  }
  const data = listOf(report.data, 'data of STOCK_DAY')
  if (data.length === 0) return 'no-data'
  const table = headerTable('STOCK_DAY', listOf(report.fields, 'fields of STOCK_DAY'), data)
  const date = table.column('日期')
  const figures = dailyColumns(table)
  return table.rows.map((row) => ({
    exchange: 'TWSE',
    symbol,
    date: dateWithin(month, date(row)),
    ...figures(row),
  }))
}

function dateWithin(month: string, text: string): string {
  const date = parseTaiwanDate(text)
  if (date === undefined || !date.startsWith(month)) {
    throw upstreamError('UPSTREAM_CHANGED', `STOCK_DAY was asked for ${month}, but a row says '${text}'.`)
  }
  return date
}
