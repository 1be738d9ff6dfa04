import { isHeader, locateColumns } from './columns.js'
import { type FileFormat, formatColumns } from './format.js'
import { parseNumber } from './parse-number.js'
import type { FieldValue, ReadFields } from './row-fields.js'
import { type CsvValues, createCsvSplitter } from './split-csv.js'

/** How the lines of one CSV are read, as far as its first line decides that. */
export interface CsvReading {
  readonly readFields: ReadFields
  /** Whether the first line is a row like the others. */
  readonly isFirstRow: boolean
}

export function csvReading(format: FileFormat, firstLine: string): CsvReading {
  const split = createCsvSplitter(delimiterOf(format, firstLine))
  const first = textsOf(split(firstLine))
  const inOrder = format.order ?? (Array.isArray(format.columns) ? format.columns.map(String) : [])
  const isFirstRow = format.header === false || (format.order !== undefined && !isHeader(format, first))
  // A list in order has the meanings, whatever the names of a header would be.
  const present = isFirstRow ? inOrder : first
  const located = locateColumns(isFirstRow ? { columns: inOrder } : format, present)
  return { readFields: createReader(split, present, located), isFirstRow }
}

/** The one that the first line has most often, outside of quotes or not: names and stamps have none of them. */
function delimiterOf({ delimiter = ',' }: FileFormat, line: string): string {
  if (typeof delimiter === 'string') return delimiter
  const count = (one: string) => line.split(one).length
  return delimiter.reduce((best, one) => (count(one) > count(best) ? one : best))
}

function createReader(
  split: ReturnType<typeof createCsvSplitter>,
  present: readonly string[],
  { at, addends, fault }: ReturnType<typeof locateColumns>,
): ReadFields {
  const last = Math.max(...Object.values(at), ...addends)
  const volumeOf = addends.length === 0 ? (values: CsvValues) => values.at(at.volume) : sumOf([at.volume, ...addends])
  return (line) => {
    if (line.trim() === '') return 'empty line'
    if (fault !== undefined) return fault
    const values = split(line)
    if (values === undefined) return 'unreadable quotes'
    const count = values.count()
    if (count <= last) return `missing column: ${formatColumns.find((column) => at[column] >= count) ?? 'volume'}`
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
      volume: volumeOf(values),
      turnover: values.at(at.turnover),
      trades: values.at(at.trades),
    }
  }
}

/** A part that is no number makes the sum none, so that the row is refused for it. */
function sumOf(positions: readonly number[]): (values: CsvValues) => FieldValue {
  return (values) => {
    let sum = 0
    for (const position of positions) {
      const part = values.at(position)
      const number = typeof part === 'number' ? part : parseNumber(part ?? '')
      if (number === undefined) return positions.map((each) => values.textAt(each)).join('+')
      sum += number
    }
    return sum
  }
}

function textsOf(values: CsvValues | undefined): string[] {
  return Array.from({ length: values?.count() ?? 0 }, (_, position) => values?.textAt(position) ?? '')
}
