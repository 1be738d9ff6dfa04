import { barFault, type Exchange, instrumentPattern, type KeptInterval } from '@barkeep/core'
import { barStart, type StartRules } from './bar-start.js'
import { detached } from './detached.js'
import type { DateStyle, FileFormat, FormatColumn } from './format.js'
import { minuteText } from './minute-text.js'
import { parseNumber } from './parse-number.js'
import { parseStamp, whyUnreadable } from './parse-stamp.js'
import type { Fields, FieldValue } from './row-fields.js'

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
  /** Whether it is the caller who tells the symbol. */
  readonly isSymbolTold: boolean
  /** The date of the path, as its midnight written as if UTC. */
  readonly pathMidnightMs: number | undefined
}

export interface KeptRow {
  readonly instrument: string
  readonly startMs: number
  /** A line of canonical CSV without its end. */
  readonly csv: string
}

/** Reads one row; a text says why it is refused. */
export type ReadRow = (fields: Fields) => KeptRow | string

/** A file that names more is not one of bars, and each is remembered. */
const INSTRUMENTS_MAX = 1_000_000
const PRICE_SCALE_DECIMALS = 10_000
const instrumentShape = new RegExp(instrumentPattern)

interface KnownInstrument {
  readonly instrument: string
  readonly exchange: Exchange
  lastStartMs: number
}

/** Reader of the rows of one text, which must ascend in time for each instrument. */
export function createRowReader(context: RowContext): ReadRow {
  const { format, interval, dateStyle } = context
  const { timeZone, label = 'left', clampToSession = false } = format
  const rules: StartRules = { interval, timeZone, label, clampToSession }
  const readNumbers = createNumbersReader(format)
  const findInstrument = createInstrumentFinder(context)

  return (fields) => {
    const known = findInstrument(fields)
    if (typeof known === 'string') return known

    const stampText = fields.time === undefined ? String(fields.ts ?? '') : `${fields.ts ?? ''} ${fields.time}`
    const stamp = parseStamp(dateStyle, stampText, context.pathMidnightMs)
    if (stamp === undefined) return whyUnreadable(dateStyle, stampText)
    const startMs = barStart(known.exchange, stamp, rules)
    if (typeof startMs === 'string') return startMs

    const numbers = readNumbers(fields)
    if (typeof numbers === 'string') return numbers
    const fault = barFault(numbers)
    if (fault !== undefined) return fault

    // Only kept rows count: one row with a stray date in the far future must not cost all that follow.
    if (known.lastStartMs === startMs) return 'date repeats'
    if (startMs < known.lastStartMs) return 'date goes back'
    known.lastStartMs = startMs

    const { instrument } = known
    const { open, high, low, close, volume, turnover, trades } = numbers
    const csv = `${instrument},${minuteText(startMs)},${open},${high},${low},${close},${volume},${turnover ?? ''},${trades ?? ''}`
    return { instrument, startMs, csv }
  }
}

function createInstrumentFinder(context: RowContext): (fields: Fields) => KnownInstrument | string {
  const { format, exchange, symbol } = context
  const known = new Map<string, KnownInstrument>()
  const nameOf = (own: FieldValue) => {
    if (exchange === undefined || own === undefined) return ''
    return `${exchange}:${format.symbolCase === 'upper' ? String(own).toUpperCase() : own}`
  }
  const ofPath = nameOf(symbol)

  return (fields) => {
    if (context.isSymbolTold && (fields.instrument ?? fields.symbol) !== undefined) {
      return 'the file has a column of symbols, so tell no symbol'
    }
    let name = ofPath
    if (fields.instrument !== undefined) name = String(fields.instrument)
    else if (fields.symbol !== undefined) name = nameOf(fields.symbol)
    const found = known.get(name)
    if (found !== undefined) return found
    if (name === '') return 'nothing tells the symbol: give one (--symbol)'
    if (!instrumentShape.test(name)) return 'unreadable instrument'
    const itsExchange = context.exchanges.get(name.slice(0, name.indexOf(':')))
    if (itsExchange === undefined) return 'unknown exchange'
    if (known.size >= INSTRUMENTS_MAX) return `more than ${INSTRUMENTS_MAX} instruments`
    const instrument = detached(name)
    const added = { instrument, exchange: itsExchange, lastStartMs: Number.NEGATIVE_INFINITY }
    known.set(instrument, added)
    return added
  }
}

type Numbers = Parameters<typeof barFault>[0]

function createNumbersReader(format: FileFormat): (fields: Fields) => Numbers | string {
  const { priceScale, priceDigits, volumeUnit = 1 } = format
  // A mark such as `0` is met as a number too.
  const marks = new Set<FieldValue>(format.noTrade?.flatMap((mark) => [mark, parseNumber(mark) ?? mark]))
  const isAbsent = (value: FieldValue) => value === undefined || value === '' || (marks.size > 0 && marks.has(value))

  /** Null where there is none, NaN where it cannot be read. */
  const count = (value: FieldValue, unit: number): number | null => {
    if (isAbsent(value)) return null
    const read = numberOf(value) * unit
    // Beyond 2^53 a double no longer holds every whole number.
    return Math.abs(read) > Number.MAX_SAFE_INTEGER ? Number.NaN : read
  }
  const price = (value: FieldValue): number | null => {
    if (isAbsent(value)) return null
    const read = numberOf(value)
    if (priceScale !== undefined) return Math.round((read / priceScale) * PRICE_SCALE_DECIMALS) / PRICE_SCALE_DECIMALS
    return priceDigits === undefined ? read : Number(read.toPrecision(priceDigits))
  }

  return (fields) => {
    const volume = count(fields.volume, volumeUnit)
    const turnover = count(fields.turnover, 1)
    const trades = count(fields.trades, 1)
    const open = price(fields.open)
    const high = price(fields.high)
    const low = price(fields.low)
    const close = price(fields.close)
    const sum = (volume ?? 0) + (turnover ?? 0) + (trades ?? 0) + (open ?? 0) + (high ?? 0) + (low ?? 0) + (close ?? 0)
    if (Number.isNaN(sum)) {
      const unreadable = nameOfNaN({ volume, turnover, trades, open, high, low, close })
      if (unreadable !== undefined) return `unreadable number: ${unreadable}`
    }

    if (open === null && high === null && low === null && close === null && (volume ?? 0) > 0)
      return 'volume without a price'
    if ((volume ?? 0) === 0 && !open && !high && !low && !close) return 'no trade'
    if (open === null || high === null || low === null || close === null) return 'a price is missing'
    return volume === null ? 'the volume is missing' : { open, high, low, close, volume, turnover, trades }
  }
}

function numberOf(value: FieldValue): number {
  return typeof value === 'number' ? value : (parseNumber(value ?? '') ?? Number.NaN)
}

function nameOfNaN(numbers: Partial<Record<FormatColumn, number | null>>): string | undefined {
  for (const column in numbers) {
    if (Number.isNaN(Reflect.get(numbers, column))) return column
  }
  return undefined
}
