import type { Interval } from '@barkeep/core'
import { intervalMinutes } from '@barkeep/core'
import type { Params } from '../store.js'
import { adjustedPrice, adjustedVolume, factorColumns } from './adjust-sql.js'
import { filledQuery } from './bars-fill-sql.js'
import { barsOfSource } from './bars-of-source-sql.js'
import type { BarsRead, ExchangePart } from './bars-read.js'
import { type SessionSql, sessionSql } from './session-sql.js'

const DAY_SECONDS = 86_400

/**
 * The query of a read. Answers come ordered by (instrument number, ts).
 * `instrumentSql` says how the number is shown: by name for text, by dictionary index for Arrow.
 */
export function barsQuery(read: BarsRead, instrumentSql: string, timeSql: string): { sql: string; params: Params } {
  const params: Record<string, Params[string]> = { now: read.nowSeconds }
  const kept = keptBars(read, params)
  const selects = read.parts.map((part, index) => {
    params[`ids${index}`] = part.ids
    if (read.fillsPrevious) params[`market${index}`] = part.marketIds
    params[`start${index}`] = part.startSeconds
    params[`end${index}`] = part.endSeconds
    return partQuery(read, part, index, kept)
  })
  const conditions = ['1']
  if (!read.withUnfinished) conditions.push('bar.final')
  if (read.after !== undefined) {
    params.afterId = read.after.id
    params.afterTs = read.after.seconds
    conditions.push("(bar.id, bar.t) > ({afterId:UInt32}, toDateTime({afterTs:UInt32}, 'UTC'))")
  }
  const shown = read.columns.map((column) => {
    if (column === 'instrument') return `${instrumentSql} AS instrument`
    if (column === 'ts') return `${timeSql} AS ts`
    if (column === 'interval') return `'${read.interval}' AS interval`
    // A sum is of a wider type than what it sums, and in Arrow the type is announced before the bars come.
    if (column === 'trades' && read.base !== read.interval) return "accurateCastOrNull(bar.trades, 'UInt32') AS trades"
    return `bar.${column} AS ${column}`
  })
  let sql = `SELECT ${shown.join(', ')} FROM (${selects.join(' UNION ALL ')}) AS bar WHERE ${conditions.join(' AND ')} ORDER BY bar.id, bar.t`
  if (read.limit !== undefined) sql += ` LIMIT ${read.limit}`
  if (read.offset !== undefined) sql += ` OFFSET ${read.offset}`
  return { sql, params }
}

function partQuery(read: BarsRead, part: ExchangePart, index: number, kept: string): string {
  const clock = sessionSql(part.exchange)
  const sql = barsOfPart(read, clock, index, kept)
  return read.fillsPrevious ? filledQuery(read, part, index, clock, kept, sql) : sql
}

/** Where kept bars come from: the table and nothing else, unless their prices are wanted on one basis. */
function keptBars({ base, factors, source, parts }: BarsRead, params: Record<string, Params[string]>): string {
  const table = source === undefined ? `bars_${base} FINAL` : barsOfSource(base, source, parts, params)
  if (factors === undefined) return table
  const prices = ['open', 'high', 'low', 'close'].map((price) => `${adjustedPrice(`k.${price}`)} AS ${price}`)
  const rest = ['instrument', 'ts', 'turnover', 'trades', 'source', 'final', 'known_at']
  const columns = [...rest.map((name) => `k.${name} AS ${name}`), ...prices, `${adjustedVolume('k.volume')} AS volume`]
  return `(SELECT ${columns.join(', ')} FROM (SELECT *${factorColumns(params, factors)} FROM ${table}) AS k)`
}

function barsOfPart(read: BarsRead, clock: SessionSql, index: number, kept: string): string {
  if (read.base === read.interval) {
    return `SELECT ${keptColumns(read, clock)} FROM ${kept} WHERE instrument IN {ids${index}:Array(UInt32)}
      AND ts >= toDateTime({start${index}:Int64}, 'UTC') AND ts < toDateTime({end${index}:Int64}, 'UTC')`
  }
  return derivedQuery(read, clock, index, kept)
}

