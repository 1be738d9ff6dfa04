import { columnNames, columnsRequired } from './columns.js'
import type { FileFormat, FormatColumn } from './format.js'

/** A trimmed text, a number where the source has one as such, undefined for a column that the source lacks. */
export type FieldValue = string | number | undefined

/** The values of a row by their meaning. Every column is there, so that all rows have one shape, which is fast. */
export type Fields = Readonly<Record<FormatColumn, FieldValue>>

/** Reads a line into fields; a text instead says why it cannot. */
export type ReadFields = (line: string) => Fields | string

/** Reader of NDJSON lines, one object each. Null is an empty text. */
export function ndjsonFields(format: FileFormat): ReadFields {
  const names = columnNames(format)
  return (line) => {
    if (line.trim() === '') return 'empty line'
    const row = parseObject(line)
    if (row === undefined) return 'unreadable JSON'
    let unreadable: FormatColumn | undefined
    const fields = byColumn((column) => {
      const [[name] = []] = names.get(column) ?? []
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
