import { BarkeepError, nearestName, shorten } from '@barkeep/core'
import { columnNames, columnsRequired } from './columns.js'
import type { FileFormat } from './format.js'
import { formatFields, isFormatField } from './format-fields.js'
import { unknownPlaceholder } from './locate.js'

/**
 * A declaration as a format. `where` tells in errors where it stands: `barkeep.config.json: formats.my-broker`.
 * Throws INVALID_SETTING when it is none or contradicts itself, before any line is refused because of it.
 */
export function checkFormat(declared: unknown, where: string): FileFormat {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) {
    throw invalid(where, `${shown(declared)} is not an object that declares a format`)
  }
  for (const key of Object.keys(declared)) {
    if (isFormatField(key)) continue
    throw invalid(`${where}.${key}`, `there is no such field.${didYouMean(key, Object.keys(formatFields))}`)
  }
  for (const [key, field] of Object.entries(formatFields)) {
    const value: unknown = Reflect.get(declared, key)
    if (value === undefined && !field.required) continue
    if (value === undefined) throw invalid(where, `${key} is missing: give it ${field.expects}`)
    const fault = field.faultOf(value)
    if (fault !== undefined)
      throw invalid(`${where}.${key}${fault.at}`, `${shown(fault.value)} is not ${fault.expects}`)
  }
  const format = declared as FileFormat // every field was checked above, and there is no other
  checkSense(format, where)
  return format
}

/** ` Did you mean 'x'?`, or nothing. */
export function didYouMean(wanted: string, known: readonly string[]): string {
  const near = nearestName(wanted, known)
  return near === undefined ? '' : ` Did you mean '${near}'?`
}

/** What is right field by field can still make no sense together. */
function checkSense(format: FileFormat, where: string): void {
  const names = columnNames(format)
  const lacking = columnsRequired.filter((column) => !names.has(column))
  if (lacking.length > 0) throw invalid(`${where}.columns`, `it lacks ${lacking.join(', ')}`)
  checkCsvOnly(format, where)
  if (format.header === false && format.kind === 'csv' && !Array.isArray(format.columns)) {
    throw invalid(`${where}.columns`, 'it must be a list in the order of the file, since header is false')
  }
  const tellsSymbol =
    names.has('instrument') || names.has('symbol') || format.path.some((part) => part.includes('{symbol}'))
  if (!tellsSymbol) {
    throw invalid(where, 'nothing tells the symbol: put {symbol} into path, or instrument or symbol into columns')
  }
  for (const [index, pattern] of format.path.entries()) {
    const unknown = unknownPlaceholder(pattern)
    if (unknown !== undefined) {
      throw invalid(`${where}.path[${index}]`, `${unknown} is not {symbol}, {exchange}, {interval} or {date}`)
    }
  }
}

/** What only the first line of a CSV can decide. */
function checkCsvOnly({ kind, header, order, columns, delimiter }: FileFormat, where: string): void {
  if (delimiter?.length === 0) throw invalid(`${where}.delimiter`, 'it names none')
  const several = Array.isArray(columns) ? undefined : Object.entries(columns).find(([, name]) => Array.isArray(name))
  if (several !== undefined && kind !== 'csv') {
    throw invalid(`${where}.columns.${several[0]}`, `it has several names, which kind csv alone may have`)
  }
  if (order === undefined) return
  if (kind !== 'csv' || header === false)
    throw invalid(`${where}.order`, 'only a csv whose header is not false has one')
  const lacking = columnsRequired.filter((column) => !order.includes(column))
  if (lacking.length > 0) throw invalid(`${where}.order`, `it lacks ${lacking.join(', ')}`)
}

function shown(value: unknown): string {
  return shorten(JSON.stringify(value) ?? 'nothing')
}

export function invalid(where: string, what: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `${where}: ${what}${/[.?]$/.test(what) ? '' : '.'}` })
}
