import { type Instrument, instrumentPattern, upstreamError } from '@barkeep/core'
import { isRecord, listOf, textOf } from '../read-json.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import type { IsinList } from './parse-isin-list.js'

const instrumentShape = new RegExp(instrumentPattern)

/**
 * Companies that have left the exchange: `DelistingDate`, `Company`, `Code`. What the list does not tell (ISIN, listing
 * date) is null, which means not known and takes nothing away from what another page told.
 * Throws UPSTREAM_CHANGED for a missing key or an empty list.
 */
export function parseDelistings(body: unknown): IsinList {
  const refused: { row: string; reason: string }[] = []
  const instruments: Instrument[] = []
  const rows = listOf(body, 'The list of delisted companies')
  for (const [index, row] of rows.entries()) {
    const cell = (key: string): string => {
      const value = isRecord(row) ? row[key] : undefined
      if (value === undefined) {
        throw upstreamError('UPSTREAM_CHANGED', `The list of delisted companies: '${key}' is missing in row ${index}.`)
      }
      return textOf(value)
    }
    const [date, name, symbol] = [cell('DelistingDate'), cell('Company'), cell('Code')]
    const delisted = parseTaiwanDate(date)
    const instrument = `TWSE:${symbol}`
    if (delisted === undefined) refused.push({ row: `${date} ${name} ${symbol}`, reason: 'unreadable delisting date' })
    else if (!instrumentShape.test(instrument))
      refused.push({ row: `${date} ${name} ${symbol}`, reason: 'unreadable code' })
    else {
      instruments.push({
        instrument,
        exchange: 'TWSE',
        symbol,
        name,
        kind: 'stock',
        isin: null,
        listed: null,
        delisted,
      })
    }
  }
  if (rows.length === 0) throw upstreamError('UPSTREAM_CHANGED', 'The list of delisted companies has no row.')
  return { instruments, refused }
}
