import type { KeptInterval } from '@barkeep/core'
import type { Param, Params } from '../store.js'
import type { ExchangePart } from './bars-read.js'
import { sessionSql } from './session-sql.js'

export interface BarSourcesRead {
  readonly interval: KeptInterval
  readonly parts: readonly ExchangePart[]
  readonly after?: BarSourcePosition
  readonly limit?: number
  readonly offset?: number
}

/** What tells a row from all others, in the order of the rows. */
export type BarSourcePosition = readonly [exchange: string, date: string, source: string]

export const barSourceColumns = ['exchange', 'date', 'source', 'instruments', 'kept', 'outranked'] as const

/** Who told the bars of which day: how many of them are kept, and of how many those of another source are. */
export function barSourcesQuery({ interval, parts, after, limit, offset = 0 }: BarSourcesRead): {
  sql: string
  params: Params
} {
  const params: Record<string, Param> = {}
  const selects = parts.map((part, index) => {
    params[`ids${index}`] = part.ids
    params[`start${index}`] = part.startSeconds
    params[`end${index}`] = part.endSeconds
    return partQuery(interval, part, index)
  })
  if (after !== undefined)
    Object.assign(params, { afterExchange: after[0], afterDate: after[1], afterSource: after[2] })
  const beyond =
    after === undefined
      ? ''
      : 'WHERE (exchange, date, source) > ({afterExchange:String}, {afterDate:String}, {afterSource:String})'
  let sql = `SELECT ${barSourceColumns.join(', ')} FROM (${selects.join(' UNION ALL ')}) ${beyond} ORDER BY exchange, date, source`
  if (limit !== undefined) sql += ` LIMIT ${limit}`
  if (offset > 0) sql += ` OFFSET ${offset}`
  return { sql, params }
}

function partQuery(interval: KeptInterval, { exchange }: ExchangePart, index: number): string {
  const [kept, other] = [`bars_${interval}`, `bars_${interval}_other`]
  const window = `instrument IN {ids${index}:Array(UInt32)}
    AND ts >= toDateTime({start${index}:Int64}, 'UTC') AND ts < toDateTime({end${index}:Int64}, 'UTC')`
  // A source that was not kept and then was may have an old version among the others.
  const isKeptNow = `SELECT instrument, ts, source FROM ${kept} FINAL
    WHERE ${window} AND (instrument, ts) IN (SELECT instrument, ts FROM ${other} WHERE ${window})`
  const date = sessionSql(exchange).date('ts')
  return `SELECT '${exchange.code}' AS exchange, toString(day) AS date, source, uniqExact(instrument) AS instruments,
      countIf(isKept) AS kept, countIf(NOT isKept) AS outranked
    FROM (
      SELECT instrument, ${date} AS day, source, true AS isKept FROM ${kept} FINAL WHERE ${window}
      UNION ALL SELECT instrument, ${date} AS day, source, false AS isKept FROM ${other} FINAL
        WHERE ${window} AND (instrument, ts, source) NOT IN (${isKeptNow})
    )
    GROUP BY day, source`
}
