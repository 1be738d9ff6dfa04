import { setImmediate } from 'node:timers/promises'
import { type AbsenceReason, instrumentPattern, upstreamError } from '@barkeep/core'
import { headerTable } from '../header-table.js'
import { type HtmlCell, htmlRows } from '../html-rows.js'
import { type KeyedRows, keyedRows, type ToldRow } from '../keyed-rows.js'
import { textOf } from '../read-json.js'
import { excerptOf } from '../refusal-of.js'
import { parseCell } from '../taiwan/cells.js'
import { westernYear } from '../taiwan/dates.js'

/** One row of the dataset `mops_monthly_revenue`. */
export type MonthlyRevenue = {
  readonly month: string
  readonly instrument: string
  readonly name: string
  readonly industry: string
  readonly is_foreign: boolean
  readonly revenue_thousands: number
  readonly month_before_thousands: number | null
  readonly year_before_thousands: number | null
  readonly change_on_month_percent: number | null
  readonly change_on_year_percent: number | null
  readonly year_to_date_thousands: number | null
  readonly year_before_to_date_thousands: number | null
  readonly change_to_date_percent: number | null
  readonly note: string | null
}

/** What a page is asked for. */
export interface RevenueQuestion {
  readonly exchange: 'TWSE' | 'TPEX'
  /** `YYYY-MM`. */
  readonly month: string
  readonly isForeign: boolean
}

/** The companies of one industry, under a header of their own. */
interface Section {
  readonly industry: string
  /** Rows of the header so far: the first has cells that span both. */
  readonly header: HtmlCell[][]
  readonly rows: string[][]
}

/** How the title names the companies of an exchange. */
const companiesOf = { TWSE: '上市', TPEX: '上櫃' } as const satisfies Record<RevenueQuestion['exchange'], string>
const instrumentShape = new RegExp(instrumentPattern)

/**
 * Revenue of one month, company by company in tables by industry; sums are passed over. Figures are thousands of TWD.
 * Throws UPSTREAM_FAILED for a page that breaks off or has no title, UPSTREAM_CHANGED for another exchange, month, unit or
 * header. Source: MOPS t21sc03, our notes on upstreams, 9.
 */
export async function parseRevenue(
  html: string,
  question: RevenueQuestion,
): Promise<KeyedRows<MonthlyRevenue> | AbsenceReason> {
  checkTitle(html, question)
  if (/<h3\b[^>]*>\s*查無資料/i.test(html)) return 'no-data'
  const sections: Section[] = []
  for (const rows of htmlRows(html)) {
    for (const cells of rows) readRow(cells, sections)
    await setImmediate()
  }
  const { rows, refused } = keyedRows(sections.flatMap((section) => companiesIn(section, question)))
  if (rows.length === 0) {
    const [first] = refused
    const why = first === undefined ? 'has no company' : `has no row that can be read: ${first.reason}`
    throw upstreamError('UPSTREAM_CHANGED', `The revenue of ${question.month} ${why}.`)
  }
  return { rows, refused }
}

function checkTitle(html: string, { exchange, month }: RevenueQuestion): void {
  const [title, companies, year = '', number = ''] = /(上市|上櫃)公司(\d{2,3})年(\d{1,2})月份/.exec(html) ?? []
  if (title === undefined || !/<\/html>\s*$/i.test(html)) {
    throw upstreamError('UPSTREAM_FAILED', `MOPS answers no whole page of revenue: ${excerptOf(html)}`)
  }
  const told = `${westernYear(Number(year))}-${number.padStart(2, '0')}`
  if (companies !== companiesOf[exchange] || told !== month) {
    throw upstreamError('UPSTREAM_CHANGED', `MOPS was asked for ${exchange} in ${month}, but its title is '${title}'.`)
  }
}

/** Rows of one cell hold other tables; those that begin with a header cell and go on with figures are sums. */
function readRow(cells: readonly HtmlCell[], sections: Section[]): void {
  const [first] = cells
  if (first === undefined || cells.length === 1) return
  const industry = /^產業別[：:](.*)$/s.exec(first.text)?.[1]
  if (industry !== undefined) {
    const unit = cells.map(({ text }) => text).find((text) => text.startsWith('單位'))
    if (unit === undefined || !/^單位[：:]千元$/.test(unit)) {
      throw upstreamError('UPSTREAM_CHANGED', `The revenue of ${industry} is not told in thousands, but '${unit}'.`)
    }
    sections.push({ industry: industry.trim(), header: [], rows: [] })
    return
  }
  const section = sections.at(-1)
  if (section === undefined) return
  // The sums of all industries have a header of their own, which comes after rows and ends nothing.
  if (cells.every(({ isHeader }) => isHeader)) {
    if (section.rows.length === 0) section.header.push([...cells])
  } else if (!first.isHeader) section.rows.push(cells.map(({ text }) => text))
}

function companiesIn(
  { industry, header, rows }: Section,
  { exchange, month, isForeign }: RevenueQuestion,
): ToldRow<MonthlyRevenue>[] {
  if (rows.length === 0) return []
  const table = headerTable(`The revenue of ${industry}`, namesUnder(header), rows)
  const [symbol, name, note] = [table.column('公司代號'), table.column('公司名稱'), table.column('備註')]
  const amounts = ['當月營收', '上月營收', '去年當月營收', '當月累計營收', '去年累計營收'].map((title) =>
    table.column(title),
  )
  const changes = ['上月比較增減(%)', '去年同月增減(%)', '前期比較增減(%)'].map((title) => table.column(title))
  const toldBy = (row: readonly unknown[]): MonthlyRevenue | string => {
    const instrument = `${exchange}:${symbol(row)}`
    if (!instrumentShape.test(instrument)) return 'unreadable code'
    const figures = [
      ...amounts.map((amount) => wholeOf(amount(row))),
      ...changes.map((change) => parseCell(change(row))),
    ]
    if (figures.includes(undefined)) return 'unreadable number'
    const [revenue = null, before = null, yearBefore = null, toDate = null, yearBeforeToDate = null, ...percents] =
      figures
    const [onMonth = null, onYear = null, onDate = null] = percents
    if (revenue === null) return 'the revenue is missing'
    return {
      month: `${month}-01`,
      instrument,
      name: name(row),
      industry,
      is_foreign: isForeign,
      revenue_thousands: revenue,
      month_before_thousands: before,
      year_before_thousands: yearBefore,
      change_on_month_percent: onMonth,
      change_on_year_percent: onYear,
      year_to_date_thousands: toDate,
      year_before_to_date_thousands: yearBeforeToDate,
      change_to_date_percent: onDate,
      note: noteOf(note(row)),
    }
  }
  return table.rows.map((row) => ({ text: row.map(textOf).join(' '), told: toldBy(row) }))
}

/** Names of the columns under a header of two rows: a cell that spans both names a column itself. */
function namesUnder(header: readonly HtmlCell[][]): string[] {
  const [top = [], bottom = []] = header
  const below = bottom.map(({ text }) => text)
  const names = top.flatMap(({ text, rows, columns }) => (rows > 1 ? [text] : below.splice(0, columns)))
  return [...names, ...below]
}

function wholeOf(text: string): number | null | undefined {
  const value = parseCell(text)
  return value === null || Number.isInteger(value) ? value : undefined
}

function noteOf(text: string): string | null {
  return text === '' || text === '-' ? null : text
}
