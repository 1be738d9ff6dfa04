import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { textOf } from '../read-json.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { readReport, readTables } from './answer.js'

/**
 * dailyQuotes: the securities of one session date, warrants included. They stand in two tables, of which the second has
 * the stocks under supervision. The close comes before the open; volume is taken from the column that counts shares only.
 * Throws UPSTREAM_CHANGED where the page speaks of another date, UPSTREAM_REFUSED. Source: our notes on upstreams, 2.1.
 */
export function parseDailyQuotes(body: unknown, date: string): readonly DailyRow[] | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  if (parseTaiwanDate(textOf(report.date)) !== date) {
    throw upstreamError('UPSTREAM_CHANGED', `dailyQuotes was asked for ${date}, but answers '${textOf(report.date)}'.`)
  }
  const rows = readTables('dailyQuotes', report, ['代號', '收盤']).flatMap((table): DailyRow[] => {
    const symbol = table.column('代號')
    const [open, high, low] = [table.column('開盤'), table.column('最高'), table.column('最低')]
    const close = table.column('收盤')
    const [volume, turnover, trades] = [
      table.column('成交股數'),
      table.column('成交金額(元)'),
      table.column('成交筆數'),
    ]
    return table.rows.map((row) => ({
      exchange: 'TPEX',
      symbol: symbol(row),
      date,
      open: open(row),
      high: high(row),
      low: low(row),
      close: close(row),
      volume: volume(row),
      turnover: turnover(row),
      trades: trades(row),
    }))
  })
  return rows.length === 0 ? 'no-data' : rows
}
