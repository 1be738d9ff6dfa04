import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { textOf } from '../read-json.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { readReport, readTables } from './answer.js'

/** One row of the dataset `tpex_rounded_days`. */
export type RoundedDay = {
  readonly date: string
  readonly instrument: string
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume_thousands: number
  readonly turnover_thousands: number
  readonly trades: number
}

export interface RoundedDays {
  readonly rows: readonly RoundedDay[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
}

/**
 * tradingStock: one stock, one month, a row a day. Volume is told in thousands of shares and turnover in thousands of TWD,
 * both rounded, so the rows are no bars. The column of the volume is called 成交張數 or 成交仟股.
 * Throws UPSTREAM_CHANGED where the page speaks of another stock or month, UPSTREAM_REFUSED. Source: our notes on upstreams, 2.2.
 */
export function parseTradingStock(body: unknown, symbol: string, month: string): RoundedDays | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  const [table] = readTables('tradingStock', report, ['日期', '收盤'])
  if (table === undefined) return 'no-data'
  if (textOf(report.code) !== symbol) {
    throw upstreamError(
      'UPSTREAM_CHANGED',
      `tradingStock was asked for ${symbol}, but answers '${textOf(report.code)}'.`,
    )
  }
  const dateText = table.column('日期')
  const prices = [table.column('開盤'), table.column('最高'), table.column('最低'), table.column('收盤')]
  const counts = [table.column('成交張數', '成交仟股'), table.column('成交仟元'), table.column('筆數')]

  const rows: RoundedDay[] = []
  const seen = new Set<string>()
  const refused: { row: string; reason: string }[] = []
  for (const row of table.rows) {
    const date = dateWithin(month, dateText(row))
    const [open, high, low, close] = prices.map((price) => parseCell(price(row)))
    const [volume, turnover, trades] = counts.map((count) => parseCell(count(row)))
    const refuse = (reason: string) => refused.push({ row: `${symbol} ${row.map(textOf).join(' ')}`, reason })
    if (seen.has(date)) refuse('date repeats')
    else if (open === undefined || high === undefined || low === undefined || close === undefined) {
      refuse('unreadable price')
    } else if (!isCount(volume) || !isCount(turnover) || !isCount(trades)) refuse('unreadable number')
    else {
      const instrument = `TPEX:${symbol}`
      const figures = { volume_thousands: volume, turnover_thousands: turnover, trades }
      rows.push({ date, instrument, open, high, low, close, ...figures })
    }
    seen.add(date)
  }
  return { rows, refused }
}

function isCount(value: number | null | undefined): value is number {
  return Number.isInteger(value)
}

function dateWithin(month: string, text: string): string {
  const date = parseTaiwanDate(text)
  if (date === undefined || !date.startsWith(month)) {
    throw upstreamError('UPSTREAM_CHANGED', `tradingStock was asked for ${month}, but a row says '${text}'.`)
  }
  return date
}