/** Only what the answer shows is computed: `end` and `partial` need the clock of the exchange. */
function keptColumns(read: BarsRead, clock: SessionSql): string {
  const date = clock.date('t')
  const minutes = intervalMinutes(read.interval)
  const left =
    minutes === undefined
      ? `${clock.closeMinute(date)} - ${clock.openMinute(date)}`
      : `${clock.closeMinute(date)} - ${clock.minute('t')}`
  // A bar outside the session (before or after hours) ends by its own length.
  const length = minutes === undefined ? left : `if(${left} > 0, least(${minutes}, ${left}), ${minutes})`
  const extra = []
  if (read.columns.includes('end')) extra.push(`t + (${length}) * 60 AS end`)
  if (read.columns.includes('partial'))
    extra.push(minutes === undefined ? 'false AS partial' : `CAST((${length}) < ${minutes}, 'Bool') AS partial`)
  return [
    'instrument AS id',
    'ts AS t',
    'open',
    'high',
    'low',
    'close',
    'volume',
    'turnover',
    'trades',
    'source',
    'final',
    'known_at',
    ...extra,
  ].join(', ')
}

/**
 * Bars of a longer interval from kept ones of the regular session, anchored to its open.
 * The window speaks of the longer bars' starts, so kept ones are read as far as the last of them reaches.
 */
function derivedQuery(read: BarsRead, clock: SessionSql, index: number, kept: string): string {
  const minutes = intervalMinutes(read.interval)
  const reachSeconds = minutes === undefined ? (read.interval === '1mo' ? 32 : 8) * DAY_SECONDS : minutes * 60
  const date = clock.date('ts')
  const rules = minutes === undefined ? byDate(read.interval, clock) : byMinutes(minutes, clock)
  return `SELECT id, ${rules.start} AS t,
      argMin(o, ts) AS open, max(h) AS high, min(l) AS low, argMax(c, ts) AS close, sum(v) AS volume,
      if(count(tu) = count(), sum(tu), NULL) AS turnover, if(count(tr) = count(), sum(tr), NULL) AS trades,
      concat('derived:', '${read.base}') AS source, ${rules.end} AS end, CAST(${rules.partial}, 'Bool') AS partial,
      CAST(min(f) AND toUnixTimestamp(end) <= {now:Int64}, 'Bool') AS final, max(k) AS known_at
    FROM (
      SELECT instrument AS id, ts, open AS o, high AS h, low AS l, close AS c, volume AS v, turnover AS tu, trades AS tr,
        final AS f, known_at AS k, ${date} AS d, ${clock.minute('ts')} AS m, ${clock.openMinute('d')} AS opens,
        ${clock.closeMinute('d')} AS closes, ${rules.key} AS bucket
      FROM ${kept}
      WHERE instrument IN {ids${index}:Array(UInt32)}
        AND ts >= toDateTime({start${index}:Int64} - ${reachSeconds}, 'UTC') AND ts < toDateTime({end${index}:Int64} + ${reachSeconds}, 'UTC')
        AND m >= opens AND m < closes ${read.withUnfinished ? '' : 'AND final'}
    )
    GROUP BY id, bucket
    HAVING t >= toDateTime({start${index}:Int64}, 'UTC') AND t < toDateTime({end${index}:Int64}, 'UTC')`
}

interface BucketRules {
  /** What bars of one bucket share, from `ts`, `d`, `m`, `opens`. */
  readonly key: string
  readonly start: string
  readonly end: string
  readonly partial: string
}

function byMinutes(minutes: number, clock: SessionSql): BucketRules {
  const opensAt = clock.minute('bucket')
  const left = `(any(closes) - ${opensAt})`
  return {
    key: `ts - ((m - opens) % ${minutes}) * 60`,
    start: 'bucket',
    end: `bucket + least(${minutes}, ${left}) * 60`,
    partial: `${left} < ${minutes}`,
  }
}

function byDate(interval: Interval, clock: SessionSql): BucketRules {
  const key = interval === '1w' ? 'toMonday(d)' : interval === '1mo' ? 'toStartOfMonth(d)' : 'd'
  const next = interval === '1w' ? 'bucket + 7' : 'addMonths(bucket, 1)'
  const start = clock.openInstant('bucket')
  const end = interval === '1d' ? `${start} + (any(closes) - any(opens)) * 60` : clock.openInstant(`toDate(${next})`)
  return { key, start, end, partial: 'false' }
}

/** The last bar of a page of `limit` and, if there is one, the bar after it: `id` and `seconds` of each. */
export function boundaryQuery(read: BarsRead, limit: number): { sql: string; params: Params } {
  const page: BarsRead = { ...read, columns: ['instrument', 'ts'], limit: 2, offset: limit - 1 }
  return barsQuery(page, 'bar.id', 'toUnixTimestamp(bar.t)')
}
