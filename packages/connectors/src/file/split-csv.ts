import { readDecimal } from './parse-number.js'
import type { FieldValue } from './row-fields.js'

/** The values of one line. */
export interface CsvValues {
  count(): number
  /** Trimmed; plain decimals as numbers. Undefined beyond the last value, and for a position of -1. */
  at(position: number): FieldValue
  /** As above, but always the text. */
  textAt(position: number): string | undefined
}

/**
 * Cuts lines into values; undefined where quotes do not match. A line is a record: no source of bars breaks lines within
 * quotes, and so each line can be accounted for. What is returned holds until the next line is cut.
 *
 * Almost no line of bars has quotes, and most of its values are numbers: those are read where they stand in the line,
 * without a string for each.
 */
export function createCsvSplitter(delimiter: string): (line: string) => CsvValues | undefined {
  const delimiterCode = delimiter.charCodeAt(0)
  const starts: number[] = []
  let count = 0
  let text = ''
  const textAt = (position: number) =>
    position < 0 || position >= count ? undefined : text.slice(starts[position], (starts[position + 1] ?? 0) - 1).trim()
  const plain: CsvValues = {
    count: () => count,
    textAt,
    at: (position) =>
      position < 0 || position >= count
        ? undefined
        : (readDecimal(text, starts[position] ?? 0, (starts[position + 1] ?? 0) - 1) ?? textAt(position)),
  }
  return (line) => {
    if (line.includes('"')) return quotedValues(splitQuoted(line, delimiter))
    text = line
    count = 1
    starts[0] = 0
    for (let at = 0; at < line.length; at++) {
      if (line.charCodeAt(at) === delimiterCode) starts[count++] = at + 1
    }
    starts[count] = line.length + 1
    return plain
  }
}

function quotedValues(values: readonly string[] | undefined): CsvValues | undefined {
  if (values === undefined) return undefined
  const textAt = (position: number) => values[position]?.trim()
  return { count: () => values.length, at: textAt, textAt }
}

/** The values of a line with quotes, as RFC 4180 has it: `"1,234"`, `"a ""b"""`. */
function splitQuoted(line: string, delimiter: string): string[] | undefined {
  const values: string[] = []
  let at = 0
  while (true) {
    if (line[at] === '"') {
      const end = closingQuote(line, at + 1)
      if (end === undefined) return undefined
      values.push(line.slice(at + 1, end).replaceAll('""', '"'))
      at = end + 1
      if (at === line.length) return values
      if (line[at] !== delimiter) return undefined
    } else {
      const next = line.indexOf(delimiter, at)
      const value = line.slice(at, next === -1 ? line.length : next)
      if (value.includes('"')) return undefined
      values.push(value)
      if (next === -1) return values
      at = next
    }
    at += 1
  }
}

/** Where the quote is that ends a value; doubled ones belong to the value. */
function closingQuote(line: string, from: number): number | undefined {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at
  }
  return undefined
}
