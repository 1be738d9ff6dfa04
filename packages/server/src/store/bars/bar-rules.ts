import type { Exchange, KeptInterval } from '@barkeep/core'
import type { InputFormat } from '../store.js'
import { sessionSql } from './session-sql.js'

/**
 * The columns of a body of bars, as it is read: anything can be missing, and a rule says so. Whole numbers are read as any
 * number: many programs write them as `1000.0`, and a part of a share would be cut off in silence.
 */
export function bodyStructure(format: InputFormat): string {
  return `instrument Nullable(String), ts ${isText(format) ? 'String' : "Nullable(DateTime64(3, 'UTC'))"}, open Nullable(Float64), high Nullable(Float64),
    low Nullable(Float64), close Nullable(Float64), volume Nullable(Float64), turnover Nullable(Float64), trades Nullable(Float64), final Nullable(Bool)`
}

/** True for every row. A column that a query does not use is one that the body must not have, so all are used. */
export const readAll = 'NOT ignore(instrument, ts, open, high, low, close, volume, turnover, trades, final)'

/** The instant of a bar: text must carry an offset; Arrow's and Parquet's are UTC by their type. */
export function instantSql(format: InputFormat): string {
  if (!isText(format)) return 'ts'
  return "if(endsWith(ts, 'Z') OR match(ts, 'T.*[+-]\\\\d\\\\d:\\\\d\\\\d$'), parseDateTime64BestEffortOrNull(ts, 3, 'UTC'), NULL)"
}

function isText(format: InputFormat): boolean {
  return format === 'JSONEachRow' || format === 'CSVWithNames'
}

/** What must not be, over the columns of a body and `instant`. */
export interface BarRule {
  /** Null counts as not broken. */
  readonly broken: string
  readonly field: string
  readonly reason: string
}

/** The rules of core's barFault, and that a bar starts where bars of its interval start. */
export function barRules(interval: KeptInterval, exchanges: readonly Exchange[]): BarRule[] {
  const rules: [string, string, string][] = [
    ['instant IS NULL', 'ts', 'ts is missing or not an instant with an offset, such as 2026-11-20T01:00:00Z'],
    [
      "instant < toDateTime64(0, 3, 'UTC') OR toUnixTimestamp64Milli(instant) >= 4294967296000",
      'ts',
      'ts lies outside 1970 to 2106',
    ],
    ['toUnixTimestamp64Milli(instant) % 1000 != 0', 'ts', 'a bar starts on a whole second'],
    ['NOT isFinite(ifNull(open + high + low + close, nan))', 'open', 'a price is missing or not a number'],
    ['least(open, high, low, close) < 0', 'open', 'a price is negative'],
    ['least(open, high, low, close) = 0', 'open', 'a price is zero'],
    ['high < low', 'high', 'high is below low'],
    ['open < low OR open > high', 'open', 'open is outside low and high'],
    ['close < low OR close > high', 'close', 'close is outside low and high'],
    ['volume IS NULL', 'volume', 'volume is missing'],
    ['volume < 0', 'volume', 'volume is negative'],
    [notWhole('volume'), 'volume', 'volume is not a whole number'],
    [`volume > ${Number.MAX_SAFE_INTEGER}`, 'volume', `volume is larger than ${Number.MAX_SAFE_INTEGER}`],
    ['turnover < 0 OR NOT isFinite(ifNull(turnover, 0))', 'turnover', 'turnover is negative or not a number'],
    ['trades < 0', 'trades', 'trades is negative'],
    [notWhole('trades'), 'trades', 'trades is not a whole number'],
    ['trades > 4294967295', 'trades', 'trades is larger than 4294967295'],
    interval === '1d'
      ? [`NOT (${startsAtOpen(exchanges)})`, 'ts', 'a day bar starts at the open of its session']
      : ['toUnixTimestamp64Milli(instant) % 60000 != 0', 'ts', 'a bar starts on a whole minute'],
  ]
  return rules.map(([broken, field, reason]) => ({ broken, field, reason }))
}

function notWhole(column: string): string {
  return `NOT isFinite(${column}) OR ${column} != floor(${column})`
}

function startsAtOpen(exchanges: readonly Exchange[]): string {
  const branches = exchanges.map((exchange) => {
    const clock = sessionSql(exchange)
    const open = clock.openInstant(clock.date("toDateTime(assumeNotNull(instant), 'UTC')"))
    return `startsWith(ifNull(instrument, ''), '${exchange.code}:'), instant = ${open}`
  })
  return `multiIf(${branches.join(', ')}, true)`
}
