import { type KeptInterval, keptIntervals } from '@barkeep/core'
import { sessionSql } from '../bars/session-sql.js'
import { type GapsPart, partParam } from './gaps-sql-part.js'

/** A bar of zeros is none: some sources write it where they have nothing. */
export const isPriced = 'close > 0'

/** The place of the session on a date or, where it has none, of the next one. */
export function placeSql(index: number, date: string): string {
  const p = partParam(index)
  const day = `least(greatest(toInt32(${date}) - ${p('first', 'Int32')}, 0), ${p('days', 'Int32')})`
  return `toUInt32(${p('places', 'Array(UInt32)')}[${day} + 1])`
}

/** Bars of a part in an interval: rows with `id` and `place`, and what is selected besides. */
export function barsOfPart(
  { exchange }: GapsPart,
  index: number,
  interval: KeptInterval,
  select: string,
  { ids = 'ids', final = false }: { readonly ids?: 'ids' | 'market'; readonly final?: boolean } = {},
): string {
  const p = partParam(index)
  const clock = sessionSql(exchange)
  const date = clock.date('ts')
  return `SELECT instrument AS id, ${placeSql(index, date)} AS place, ${select} FROM bars_${interval}${final ? ' FINAL' : ''}
    WHERE instrument IN ${p(ids, 'Array(UInt32)')} AND ts >= toDateTime(${p('from', 'UInt32')}, 'UTC') AND ts < toDateTime(${p('until', 'UInt32')}, 'UTC')${clock.andRegular('ts')}`
}

/**
 * By `id`: sessions with a bar, and those with a bar of zeros. What may still change when its session is long over was told while it
 * was under way, and holds no place.
 */
export function heldSql(part: GapsPart, index: number): string {
  return `SELECT id, groupBitmapStateIf(place, priced AND final) AS held, groupBitmapStateIf(place, NOT priced) AS zeros
    FROM (${barsOfPart(part, index, part.interval, `${isPriced} AS priced, final`, { final: true })}) GROUP BY id`
}

/** By `id`: sessions on which bars of the other intervals show that it was traded. */
export function tradedSql(part: GapsPart, index: number): string {
  const others = keptIntervals
    .filter((interval) => interval !== part.interval)
    .map((interval) => barsOfPart(part, index, interval, `volume > 0 AND ${isPriced} AS priced`))
  return `SELECT id, groupBitmapStateIf(place, priced) AS traded FROM (${others.join(' UNION ALL ')}) GROUP BY id`
}

/**
 * By `id`: sessions that an upstream has spoken for; those that it said come before the listing or after the end of the
 * instrument; and those that lie before what it has.
 */
export function coverageSql(index: number, of: KeptInterval): string {
  const p = partParam(index)
  return `SELECT n.id AS id,
      groupBitmapStateIf(at, outcome IN (${spoken})) AS spoken,
      groupBitmapStateIf(at, outcome = 'not-listed') AS unlisted,
      groupBitmapStateIf(at, outcome = 'before-history') AS beyond
    FROM (${coveredPlaces(index, of, `startsWith(scope, concat(${p('code', 'String')}, ':'))`)}) AS c
    INNER JOIN (SELECT id, instrument FROM instruments FINAL WHERE id IN ${p('ids', 'Array(UInt32)')}) AS n ON n.instrument = c.scope
    GROUP BY n.id`
}

/** One bitmap: sessions of which an upstream told the whole exchange. */
export function marketCoverageSql(index: number, of: KeptInterval): string {
  const told = coveredPlaces(index, of, `scope = ${partParam(index)('code', 'String')}`)
  return `(SELECT groupBitmapStateIf(at, outcome IN (${spoken})) FROM (${told}))`
}

/** By `id`: sessions that failed tasks were to bring. */
export function failedSql(index: number): string {
  const p = partParam(index)
  const rows = `arrayJoin(arrayZip(${p('failedIds', 'Array(UInt32)')}, ${p('failedFrom', 'Array(UInt32)')}, ${p('failedUntil', 'Array(UInt32)')}))`
  return `SELECT task.1 AS id, groupBitmapState(at) AS failed
    FROM (SELECT ${rows} AS task, arrayJoin(range(task.2, task.3)) AS at) GROUP BY id`
}

/** A bitmap of places that are told by a parameter. */
export function bitmapSql(places: string): string {
  return `bitmapBuild(${places})`
}

/**
 * By `id`: sessions of which an upstream told a bar that could not be kept, `zeros` one of zeros and `refused` another.
 * A refusal is over when an upstream has spoken for the session since, or another one ever.
 */
export function refusedSql(index: number, of: KeptInterval): string {
  const p = partParam(index)
  const refused = `SELECT scope, start, end, connector, outcome, known_at FROM coverage FINAL
    WHERE of = '${of}' AND outcome IN ('zeros', 'refused') AND startsWith(scope, concat(${p('code', 'String')}, ':'))`
  return `SELECT n.id AS id, groupBitmapStateIf(at, outcome = 'zeros') AS zeros, groupBitmapStateIf(at, outcome = 'refused') AS refused
    FROM (
      SELECT scope, outcome, arrayJoin(range(${placeSql(index, 'start')}, ${placeSql(index, 'end')})) AS at FROM (${refused})
      WHERE (scope, start, connector) NOT IN (
        SELECT r.scope, r.start, r.connector
        FROM (SELECT scope, start, end, connector, known_at FROM coverage FINAL WHERE of = '${of}' AND outcome IN (${spoken})) AS c
        INNER JOIN (SELECT *, arrayJoin([scope, ${p('code', 'String')}]) AS told FROM (${refused})) AS r ON r.told = c.scope
        WHERE c.start <= r.start AND c.end >= r.end AND (c.connector != r.connector OR c.known_at > r.known_at))
    ) AS q
    INNER JOIN (SELECT id, instrument FROM instruments FINAL WHERE id IN ${p('ids', 'Array(UInt32)')}) AS n ON n.instrument = q.scope
    GROUP BY n.id`
}

const spoken = "'page', 'no-data', 'no-trade'"

function coveredPlaces(index: number, of: KeptInterval, condition: string): string {
  return `SELECT scope, outcome, arrayJoin(range(${placeSql(index, 'start')}, ${placeSql(index, 'end')})) AS at
    FROM coverage FINAL WHERE of = '${of}' AND ${condition}`
}
