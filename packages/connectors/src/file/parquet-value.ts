import type { ParquetParsers, SchemaElement } from 'hyparquet'
import type { FormatColumn } from './format.js'
import type { FieldValue } from './row-fields.js'

const MS_PER_DAY = 86_400_000
/** Digits that a float32 surely holds; the rest of a widened one is noise. */
const FLOAT32_DIGITS = 7
const prices: readonly FormatColumn[] = ['open', 'high', 'low', 'close']

/** Stamps as milliseconds: an object for each of millions would weigh more than all numbers of its row. */
export const stampParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (micros) => Number(micros / 1_000n),
  timestampFromNanoseconds: (nanos) => Number(nanos / 1_000_000n),
  dateFromDays: (days) => days * MS_PER_DAY,
}

/**
 * Reader of the values of one column, to what a text would say: a date `2026-11-20`, an instant `…T01:00:00.000Z`,
 * a time without a zone `…T09:00:00.000`, a number; absent is an empty text, as is NaN, by which floats mean absence.
 */
export function createParquetValueReader(column: FormatColumn, element: SchemaElement): (value: unknown) => FieldValue {
  const stampText = stampTextOf(element)
  const rounds = element.type === 'FLOAT' && prices.includes(column)
  return (value) => {
    if (typeof value === 'number') {
      if (Number.isNaN(value)) return ''
      if (stampText !== undefined) return stampText(value)
      return rounds ? Number(value.toPrecision(FLOAT32_DIGITS)) : value
    }
    if (typeof value === 'string') return value.trim()
    if (typeof value === 'bigint') return Number(value)
    // What is none of these is shown as what it is, and refused as no number, date or name.
    return value === null || value === undefined ? '' : `(${typeof value})`
  }
}

/** How stamps of the column are written; undefined when it has none. */
function stampTextOf({ type, logical_type: logical, converted_type: converted }: SchemaElement) {
  if (converted === 'DATE' || logical?.type === 'DATE') return (ms: number) => isoText(ms).slice(0, 10)
  if (logical?.type === 'TIMESTAMP' && logical.isAdjustedToUTC) return isoText
  if (logical?.type === 'TIMESTAMP' || type === 'INT96') return (ms: number) => isoText(ms).slice(0, -1)
  // The older annotations always meant UTC; the oldest, INT96, never said.
  return converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS' ? isoText : undefined
}

function isoText(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? '(no date)' : date.toISOString()
}
