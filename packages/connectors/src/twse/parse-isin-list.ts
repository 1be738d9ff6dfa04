import { setImmediate } from 'node:timers/promises'
import { type Instrument, instrumentPattern, upstreamError } from '@barkeep/core'
import { htmlRows } from '../html-rows.js'
import { excerptOf } from '../refusal-of.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { kindOfCfi } from '../taiwan/instrument-kind.js'

/** Meaning → the header of its column; blanks within do not count. */
const headers = {
  codeAndName: '有價證券代號及名稱',
  isin: '國際證券辨識號碼(ISINCode)',
  listed: '上市日',
  cfi: 'CFICode',
} as const

const instrumentShape = new RegExp(instrumentPattern)

export interface IsinList {
  readonly instruments: readonly Instrument[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
}

/**
 * The list of all securities that an exchange has now: code, name, ISIN, listing date and CFI code. It has several
 * megabytes because of its warrants, so it is read piece by piece: no tree of the whole page is made, and between two
 * pieces the process gets to do something else.
 * Throws UPSTREAM_FAILED without a table, as in maintenance, UPSTREAM_CHANGED when a column is missing. Source: our notes on upstreams, 1.8.
 */
export async function parseIsinList(html: string, exchange: string): Promise<IsinList> {
  const instruments: Instrument[] = []
  const refused: { row: string; reason: string }[] = []
  const seen = new Set<string>()
  let columns: Record<keyof typeof headers, number> | undefined
  for (const rows of htmlRows(html)) {
    for (const row of rows) {
      const cells = row.map(({ text }) => text)
      if (columns === undefined) columns = columnsOf(cells)
      // A section has a row of its own, with its title in one wide cell.
      else if (cells.length > 1) {
        const told = instrumentOf(cells, columns, exchange)
        if (typeof told === 'string') refused.push({ row: cells.join(' '), reason: told })
        else if (seen.has(told.symbol)) refused.push({ row: cells.join(' '), reason: 'code repeats' })
        else instruments.push(told)
        if (typeof told !== 'string') seen.add(told.symbol)
      }
    }
    await setImmediate()
  }
  if (columns === undefined) {
    throw upstreamError('UPSTREAM_FAILED', `The ISIN list has no table: ${excerptOf(html)}`)
  }
  return { instruments, refused }
}

function columnsOf(cells: readonly string[]): Record<keyof typeof headers, number> {
  const names = cells.map((cell) => cell.replaceAll(/\s/g, ''))
  const position = (meaning: keyof typeof headers): number => {
    const found = names.indexOf(headers[meaning])
    if (found < 0) {
      throw upstreamError(
        'UPSTREAM_CHANGED',
        `The ISIN list: the column '${headers[meaning]}' is missing among ${names.join(', ')}.`,
      )
    }
    return found
  }
  return {
    codeAndName: position('codeAndName'),
    isin: position('isin'),
    listed: position('listed'),
    cfi: position('cfi'),
  }
}

/** An instrument, or a text that says why the row is none. */
function instrumentOf(
  cells: readonly string[],
  columns: Record<keyof typeof headers, number>,
  exchange: string,
): Instrument | string {
  // Code and name share a cell, with an ideographic space between them.
  const [symbol = '', ...words] = (cells[columns.codeAndName] ?? '').split(/[\u3000\s]+/)
  const name = words.join(' ')
  const instrument = `${exchange}:${symbol}`
  if (!instrumentShape.test(instrument)) return 'unreadable code'
  if (name === '') return 'the name is missing'
  const isin = cells[columns.isin] ?? ''
  const listed = cells[columns.listed] ?? ''
  const listedDate = parseTaiwanDate(listed)
  if (listed !== '' && listedDate === undefined) return 'unreadable listing date'
  return {
    instrument,
    exchange,
    symbol,
    name,
    kind: kindOfCfi(cells[columns.cfi] ?? ''),
    isin: /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(isin) ? isin : null,
    listed: listedDate ?? null,
    delisted: null,
  }
}
