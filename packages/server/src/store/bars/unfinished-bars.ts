import type { Exchange, KeptInterval } from '@barkeep/core'
import type { Store } from '../store.js'
import { secondsBetween } from './calendar-sql.js'

/** Sessions of some instruments, of which a page has told all bars. */
export interface ToldSessions {
  readonly interval: KeptInterval
  readonly exchange: Exchange
  /** Numbers of the instruments. */
  readonly ids: readonly number[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/**
 * Moves bars that may still change beside the kept ones, where a page has told their whole session: it tells them anew, or they
 * are none. Some sources show a match in another minute while the session is under way, and such a bar has no successor.
 */
export async function withdrawUnfinished(store: Store, told: ToldSessions): Promise<void> {
  const { interval, exchange, ids, start, end } = told
  const params = { ids, ...secondsBetween(exchange, start, end) }
  const where = `instrument IN {ids:Array(UInt32)} AND ts >= toDateTime({from:Int64}, 'UTC')
    AND ts < toDateTime({until:Int64}, 'UTC') AND NOT final`
  const found = await store.rows(`SELECT 1 AS found FROM bars_${interval} FINAL WHERE ${where} LIMIT 1`, params)
  if (found.length === 0) return
  await store.command(`INSERT INTO bars_${interval}_other SELECT * FROM bars_${interval} FINAL WHERE ${where}`, params)
  await store.command(`DELETE FROM bars_${interval} WHERE ${where}`, params)
}
