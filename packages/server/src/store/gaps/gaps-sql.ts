import type { KeptInterval } from '@barkeep/core'
import type { Param } from '../store.js'
import type { BoundSql } from './coverage-sql.js'
import { dayGapsSql, runsSql } from './gaps-sql-days.js'
import { hourGapsSql } from './gaps-sql-hours.js'
import { type GapsPart, partParam, partParams } from './gaps-sql-part.js'

/** Why something is missing that can be asked for. */
export const gapReasons = ['market-day', 'never-asked', 'failed', 'upstream-hole', 'zeros'] as const
/** Why something is absent and nothing is wrong. */
export const quietReasons = ['no-trade', 'halted', 'not-listed'] as const
export type GapReason = (typeof gapReasons)[number] | (typeof quietReasons)[number]

export const gapColumns = ['scope', 'interval', 'start', 'end', 'from', 'to', 'reason'] as const

/** One row of an answer. */
export interface Gap {
  /** An instrument; the whole exchange where no instrument has a bar. */
  readonly scope: string
  readonly interval: KeptInterval
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Hours of the one session, `HH:MM` at the exchange, half-open; null where whole sessions are missing. */
  readonly from: string | null
  readonly to: string | null
  readonly reason: GapReason
}

/** Where a page ended: part, instrument (-1 for the exchange), place of the first session, first minute. */
export type GapPosition = readonly [part: number, id: number, place: number, minute: number]

export interface GapsRead {
  /** Each an exchange and an interval, in the order of the answer. */
  readonly parts: readonly GapsPart[]
  readonly reasons: readonly GapReason[]
  readonly after?: GapPosition
  readonly limit?: number
}

/** The gaps by exchange and interval: first those of the exchange itself, then by number of the instrument and time. */
export function gapsQuery(read: GapsRead): BoundSql {
  return pageQuery(
    read,
    'scope, interval, toString(start_date) AS start, toString(end_date) AS end, from, to, reason',
    read.limit,
  )
}

/** The last row of a page of `limit` and, if there is one, the row after it, each as `position`. */
export function gapBoundaryQuery(read: GapsRead, limit: number): BoundSql {
  return pageQuery(read, '[toInt64(part), id, toInt64(lo), toInt64(minute)] AS position', 2, limit - 1)
}

function pageQuery({ parts, reasons, after }: GapsRead, select: string, limit?: number, offset = 0): BoundSql {
  const params: Record<string, Param> = { reasons: [...reasons] }
  const conditions = ['reason IN {reasons:Array(String)}']
  const rows: string[] = []
  for (const [index, part] of parts.entries()) {
    const left = after === undefined ? part : leftAfter(part, index, after)
    if (left === undefined) continue
    Object.assign(params, partParams(left, index))
    rows.push(...partSelects(left, index))
  }
  if (rows.length === 0) rows.push(noRows)
  if (after !== undefined) {
    const names = ['afterPart', 'afterId', 'afterPlace', 'afterMinute']
    for (const [at, name] of names.entries()) params[name] = after[at] ?? 0
    conditions.push(
      `(toInt64(part), id, toInt64(lo), toInt64(minute)) > (${names.map((name) => `{${name}:Int64}`).join(', ')})`,
    )
  }
  let sql = `SELECT ${select} FROM (${rows.join('\nUNION ALL ')}) WHERE ${conditions.join(' AND ')} ORDER BY part, id, lo, minute`
  if (limit !== undefined) sql += ` LIMIT ${limit}`
  if (offset > 0) sql += ` OFFSET ${offset}`
  return { sql, params }
}

/** What of a part can stand behind a position: bars of instruments before it need not be read again. */
function leftAfter(part: GapsPart, index: number, [afterPart, afterId]: GapPosition): GapsPart | undefined {
  if (index < afterPart) return undefined
  return index > afterPart ? part : { ...part, ids: part.ids.filter((id) => id >= afterId) }
}

function partSelects(part: GapsPart, index: number): string[] {
  const p = partParam(index)
  const date = (place: string) => `addDays(toDate32('1970-01-01'), ${p('dates', 'Array(Int32)')}[${place} + 1])`
  const row = (scope: string, id: string, last: string, minute: string, until: string) =>
    `SELECT ${scope} AS scope, '${part.interval}' AS interval, ${date('lo')} AS start_date, addDays(${date(last)}, 1) AS end_date,
      ${minute === '0' ? noText : clock(minute)} AS from, ${minute === '0' ? noText : clock(until)} AS to,
      toString(reason) AS reason, ${index} AS part, toInt64(${id}) AS id, toInt64(lo) AS lo, toInt64(${minute}) AS minute`
  const name = "dictGet('instrument_names', 'instrument', toUInt64(id))"
  const market = `[('failed', ${p('nobodyFailed', 'Array(UInt32)')}), ('market-day', ${p('nobody', 'Array(UInt32)')})]`
  return [
    `${row(`'${part.exchange.code}'`, '-1', 'hi', '0', '0')} FROM (
      SELECT kind.1 AS reason, run.1 AS lo, run.2 AS hi FROM (SELECT arrayJoin(${market}) AS kind) ARRAY JOIN ${runsSql('kind.2')} AS run)`,
    `${row(name, 'id', 'hi', '0', '0')} FROM (${dayGapsSql(part, index)})`,
    ...(part.interval === '1d'
      ? []
      : [`${row(name, 'id', 'lo', 'minute', 'until')} FROM (${hourGapsSql(part, index)})`]),
  ]
}

const noText = "CAST(NULL, 'Nullable(String)')"

const noRows = `SELECT '' AS scope, '' AS interval, toDate32(0) AS start_date, toDate32(0) AS end_date, ${noText} AS from, ${noText} AS to,
  '' AS reason, 0 AS part, toInt64(0) AS id, toInt64(0) AS lo, toInt64(0) AS minute WHERE 0`

/** `HH:MM` of minutes since midnight. */
function clock(minute: string): string {
  return `CAST(formatDateTime(toDateTime(toUInt32(${minute}) * 60, 'UTC'), '%H:%i'), 'Nullable(String)')`
}
