import { sessionSql } from '../bars/session-sql.js'
import { runsSql } from './gaps-sql-days.js'
import { barsOfPart, bitmapSql, coverageSql, failedSql, isPriced, marketCoverageSql } from './gaps-sql-facts.js'
import { type GapsPart, partParam } from './gaps-sql-part.js'

const HOUR_MINUTES = 60

/**
 * Hours without a bar on sessions of which an instrument has some, by `id`: `lo`, first and last `minute`, `reason`.
 * Hours are counted from the open.
 *
 * Certain: the bars of the other interval within the day (hours for minutes, minutes for hours) show that the hour was
 * traded. Where there are none, and nobody spoke for the day, an empty hour may be missing: unless the bars that are there
 * have all the volume of the day, or no instrument has a bar from that hour on, as on half days. An hour with any bar
 * counts as whole.
 */
export function hourGapsSql(part: GapsPart, index: number): string {
  const p = partParam(index)
  const [opens, closes] = [p('opens', 'Array(UInt16)'), p('closes', 'Array(UInt16)')]
  const hours = `intDiv(${closes}[place + 1] - ${opens}[place + 1] + ${HOUR_MINUTES - 1}, ${HOUR_MINUTES})`
  return `SELECT id, place AS lo, kind.1 AS reason,
      ${opens}[place + 1] + run.1 * ${HOUR_MINUTES} AS minute,
      least(${opens}[place + 1] + (run.2 + 1) * ${HOUR_MINUTES}, ${closes}[place + 1]) AS until
    FROM (
      WITH ${marketCoverageSql(index, part.interval)} AS market,
        bitmapContains(bitmapOr(c.spoken, market), o.place) AS spoken,
        bitmapContains(bitmapOr(f.failed, ${bitmapSql(p('failedAll', 'Array(UInt32)'))}), o.place) AS failed,
        bitAnd(o.zeros, bitNot(o.held)) AS zeros,
        bitAnd(e.held, bitNot(bitOr(o.held, zeros))) AS traded,
        bitShiftLeft(toUInt64(1), least(o.market_hours, ${hours})) - 1 AS session,
        bitAnd(session, bitNot(bitOr(bitOr(o.held, zeros), traded))) AS empty,
        e.held != 0 OR spoken = 1 OR (y.volume > 0 AND o.volume >= y.volume) AS explained,
        if(spoken = 1, 'upstream-hole', if(failed = 1, 'failed', 'never-asked')) AS cause
      SELECT o.id AS id, o.place AS place, arrayJoin([
          ('zeros', bitPositionsToArray(zeros)),
          (cause, bitPositionsToArray(bitOr(traded, if(explained, toUInt64(0), empty))))
        ]) AS kind
      FROM (
        SELECT id, place, held, zeros, volume, max(arrayMax(bitPositionsToArray(held)) + 1) OVER (PARTITION BY place) AS market_hours
        FROM (${hoursSql(part, index, part.interval, 'market')})
      ) AS o
      LEFT JOIN (${hoursSql(part, index, part.interval === '1m' ? '1h' : '1m', 'ids')}) AS e ON e.id = o.id AND e.place = o.place
      LEFT JOIN (${barsOfPart(part, index, '1d', 'volume', { final: true })}) AS y ON y.id = o.id AND y.place = o.place
      LEFT JOIN (${coverageSql(index, part.interval)}) AS c ON c.id = o.id
      LEFT JOIN (${failedSql(index)}) AS f ON f.id = o.id
      WHERE o.id IN ${p('ids', 'Array(UInt32)')} AND o.held != 0 AND notEmpty(kind.2)
    ) ARRAY JOIN ${runsSql('kind.2')} AS run`
}

/** By `id` and `place`: a bit for each hour that has a bar with volume, or one of zeros, and the volume of all. */
function hoursSql(part: GapsPart, index: number, interval: '1m' | '1h' | '1d', ids: 'ids' | 'market'): string {
  const p = partParam(index)
  const { minute } = sessionSql(part.exchange)
  const [opens, closes] = [p('opens', 'Array(UInt16)'), p('closes', 'Array(UInt16)')]
  const sinceOpen = `greatest(toInt32(minute) - ${opens}[place + 1], 0)`
  const last = `intDiv(greatest(${closes}[place + 1] - ${opens}[place + 1] - 1, 0), ${HOUR_MINUTES})`
  const bit = `bitShiftLeft(toUInt64(1), least(intDiv(${sinceOpen}, ${HOUR_MINUTES}), ${last}))`
  return `SELECT id, place, groupBitOrIf(${bit}, priced) AS held, groupBitOrIf(${bit}, NOT priced) AS zeros, sum(volume) AS volume
    FROM (${barsOfPart(part, index, interval, `${minute('ts')} AS minute, volume, ${isPriced} AS priced`, { ids, final: true })})
    GROUP BY id, place`
}
