import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { type KeyedRows, keyedRows } from '../keyed-rows.js'
import { textOf } from '../read-json.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate, westernYear } from '../taiwan/dates.js'
import { readReport, readTables } from './answer.js'

/** One row of the dataset `tpex_valuations`. */
export type Valuation = {
  readonly date: string
  readonly instrument: string
  readonly name: string
  readonly pe: number | null
  readonly pb: number | null
  readonly dividend: number | null
  readonly dividend_year: number | null
  readonly dividend_yield_percent: number | null
}

/**
 * peQryDate: price to earnings, price to book, dividend and yield of one session date. A loss has no P/E and writes `N/A`.
 * Throws UPSTREAM_CHANGED where the page speaks of another date, UPSTREAM_REFUSED. Source: our notes on upstreams, 2.3.
 */
export function parsePe(body: unknown, date: string): KeyedRows<Valuation> | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  if (parseTaiwanDate(textOf(report.date)) !== date) {
    throw upstreamError('UPSTREAM_CHANGED', `peQryDate was asked for ${date}, but answers '${textOf(report.date)}'.`)
  }
  const [table] = readTables('peQryDate', report, ['股票代號', '本益比'])
  if (table === undefined) return 'no-data'
  const [symbol, name] = [table.column('股票代號'), table.column('公司名稱')]
  const figures = ['本益比', '股價淨值比', '每股股利', '股利年度', '殖利率(%)'].map((title) => table.column(title))

  const toldBy = (row: readonly unknown[]): Valuation | string => {
    const cells = figures.map((figure) => parseCell(figure(row)))
    if (cells.includes(undefined)) return 'unreadable number'
    const [pe = null, pb = null, dividend = null, year = null, dividendYield = null] = cells
    return {
      date,
      instrument: `TPEX:${symbol(row)}`,
      name: name(row),
      pe,
      pb,
      dividend,
      dividend_year: year === null ? null : westernYear(year),
      dividend_yield_percent: dividendYield,
    }
  }
  return keyedRows(table.rows.map((row) => ({ text: row.map(textOf).join(' '), told: toldBy(row) })))
}
