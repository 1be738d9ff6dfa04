import { upstreamError } from '@barkeep/core'
import { textOf, type UnknownRecord } from '../read-json.js'

/** The value of a column as a text. Throws UPSTREAM_CHANGED where the row has no such column. */
export function columnOf(row: UnknownRecord, name: string, dataset: string): string {
  if (name in row) return textOf(row[name])
  throw upstreamError(
    'UPSTREAM_CHANGED',
    `FinMind's ${dataset}: the column '${name}' is missing in ${JSON.stringify(row)}.`,
  )
}

/**
 * The date of a row, which must lie within `[start, end)` and be of the symbol that was asked for.
 * Throws UPSTREAM_CHANGED where it is not: nothing of such a page can be believed.
 */
export function dateWithin(
  row: UnknownRecord,
  dataset: string,
  { symbol, start, end }: { readonly symbol: string; readonly start: string; readonly end: string },
): string {
  const [date, told] = [columnOf(row, 'date', dataset), columnOf(row, 'stock_id', dataset)]
  const isAsked = /^\d{4}-\d{2}-\d{2}$/.test(date) && date >= start && date < end && told === symbol
  if (isAsked) return date
  const asked = `${symbol} from ${start} until before ${end}`
  throw upstreamError(
    'UPSTREAM_CHANGED',
    `FinMind's ${dataset} was asked for ${asked}, but a row is of ${told} on ${date}.`,
  )
}
