import { type Exchange, instantOfWallClock, type KeptInterval, keptIntervals } from '@barkeep/core'
import type { BoundSql } from '../gaps/coverage-sql.js'
import { dayNumber, placesOf } from '../gaps/gaps-sql-places.js'
import type { Params } from '../store.js'
import { sessionSql } from './session-sql.js'

/** Seconds that the engine can hold in a DateTime. */
const SECONDS_MAX = 4_294_967_295

/**
 * Session dates of an exchange in `[start, end)`, ascending, as `date`.
 * A session took place where there is a bar of it, whatever a schedule says.
 */
export function sessionDates(exchange: Exchange, ids: readonly number[], start: string, end: string): BoundSql {
  const days = keptIntervals.map((interval) => datesOf(exchange, interval))
  return {
    sql: `SELECT DISTINCT toString(date) AS date FROM (${days.join(' UNION ALL ')}) ORDER BY date`,
    params: { ids, ...secondsBetween(exchange, start, end) },
  }
}

/** The same with the intervals of which there are bars, as `date` and `intervals`; with an open start for `1970-01-01`. */
export function sessionIntervals(exchange: Exchange, ids: readonly number[], start: string, end: string): BoundSql {
  const days = keptIntervals.map(
    (interval) => `SELECT date, '${interval}' AS interval FROM (${datesOf(exchange, interval)})`,
  )
  return {
    sql: `SELECT toString(date) AS date, groupArray(interval) AS intervals FROM (${days.join(' UNION ALL ')})
      GROUP BY date ORDER BY date`,
    params: { ids, ...secondsBetween(exchange, start, end) },
  }
}

/** Minutes since midnight at which the last minute bar of a session starts, of any instrument: `date`, `minute`. */
export function lastMinutes(exchange: Exchange, ids: readonly number[], start: string, end: string): BoundSql {
  const clock = sessionSql(exchange)
  return {
    sql: `SELECT toString(${clock.date('last')}) AS date, ${clock.minute('last')} AS minute FROM (
        SELECT max(ts) AS last FROM bars_1m WHERE ${inWindow}${clock.andRegular('ts')} GROUP BY ${clock.date('ts')})`,
    params: { ids, ...secondsBetween(exchange, start, end) },
  }
}

/** One row when there is a day of any of the instruments. */
export function anyDay(ids: readonly number[]): BoundSql {
  return { sql: 'SELECT 1 AS found FROM bars_1d WHERE instrument IN {ids:Array(UInt32)} LIMIT 1', params: { ids } }
}

/** Dates `[start, end)` of which an upstream said, asked for the whole exchange, that there was no session. */
export function holidayAnswers(exchange: Exchange): BoundSql {
  return {
    sql: `SELECT DISTINCT toString(start) AS start, toString(end) AS end FROM coverage FINAL
      WHERE scope = {scope:String} AND outcome = 'holiday'`,
    params: { scope: exchange.code },
  }
}

/** Those of ascending dates for which at least `quorum` instruments were asked about their days, and had none: `date`. */
export function silentDates(exchange: Exchange, dates: readonly string[], quorum: number): BoundSql {
  const days = dates.map(dayNumber)
  const [first = 0, last = 0] = [days[0], days.at(-1)]
  // Dates are found by their place, so that a row costs as much as it has of them.
  const place = (date: string) =>
    `{places:Array(UInt32)}[least(greatest(toInt32(${date}) - {first:Int32}, 0), {span:Int32}) + 1]`
  return {
    sql: `SELECT toString(addDays(toDate32('1970-01-01'), {days:Array(Int32)}[at + 1])) AS date FROM (
        SELECT scope, arrayJoin(range(${place('start')}, ${place('end')})) AS at
        FROM coverage FINAL WHERE of = '1d' AND startsWith(scope, {prefix:String}) AND outcome IN ('page', 'no-data', 'no-trade'))
      GROUP BY at HAVING uniqExact(scope) >= {quorum:UInt32}`,
    params: { days, places: placesOf(days), first, span: last + 1 - first, prefix: `${exchange.code}:`, quorum },
  }
}

/** What a window of session dates is in seconds since the epoch, half-open: parameters of the conditions here. */
export function secondsBetween(exchange: Exchange, start: string, end: string): Params {
  return { from: secondsOf(exchange, start), until: secondsOf(exchange, end) }
}

const inWindow =
  "instrument IN {ids:Array(UInt32)} AND ts >= toDateTime({from:UInt32}, 'UTC') AND ts < toDateTime({until:UInt32}, 'UTC')"

function datesOf(exchange: Exchange, interval: KeptInterval): string {
  const clock = sessionSql(exchange)
  return `SELECT DISTINCT ${clock.date('ts')} AS date FROM bars_${interval} WHERE ${inWindow}${clock.andRegular('ts')}`
}

/** A session date stands for the midnight before it at the exchange. */
function secondsOf({ timeZone }: Exchange, date: string): number {
  const seconds = Math.ceil(instantOfWallClock(timeZone, Date.parse(date)) / 1_000)
  return Math.min(Math.max(seconds, 0), SECONDS_MAX)
}
