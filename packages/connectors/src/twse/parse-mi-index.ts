import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { headerTable } from '../header-table.js'
import { isRecord, listOf, textOf, type UnknownRecord } from '../read-json.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { readReport } from './answer.js'
import { dailyColumns } from './daily-columns.js'

/** Where the tables of a day stand in the answer, by era; the first that is there counts. */
const eras: readonly {
  readonly is: (report: UnknownRecord) => boolean
  readonly tables: (report: UnknownRecord) => UnknownRecord[]
}[] = [
  {
    is: (report) => 'tables' in report,
    tables: (report) => listOf(report.tables, 'tables of MI_INDEX').filter(isRecord),
  },
  {
    // Before the site was rebuilt: fields1 with data1, fields2 with data2, and so on.
    is: (report) => Object.keys(report).some((key) => /^fields\d+$/.test(key)),
    tables: (report) =>
      Object.keys(report)
        .filter((key) => /^fields\d+$/.test(key))
        .map((key) => ({ fields: report[key], data: report[key.replace('fields', 'data')] })),
  },
]

/** The table of quotes is the one that has these columns; the others are indices and totals. */
const quoteColumns = ['證券代號', '收盤價'] as const

/**
 * MI_INDEX: the stocks of one session date. Its columns stand in another order than STOCK_DAY's, and the table of quotes
 * is one of ten, so both are found by their names.
 * Throws UPSTREAM_CHANGED where the page speaks of another date, UPSTREAM_REFUSED. Source: our notes on upstreams, 1.3.
 */
export function parseMiIndex(body: unknown, date: string): readonly DailyRow[] | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  if (parseTaiwanDate(textOf(report.date)) !== date) {
    throw upstreamError('UPSTREAM_CHANGED', `MI_INDEX was asked for ${date}, but answers '${textOf(report.date)}'.`)
  }
  const tables = eras.find((era) => era.is(report))?.tables(report)
  if (tables === undefined) throw upstreamError('UPSTREAM_CHANGED', 'MI_INDEX has neither tables nor fields1.')
  const quotes = tables.find(
    ({ fields }) => Array.isArray(fields) && quoteColumns.every((name) => fields.includes(name)),
  )
  if (quotes === undefined) {
    throw upstreamError('UPSTREAM_CHANGED', `MI_INDEX has no table with the columns ${quoteColumns.join(' and ')}.`)
  }
  const data = listOf(quotes.data, 'data of MI_INDEX')
  if (data.length === 0) return 'no-data'
  const table = headerTable('MI_INDEX', listOf(quotes.fields, 'fields of MI_INDEX'), data)
  const symbol = table.column('證券代號')
  const figures = dailyColumns(table)
  return table.rows.map((row) => ({
    exchange: 'TWSE',
    symbol: symbol(row),
    date,
    ...figures(row),
  }))
}
