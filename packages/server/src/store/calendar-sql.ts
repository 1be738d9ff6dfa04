import { type Exchange, keptIntervals } from '@barkeep/core'
import { sessionSql } from './session-sql.js'
import type { Params } from './store.js'

/**
 * Session dates of an exchange in `[start, end)`, ascending, as `date`.
 * A session took place where there is a bar of it, whatever a schedule says.
 */
export function sessionDates(
  exchange: Exchange,
  ids: readonly number[],
  start: string,
  end: string,
): { sql: string; params: Params } {
  const clock = sessionSql(exchange)
  const days = keptIntervals.map(
    (interval) =>
      `SELECT DISTINCT ${clock.date('ts')} AS date FROM bars_${interval} WHERE instrument IN {ids:Array(UInt32)}`,
  )
  return {
    sql: `SELECT DISTINCT toString(date) AS date FROM (${days.join(' UNION ALL ')})
      WHERE date >= {start:String} AND date < {end:String} ORDER BY date`,
    params: { ids, start, end },
  }
}
