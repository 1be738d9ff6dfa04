import { BarkeepError } from '@barkeep/core'
import type { FileFormat } from './format.js'
import { columnNames } from './row-fields.js'

/** Throws INVALID_SETTING when a declaration contradicts itself, before any line is refused because of it. */
export function checkFormat(format: FileFormat): void {
  const names = columnNames(format)
  const lacking = (['ts', 'open', 'high', 'low', 'close', 'volume'] as const).filter((column) => !names.has(column))
  if (lacking.length > 0) throw invalid(format, `columns lacks ${lacking.join(', ')}`)
  if (!format.header && format.kind === 'csv' && !Array.isArray(format.columns)) {
    throw invalid(format, 'columns must be a list in the order of the file, since header is false')
  }
  const tellsSymbol =
    names.has('instrument') || names.has('symbol') || format.path.some((part) => part.includes('{symbol}'))
  if (!tellsSymbol) throw invalid(format, 'neither path ({symbol}) nor columns (instrument or symbol) tells the symbol')
  if (format.delimiter !== undefined && format.delimiter.length !== 1)
    throw invalid(format, 'delimiter must be one character')
  for (const key of ['priceScale', 'volumeUnit'] as const) {
    const value = format[key]
    if (value !== undefined && !(value > 0)) throw invalid(format, `${key} must be above zero`)
  }
  const { priceDigits } = format
  if (priceDigits !== undefined && !(Number.isInteger(priceDigits) && priceDigits >= 1 && priceDigits <= 17)) {
    throw invalid(format, 'priceDigits must be a whole number from 1 to 17')
  }
}

function invalid(format: FileFormat, what: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `The import format '${format.id}': ${what}.` })
}
