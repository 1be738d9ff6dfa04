import { BarkeepError, type Exchange, type KeptInterval } from '@barkeep/core'
import type { FileFormat } from './format.js'
import { locate } from './locate.js'
import type { RowContext } from './read-row.js'
import { columnNames } from './row-fields.js'

/** What the caller tells; it fills in what the path does not. */
export interface Given {
  readonly exchange?: string
  readonly interval?: KeptInterval
  readonly exchanges: readonly Exchange[]
}

/**
 * What path, caller and format together tell about the rows of a file.
 * Throws UNREADABLE_FILE when they leave something open or contradict each other, UNKNOWN_EXCHANGE for an unknown code.
 */
export function rowContext(path: string, format: FileFormat, given: Given): RowContext {
  const located = locate(format, path)
  if (located === undefined) {
    throw unclear(path, `its name does not fit the format '${format.id}', which expects ${format.path.join(' or ')}`)
  }
  const interval = located.interval ?? given.interval ?? format.interval
  if (interval === undefined) throw unclear(path, 'nothing tells the interval of its bars. Give one: 1m, 1h or 1d')
  if (located.interval !== undefined && given.interval !== undefined && located.interval !== given.interval) {
    throw unclear(path, `its path says ${located.interval}, but the caller ${given.interval}`)
  }
  const dateStyle = typeof format.dateStyle === 'string' ? format.dateStyle : format.dateStyle[interval]
  if (dateStyle === undefined) throw unclear(path, `the format '${format.id}' has no dateStyle for ${interval}`)
  if (dateStyle === 'ms-of-day' && located.midnightMs === undefined)
    throw unclear(path, 'its path does not tell the date')

  const named = columnNames(format)
  const { symbol, exchange: ofSuffix } = bySuffix(path, format, located.symbol, given.exchange)
  if (symbol === undefined && !named.has('instrument') && !named.has('symbol')) {
    throw unclear(path, 'its path does not tell the symbol')
  }
  const exchange = located.exchange?.toUpperCase() ?? given.exchange ?? ofSuffix ?? format.exchange
  const exchanges = new Map(given.exchanges.map((known) => [known.code, known]))
  if (exchange === undefined && !named.has('instrument')) throw unclear(path, 'nothing tells its exchange. Give one')
  if (exchange !== undefined && !exchanges.has(exchange)) {
    throw new BarkeepError('UNKNOWN_EXCHANGE', {
      message: `${path}: the exchange '${exchange}' is not known. Known are ${[...exchanges.keys()].join(', ')}.`,
    })
  }
  return { format, interval, dateStyle, exchanges, exchange, symbol, pathMidnightMs: located.midnightMs }
}

interface BySuffix {
  readonly symbol: string | undefined
  readonly exchange: string | undefined
}

function bySuffix(path: string, format: FileFormat, symbol: string | undefined, given: string | undefined): BySuffix {
  const dot = symbol?.lastIndexOf('.') ?? -1
  if (symbol === undefined || dot < 0 || format.suffixes === undefined) return { symbol, exchange: undefined }
  const ending = symbol.slice(dot)
  const exchange = format.suffixes[ending.toUpperCase()]
  if (exchange !== undefined) return { symbol: symbol.slice(0, dot), exchange }
  // `OCDO.L` is not a stock of the format's own exchange: ask rather than guess.
  if (given === undefined) throw unclear(path, `the ending '${ending}' names no known exchange. Give one`)
  return { symbol, exchange: undefined }
}

function unclear(path: string, what: string): BarkeepError {
  return new BarkeepError('UNREADABLE_FILE', { message: `${path}: ${what}.` })
}
