import { parse } from 'csv-parse/sync'
import { type FileFormat, type FormatColumn, formatColumns } from './format.js'

/** Trimmed texts of a line by their meaning; a column that the source lacks is absent. */
export type Fields = Partial<Record<FormatColumn, string>>

/** Reads a line into fields; a text instead says why it cannot. */
export type ReadFields = (line: string) => Fields | string

const columnsRequired: readonly FormatColumn[] = ['ts', 'open', 'high', 'low', 'close', 'volume']

/** Meaning → name in the source. A list of columns names each by its meaning. */
export function columnNames(format: FileFormat): ReadonlyMap<FormatColumn, string> {
  const { columns } = format
  const named = Array.isArray(columns) ? Object.fromEntries(columns.map((name) => [name, name])) : columns
  const names = new Map<FormatColumn, string>()
  for (const column of formatColumns) {
    const name: unknown = Reflect.get(named, column)
    if (typeof name === 'string') names.set(column, name)
  }
  return names
}

/** Reader of CSV lines. `header` is the file's first line, or undefined where the format says that it has none. */
export function csvFields(format: FileFormat, header: string | undefined): ReadFields {
  const delimiter = format.delimiter ?? ','
  const inOrder = Array.isArray(format.columns) ? format.columns.map(String) : []
  const present = (header === undefined ? inOrder : (splitCsv(header, delimiter) ?? [])).map(fold)
  const positions: [FormatColumn, number][] = []
  for (const [column, name] of columnNames(format)) {
    const position = present.indexOf(fold(name))
    if (position >= 0) positions.push([column, position])
  }
  const lacking = columnsRequired.find((column) => !positions.some(([known]) => known === column))
  return (line) => {
    if (line.trim() === '') return 'empty line'
    if (lacking !== undefined) return `missing column: ${lacking}`
    const values = splitCsv(line, delimiter)
    if (values === undefined) return 'unreadable quotes'
    // A delimiter after the last value is common; a value there means that columns have shifted.
    if (values.slice(present.length).some((value) => value.trim() !== '')) return 'more columns than declared'
    const fields: Fields = {}
    for (const [column, position] of positions) {
      const value = values[position]
      if (value === undefined) return `missing column: ${column}`
      fields[column] = value.trim()
    }
    return fields
  }
}

/** Reader of NDJSON lines, one object each. Null is an empty text. */
export function ndjsonFields(format: FileFormat): ReadFields {
  const names = columnNames(format)
  return (line) => {
    if (line.trim() === '') return 'empty line'
    const row = parseObject(line)
    if (row === undefined) return 'unreadable JSON'
    const fields: Fields = {}
    for (const [column, name] of names) {
      const value: unknown = Reflect.get(row, name)
      if (typeof value === 'string') fields[column] = value.trim()
      else if (typeof value === 'number') fields[column] = String(value)
      else if (value === null) fields[column] = ''
      else if (value !== undefined) return `unreadable value of ${column}`
    }
    const lacking = columnsRequired.find((column) => fields[column] === undefined)
    return lacking === undefined ? fields : `missing column: ${lacking}`
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

/** A line is a record: no source of bars breaks lines within quotes, and so each line can be accounted for. */
function splitCsv(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter)
  try {
    const records: unknown = parse(line, { delimiter, relax_column_count: true })
    const first: unknown = Array.isArray(records) ? records[0] : undefined
    return Array.isArray(first) ? first.map(String) : undefined
  } catch {
    return undefined
  }
}

function fold(name: string): string {
  return name.trim().toLowerCase()
}
