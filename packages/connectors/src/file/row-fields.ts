import { type FileFormat, type FormatColumn, formatColumns } from './format.js'
import { type CsvValues, createCsvSplitter } from './split-csv.js'

/** A trimmed text, a number where the source has one as such, undefined for a column that the source lacks. */
export type FieldValue = string | number | undefined

/** The values of a row by their meaning. Every column is there, so that all rows have one shape, which is fast. */
export type Fields = Readonly<Record<FormatColumn, FieldValue>>

/** Reads a line into fields; a text instead says why it cannot. */
export type ReadFields = (line: string) => Fields | string

/** Columns without which no row is a bar. */
export const columnsRequired: readonly FormatColumn[] = ['ts', 'open', 'high', 'low', 'close', 'volume']

/** Meaning → name in the source. A list of columns names each by its meaning. */
export function columnNames({ columns }: Pick<FileFormat, 'columns'>): ReadonlyMap<FormatColumn, string> {
  const named = Array.isArray(columns) ? Object.fromEntries(columns.map((name) => [name, name])) : columns
  const names = new Map<FormatColumn, string>()
  for (const column of formatColumns) {
    const name: unknown = Reflect.get(named, column)
    if (typeof name === 'string') names.set(column, name)
  }
  return names
}

/** Where each column of the format stands among `present`; -1 for one that is not there. */
export interface ColumnPositions {
  readonly at: Readonly<Record<FormatColumn, number>>
  /** Why no row can be read, where that is so. */
  readonly fault: string | undefined
}

export function locateColumns(format: FileFormat, present: readonly string[]): ColumnPositions {
  const folded = present.map(fold)
  const names = columnNames(format)
  const at = byColumn((column) => {
    const name = names.get(column)
    return name === undefined ? -1 : folded.indexOf(fold(name))
  })
  const lacking = columnsRequired.find((column) => at[column] === -1)
  if (lacking !== undefined) return { at, fault: `missing column: ${lacking}` }
  // Of two columns of one name, either could be meant.
  const twice = formatColumns.find(
    (column) => at[column] !== -1 && folded.indexOf(folded[at[column]] ?? '', at[column] + 1) !== -1,
  )
  return { at, fault: twice === undefined ? undefined : `column twice: ${twice}` }
}

/** Reader of CSV lines. `header` is the file's first line, or undefined where the format says that it has none. */
export function csvFields(format: FileFormat, header: string | undefined): ReadFields {
  const split = createCsvSplitter(format.delimiter ?? ',')
  const inOrder = Array.isArray(format.columns) ? format.columns.map(String) : []
  const present = header === undefined ? inOrder : textsOf(split(header))
  const { at, fault } = locateColumns(format, present)
  const last = Math.max(...Object.values(at))
  return (line) => {
    if (line.trim() === '') return 'empty line'
    if (fault !== undefined) return fault
    const values = split(line)
    if (values === undefined) return 'unreadable quotes'
    const count = values.count()
    if (count <= last) return `missing column: ${formatColumns.find((column) => at[column] >= count)}`
    // A delimiter after the last value is common; a value there means that columns have shifted.
    for (let extra = present.length; extra < count; extra++) {
      if (values.textAt(extra) !== '') return 'more columns than declared'
    }
    return {
      instrument: values.textAt(at.instrument),
      symbol: values.textAt(at.symbol),
      ts: values.textAt(at.ts),
      time: values.textAt(at.time),
      open: values.at(at.open),
      high: values.at(at.high),
      low: values.at(at.low),
      close: values.at(at.close),
      volume: values.at(at.volume),
      turnover: values.at(at.turnover),
      trades: values.at(at.trades),
    }
  }
}

function textsOf(values: CsvValues | undefined): string[] {
  return Array.from({ length: values?.count() ?? 0 }, (_, position) => values?.textAt(position) ?? '')
}

/** Reader of NDJSON lines, one object each. Null is an empty text. */
export function ndjsonFields(format: FileFormat): ReadFields {
  const names = columnNames(format)
  return (line) => {
    if (line.trim() === '') return 'empty line'
    const row = parseObject(line)
    if (row === undefined) return 'unreadable JSON'
    let unreadable: FormatColumn | undefined
    const fields = byColumn((column) => {
      const name = names.get(column)
      const value: unknown = name === undefined ? undefined : Reflect.get(row, name)
      if (typeof value === 'string') return value.trim()
      if (typeof value === 'number' || value === undefined) return value
      if (value !== null) unreadable ??= column
      return ''
    })
    if (unreadable !== undefined) return `unreadable value of ${unreadable}`
    const lacking = columnsRequired.find((column) => fields[column] === undefined)
    return lacking === undefined ? fields : `missing column: ${lacking}`
  }
}

/** One literal, because the engine then knows the shape of all rows before the first. */
export function byColumn<Value>(read: (column: FormatColumn) => Value): Record<FormatColumn, Value> {
  return {
    instrument: read('instrument'),
    symbol: read('symbol'),
    ts: read('ts'),
    time: read('time'),
    open: read('open'),
    high: read('high'),
    low: read('low'),
    close: read('close'),
    volume: read('volume'),
    turnover: read('turnover'),
    trades: read('trades'),
  }
}

function parseObject(line: string): object | undefined {
  try {
    const row: unknown = JSON.parse(line)
    return typeof row === 'object' && row !== null ? row : undefined
  } catch {
    return undefined
  }
}

function fold(name: string): string {
  return name.trim().toLowerCase()
}
