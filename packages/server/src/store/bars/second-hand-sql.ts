import type { BoundSql } from '../gaps/coverage-sql.js'
import type { GapsPart } from '../gaps/gaps-sql-part.js'
import { secondsBetween } from './calendar-sql.js'
import { sessionSql } from './session-sql.js'

export interface SecondHand {
  /** Sources whose bars are to be replaced by better ones. */
  readonly sources: readonly string[]
  /** Who would bring those. */
  readonly connector: string
}

/**
 * Sessions of which the bars of some sources are kept and a connector was never asked, each as `scope` (an instrument),
 * `start` and `end` (dates, half-open). A session that the connector was asked for and had nothing better for is none.
 */
export function secondHandQuery(part: GapsPart, { sources, connector }: SecondHand): BoundSql {
  const { exchange, interval, ids, sessions } = part
  const dates = sessions.map(({ date }) => date)
  const window = secondsBetween(exchange, dates[0] ?? '1970-01-01', dateAfterLast(dates))
  const clock = sessionSql(exchange)
  // Days of coverage one by one; what was asked for the whole exchange stands for each instrument.
  const asked = `SELECT scope, toDate(addDays(start, n)) AS day FROM coverage AS c FINAL
    ARRAY JOIN range(toUInt32(greatest(dateDiff('day', start, end), 0))) AS n
    WHERE c.connector = {connector:String} AND c.of = {of:String} AND c.end > toDate32({first:String})`
  return {
    sql: `SELECT name AS scope, toString(day) AS start, toString(addDays(day, 1)) AS end FROM (
        SELECT DISTINCT dictGet('instrument_names', 'instrument', toUInt64(instrument)) AS name, ${clock.date('ts')} AS day
        FROM bars_${interval} FINAL WHERE instrument IN {ids:Array(UInt32)} AND source IN {sources:Array(String)}
          AND ts >= toDateTime({from:Int64}, 'UTC') AND ts < toDateTime({until:Int64}, 'UTC')${clock.andRegular('ts')}
      )
      WHERE toString(day) IN {dates:Array(String)}
        AND day NOT IN (SELECT day FROM (${asked}) WHERE scope = {code:String})
        AND (name, day) NOT IN (SELECT scope, day FROM (${asked}))
      ORDER BY name, day`,
    params: { ...window, ids, sources, dates, connector, of: interval, first: dates[0] ?? '', code: exchange.code },
  }
}

function dateAfterLast(dates: readonly string[]): string {
  return new Date(Date.parse(dates.at(-1) ?? '1970-01-01') + 86_400_000).toISOString().slice(0, 10)
}
