import { BarkeepError, type Exchange, type KeptInterval } from '@barkeep/core'
import { columnNames } from './columns.js'
import type { FileFormat, ToldField } from './format.js'
import { locate } from './locate.js'
import type { RowContext } from './read-row.js'

/** What the caller tells; it fills in what the path does not. */
export interface Given {
  readonly exchange?: string
  readonly interval?: KeptInterval
  /** The symbol of a file whose name tells none, or another. */
  readonly symbol?: string
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
  if (interval === undefined)
    throw unclear(path, 'nothing tells the interval of its bars. Give one (--interval): 1m, 1h or 1d')
  if (located.interval !== undefined && given.interval !== undefined && located.interval !== given.interval) {
    throw unclear(path, `its path says ${located.interval}, but the caller ${given.interval}`)
  }
  const untold = format.ask?.find((field) => format[field] === undefined)
  if (untold !== undefined) throw unclear(path, `nothing tells its ${untold}. ${cures[untold]}`)
  const dateStyle = typeof format.dateStyle === 'string' ? format.dateStyle : format.dateStyle[interval]
  if (dateStyle === undefined) throw unclear(path, `the format '${format.id}' has no dateStyle for ${interval}`)
  if (dateStyle === 'ms-of-day' && located.midnightMs === undefined)
    throw unclear(path, 'its path does not tell the date')

  const named = columnNames(format)
  const { symbol, exchange: ofSuffix } = bySuffix(path, format, given.symbol ?? located.symbol, given.exchange)
  if (symbol === undefined && !named.has('instrument') && !named.has('symbol')) {
    throw unclear(path, 'its path does not tell the symbol. Give one (--symbol)')
  }
  const exchange = located.exchange?.toUpperCase() ?? given.exchange ?? ofSuffix ?? format.exchange
  const exchanges = new Map(given.exchanges.map((known) => [known.code, known]))
  if (exchange === undefined && !named.has('instrument'))
    throw unclear(path, 'nothing tells its exchange. Give one (--exchange)')
  if (exchange !== undefined && !exchanges.has(exchange)) {
    throw new BarkeepError('UNKNOWN_EXCHANGE', {
      message: `${path}: the exchange '${exchange}' is not known. Known are ${[...exchanges.keys()].join(', ')}.`,
    })
  }
  return {
    ...{ format, interval, dateStyle, exchanges, exchange, symbol },
    isSymbolTold: given.symbol !== undefined,
    pathMidnightMs: located.midnightMs,
  }
}

/** How each of the fields that a format may ask for is told. */
const cures: Readonly<Record<ToldField, string>> = {
  dateStyle: 'Give the style of its dates (--date-style)',
  timeZone: 'Give the zone of its clock (--time-zone)',
  label: 'Say whether its stamps are starts or ends of bars: left or right (--label)',
  volumeUnit: 'Give the shares in one unit (--volume-unit): 1 for shares or contracts, 1000 for lots of 1,000',
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
  if (given === undefined) throw unclear(path, `the ending '${ending}' names no known exchange. Give one (--exchange)`)
  return { symbol, exchange: undefined }
}

function unclear(path: string, what: string): BarkeepError {
  return new BarkeepError('UNREADABLE_FILE', { message: `${path}: ${what}.` })
}
