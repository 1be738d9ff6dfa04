import { intervalMinutes, minuteOfDay } from '@barkeep/core'
import type { BarsRead, ExchangePart } from './bars-read.js'
import type { SessionSql } from './session-sql.js'

/** How far before the window the last bar is looked for whose close fills the first gap. */
const LOOK_BACK_DAYS = 30
const DAY_SECONDS = 86_400

/**
 * The bars of `partSql`, which are made of `kept`, and for each bar start of a session without one, the last close again with nothing traded.
 * Sessions are the dates on which any instrument of the exchange has bars, so a closed day stays closed. Nothing is
 * made up before the first bar of an instrument, after its delisting, or in the future; its source is `fill:previous`.
 */
export function filledQuery(
  read: BarsRead,
  part: ExchangePart,
  index: number,
  clock: SessionSql,
  kept: string,
  partSql: string,
): string {
  const minutes = intervalMinutes(read.interval)
  const [start, end] = [`{start${index}:Int64}`, `least({end${index}:Int64}, {now:Int64})`]
  // Days are counted as dates; within a day the steps are the longest that meet every bar start of every session.
  const stepSeconds = stepMinutes(part, minutes) * 60
  const position = minutes === undefined ? clock.date('t') : 't'
  const stop = minutes === undefined ? clock.date(`toDateTime(${end}, 'UTC')`) : `toDateTime(${end}, 'UTC')`
  const step = minutes === undefined ? 1 : stepSeconds
  const time = minutes === undefined ? `if(real, t, ${clock.openInstant('position')})` : 'position'
  const length = minutes === undefined ? 'closes - opens' : `least(${minutes}, closes - m)`
  return `SELECT id, at AS t, if(real, open, close) AS open, if(real, high, close) AS high, if(real, low, close) AS low, close,
      volume, if(real, turnover, 0) AS turnover, if(real, trades, 0) AS trades,
      if(real, source, 'fill:previous') AS source, at + (${length}) * 60 AS end, CAST(${partialSql(minutes)}, 'Bool') AS partial,
      CAST(if(real, final, toUnixTimestamp(end) <= {now:Int64}), 'Bool') AS final, known_at
    FROM (
      SELECT *, ${time} AS at, ${clock.date('at')} AS d, ${clock.minute('at')} AS m,
        ${clock.openMinute('d')} AS opens, ${clock.closeMinute('d')} AS closes
      FROM (
        SELECT *, ${position} AS position FROM (
          SELECT id, t, open, high, low, close, volume, turnover, trades, source, final, known_at, true AS real FROM (${partSql})
          UNION ALL ${lastBefore(kept, index, stepSeconds)}
        )
        ORDER BY id, position WITH FILL TO ${stop} STEP ${step} INTERPOLATE (close AS close, known_at AS known_at)
      )
    ) AS filled
    LEFT JOIN (SELECT id AS delisted_id, delisted FROM instruments FINAL WHERE delisted IS NOT NULL) AS gone ON gone.delisted_id = filled.id
    WHERE at >= toDateTime(${start}, 'UTC') AND close > 0
      AND (real OR (${onGrid(minutes)}) AND (gone.delisted IS NULL OR d < gone.delisted) AND d IN (${sessionDates(read, index, clock)}))`
}

/** The close before the window, one step before its start, from where filling begins. */
function lastBefore(kept: string, index: number, stepSeconds: number): string {
  const start = `{start${index}:Int64}`
  return `SELECT instrument AS id, toDateTime(intDiv(${start}, ${stepSeconds}) * ${stepSeconds} - ${stepSeconds}, 'UTC') AS t, 0 AS open, 0 AS high, 0 AS low,
      argMax(close, ts) AS close, 0 AS volume, NULL AS turnover, NULL AS trades, '' AS source, true AS final, max(known_at) AS known_at, false AS real
    FROM ${kept}
    WHERE instrument IN {ids${index}:Array(UInt32)} AND ${start} > ${LOOK_BACK_DAYS * DAY_SECONDS}
      AND ts >= toDateTime(${start} - ${LOOK_BACK_DAYS * DAY_SECONDS}, 'UTC') AND ts < toDateTime(${start}, 'UTC') AND final
    GROUP BY instrument`
}

function sessionDates(read: BarsRead, index: number, clock: SessionSql): string {
  return `SELECT DISTINCT ${clock.date('ts')} FROM bars_${read.base} WHERE instrument IN {market${index}:Array(UInt32)}
    AND ts >= toDateTime({start${index}:Int64}, 'UTC') AND ts < toDateTime({end${index}:Int64}, 'UTC')${clock.andRegular('ts')}`
}

function onGrid(minutes: number | undefined): string {
  return minutes === undefined ? '1' : `m >= opens AND m < closes AND (m - opens) % ${minutes} = 0`
}

function partialSql(minutes: number | undefined): string {
  return minutes === undefined ? '0' : `m < closes AND closes - m < ${minutes}`
}

function stepMinutes({ exchange }: ExchangePart, minutes = 1): number {
  // Offsets of time zones are multiples of a quarter of an hour.
  return exchange.sessions.reduce(
    (step, { open }) => greatestDivisor(step, minuteOfDay(open)),
    greatestDivisor(minutes, 15),
  )
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
