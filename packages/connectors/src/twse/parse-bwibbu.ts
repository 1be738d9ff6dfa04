import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { headerTable } from '../header-table.js'
import { type KeyedRows, keyedRows } from '../keyed-rows.js'
import { listOf, textOf } from '../read-json.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate, westernYear } from '../taiwan/dates.js'
import { readReport } from './answer.js'

/** One row of the dataset `twse_valuations`. */
export type Valuation = {
  readonly date: string
  readonly instrument: string
  readonly name: string
  readonly close: number | null
  readonly dividend_yield_percent: number | null
  readonly dividend_year: number | null
  readonly pe: number | null
  readonly pb: number | null
  readonly fiscal_quarter: string | null
}

/**
 * BWIBBU_d: yield, price to earnings and price to book of one session date. A loss has no P/E and writes `-`.
 * The closing price came about 2026, the years of dividend and report are not in all eras: these columns may be absent.
 * Throws UPSTREAM_CHANGED where the page speaks of another date, UPSTREAM_REFUSED. Source: our notes on upstreams, 1.4.
 */
export function parseBwibbu(body: unknown, date: string): KeyedRows<Valuation> | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  if (parseTaiwanDate(textOf(report.date)) !== date) {
    throw upstreamError('UPSTREAM_CHANGED', `BWIBBU_d was asked for ${date}, but answers '${textOf(report.date)}'.`)
  }
  const data = listOf(report.data, 'data of BWIBBU_d')
  if (data.length === 0) return 'no-data'
  const table = headerTable('BWIBBU_d', listOf(report.fields, 'fields of BWIBBU_d'), data)
  const [symbol, name] = [table.column('證券代號'), table.column('證券名稱')]
  const [dividendYield, pe, pb] = [table.column('殖利率(%)'), table.column('本益比'), table.column('股價淨值比')]
  const close = table.optionalColumn('收盤價')
  const [dividendYear, quarter] = [table.optionalColumn('股利年度'), table.optionalColumn('財報年/季')]

  const toldBy = (row: readonly unknown[]): Valuation | string => {
    const texts = [close?.(row) ?? '', dividendYield(row), pe(row), pb(row), dividendYear?.(row) ?? '']
    const cells = texts.map(parseCell)
    if (cells.includes(undefined)) return 'unreadable number'
    const [closePrice = null, yieldPercent = null, earnings = null, book = null, year = null] = cells
    return {
      date,
      instrument: `TWSE:${symbol(row)}`,
      name: name(row),
      close: closePrice,
      dividend_yield_percent: yieldPercent,
      dividend_year: year === null ? null : westernYear(year),
      pe: earnings,
      pb: book,
      fiscal_quarter: quarterOf(quarter?.(row) ?? ''),
    }
  }
  return keyedRows(table.rows.map((row) => ({ text: row.map(textOf).join(' '), told: toldBy(row) })))
}

/** `111/3` as `2022Q3`. */
function quarterOf(text: string): string | null {
  const match = /^(\d{2,3})\/([1-4])$/.exec(text)
  return match === null ? null : `${westernYear(Number(match[1]))}Q${match[2]}`
}
