import { barFault, type Exchange, formatInstant, instrumentPattern, type KeptInterval } from '@barkeep/core'
import { barStart } from './bar-start.js'
import type { DateStyle, FileFormat, FormatColumn } from './format.js'
import { parseNumber } from './parse-number.js'
import { parseStamp } from './parse-stamp.js'
import type { Fields } from './row-fields.js'

/** What holds for all rows of one text. */
export interface RowContext {
  readonly format: FileFormat
  readonly interval: KeptInterval
  readonly dateStyle: DateStyle
  /** By code; all that the caller knows. */
  readonly exchanges: ReadonlyMap<string, Exchange>
  /** Where the row does not name one. */
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly pathDate: string | undefined
}

/** A kept row is a line of canonical CSV without its end; a refused one says why. */
export type RowResult = { readonly csv: string } | { readonly reason: string }

const instrumentShape = new RegExp(instrumentPattern)
const prices = ['open', 'high', 'low', 'close'] as const
const PRICE_SCALE_DECIMALS = 10_000

/** Reader of the rows of one text, which must ascend in time for each instrument. */
export function createRowReader(context: RowContext): (fields: Fields) => RowResult {
  const { format } = context
  const noTrade = new Set(['', ...(format.noTrade ?? [])])
  const lastStarts = new Map<string, number>()

  return (fields) => {
    const instrument = instrumentOf(context, fields)
    if (instrument === undefined || !instrumentShape.test(instrument)) return { reason: 'unreadable instrument' }
    const exchange = context.exchanges.get(instrument.slice(0, instrument.indexOf(':')))
    if (exchange === undefined) return { reason: 'unknown exchange' }

    const stampText = fields.time === undefined ? (fields.ts ?? '') : `${fields.ts ?? ''} ${fields.time}`
    const stamp = parseStamp(context.dateStyle, stampText, context.pathDate)
    if (stamp === undefined) return { reason: 'unreadable date' }
    const { label = 'left', clampToSession = false } = format
    const start = barStart(exchange, stamp, { interval: context.interval, label, clampToSession })
    if (typeof start === 'string') return { reason: start }

    const numbers = readNumbers(format, fields, noTrade)
    if (typeof numbers === 'string') return { reason: numbers }
    const fault = barFault(numbers)
    if (fault !== undefined) return { reason: fault }

    // Only kept rows count: one row with a stray date in the far future must not cost all that follow.
    const last = lastStarts.get(instrument)
    if (last === start) return { reason: 'date repeats' }
    if (last !== undefined && start < last) return { reason: 'date goes back' }
    lastStarts.set(instrument, start)

    const { open, high, low, close, volume, turnover, trades } = numbers
    const ts = formatInstant(start)
    return { csv: `${instrument},${ts},${open},${high},${low},${close},${volume},${turnover ?? ''},${trades ?? ''}` }
  }
}

function instrumentOf({ format, exchange, symbol: pathSymbol }: RowContext, fields: Fields): string | undefined {
  if (fields.instrument !== undefined) return fields.instrument
  const symbol = fields.symbol ?? pathSymbol
  if (exchange === undefined || symbol === undefined) return undefined
  return `${exchange}:${format.symbolCase === 'upper' ? symbol.toUpperCase() : symbol}`
}

type Numbers = Parameters<typeof barFault>[0]

function readNumbers(format: FileFormat, fields: Fields, noTrade: ReadonlySet<string>): Numbers | string {
  const count = (column: FormatColumn, unit: number): number | null | undefined => {
    const text = fields[column]
    if (text === undefined || noTrade.has(text)) return null
    const value = parseNumber(text)
    // Beyond 2^53 a double no longer holds every whole number.
    return value === undefined || Math.abs(value * unit) > Number.MAX_SAFE_INTEGER ? undefined : value * unit
  }
  const volume = count('volume', format.volumeUnit ?? 1)
  if (volume === undefined) return 'unreadable number: volume'
  const turnover = count('turnover', 1)
  if (turnover === undefined) return 'unreadable number: turnover'
  const trades = count('trades', 1)
  if (trades === undefined) return 'unreadable number: trades'

  const found: number[] = []
  for (const column of prices) {
    const text = fields[column] ?? ''
    if (noTrade.has(text)) continue
    const value = parseNumber(text)
    if (value === undefined) return `unreadable number: ${column}`
    found.push(priceOf(format, value))
  }
  if (found.length === 0 && volume !== null && volume > 0) return 'volume without a price'
  if ((volume ?? 0) === 0 && found.every((price) => price === 0)) return 'no trade'
  const [open, high, low, close] = found
  if (open === undefined || high === undefined || low === undefined || close === undefined) return 'a price is missing'
  return volume === null ? 'the volume is missing' : { open, high, low, close, volume, turnover, trades }
}

function priceOf({ priceScale, priceDigits }: FileFormat, value: number): number {
  if (priceScale !== undefined) {
    return Math.round((value / priceScale) * PRICE_SCALE_DECIMALS) / PRICE_SCALE_DECIMALS
  }
  return priceDigits === undefined ? value : Number(value.toPrecision(priceDigits))
}
