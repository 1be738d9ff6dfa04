import {
  bitmapSql,
  coverageSql,
  failedSql,
  heldSql,
  marketCoverageSql,
  placeSql,
  refusedSql,
  tradedSql,
} from './gaps-sql-facts.js'
import { type GapsPart, partParam } from './gaps-sql-part.js'

/** Sessions before a silence that an instrument must all have been traded on for the silence to count as a halt. */
const SESSIONS_BEFORE_HALT = 20
const SESSIONS_BEFORE_HALT_MIN = 5

/**
 * Runs of sessions on which an instrument has no bar, `lo` to `hi`, each with its reason, by `id`.
 * All is done with bitmaps of places, one for each instrument and fact, so that 10 million days are no 10 million rows.
 * Small bitmaps keep the order in which places came, so what comes out of them is sorted.
 *
 * - A bar that was told and could not be kept is missing, whatever its page spoke for.
 * - What other intervals show to be traded is missing, whatever an upstream left out; what an upstream spoke for and
 *   nothing shows to be traded is quiet.
 * - A silence of an instrument that was traded on each of the sessions before is taken for a halt: nobody tells it, so
 *   this is a judgement and no proof.
 */
export function dayGapsSql(part: GapsPart, index: number): string {
  const before = `bitmapSubsetInRange(%, toUInt32(greatest(toInt64(lo) - ${SESSIONS_BEFORE_HALT}, 0)), lo)`
  const count = (bitmap: string) => `bitmapCardinality(${before.replace('%', bitmap)})`
  return `SELECT id, run.1 AS lo, run.2 AS hi,
      multiIf(kind.1 != 'quiet', kind.1, ${count('held')} >= greatest(${count('due')}, ${SESSIONS_BEFORE_HALT_MIN}), 'halted', 'no-trade') AS reason
    FROM (
      SELECT id, held, due, arrayJoin([
        ('zeros', arraySort(bitmapToArray(zeros))),
        ('upstream-hole', arraySort(bitmapToArray(bitmapOr(broken, bitmapOr(bitmapAnd(traded, answered), bitmapAndnot(beyond, traded)))))),
        ('failed', arraySort(bitmapToArray(bitmapAnd(unanswered, failed)))),
        ('never-asked', arraySort(bitmapToArray(bitmapAndnot(unanswered, failed)))),
        ('not-listed', arraySort(bitmapToArray(bitmapAndnot(unlisted, traded)))),
        ('quiet', arraySort(bitmapToArray(silent)))
      ]) AS kind
      FROM (${judgedSql(part, index)}) WHERE notEmpty(kind.2)
    ) ARRAY JOIN ${runsSql('kind.2')} AS run`
}

function judgedSql(part: GapsPart, index: number): string {
  const p = partParam(index)
  const { interval } = part
  // A day that nobody traded has no minutes either, and need not be asked for.
  const silentDays = interval === '1d' ? '' : `, ${marketCoverageSql(index, '1d')} AS market_days`
  const spoken =
    interval === '1d'
      ? 'bitmapOr(c.spoken, market)'
      : 'bitmapOr(bitmapOr(c.spoken, market), bitmapAndnot(bitmapAndnot(bitmapOr(d.spoken, market_days), t.traded), bitmapOr(e.zeros, e.refused)))'
  const ofDays = `
    LEFT JOIN (${coverageSql(index, '1d')}) AS d ON d.id = i.id
    LEFT JOIN (${refusedSql(index, '1d')}) AS e ON e.id = i.id`
  return `WITH ${marketCoverageSql(index, interval)} AS market${silentDays}
    SELECT i.id AS id, h.held AS held,
      bitmapSubsetInRange(${bitmapSql(p('due', 'Array(UInt32)'))},
        if(isNull(i.listed), toUInt32(0), ${placeSql(index, 'assumeNotNull(i.listed)')}),
        if(isNull(i.delisted), toUInt32(4294967295), ${placeSql(index, 'assumeNotNull(i.delisted)')})) AS due,
      bitmapAndnot(due, held) AS missing,
      bitmapAnd(missing, bitmapOr(h.zeros, q.zeros)) AS zeros,
      bitmapAnd(bitmapAndnot(missing, zeros), q.refused) AS broken,
      bitmapAndnot(missing, bitmapOr(zeros, broken)) AS rest,
      bitmapAnd(rest, t.traded) AS traded,
      ${spoken} AS told,
      bitmapAnd(bitmapAndnot(rest, told), c.unlisted) AS unlisted,
      bitmapAnd(bitmapAndnot(bitmapAndnot(rest, told), unlisted), c.beyond) AS beyond,
      bitmapOr(told, bitmapOr(unlisted, beyond)) AS answered,
      bitmapAndnot(rest, answered) AS unanswered,
      bitmapAndnot(bitmapAnd(rest, told), traded) AS silent,
      bitmapOr(f.failed, ${bitmapSql(p('failedAll', 'Array(UInt32)'))}) AS failed
    FROM (SELECT id, listed, delisted FROM instruments FINAL WHERE id IN ${p('ids', 'Array(UInt32)')}) AS i
    LEFT JOIN (${heldSql(part, index)}) AS h ON h.id = i.id
    LEFT JOIN (${tradedSql(part, index)}) AS t ON t.id = i.id
    LEFT JOIN (${coverageSql(index, interval)}) AS c ON c.id = i.id
    LEFT JOIN (${refusedSql(index, interval)}) AS q ON q.id = i.id${interval === '1d' ? '' : ofDays}
    LEFT JOIN (${failedSql(index)}) AS f ON f.id = i.id`
}

/** Consecutive numbers of an ascending array, as pairs of the first and the last of each run. */
export function runsSql(places: string): string {
  return `arrayMap(run -> (run[1], run[-1]), arrayFilter(run -> notEmpty(run), arraySplit((place, step) -> step != 1, ${places}, arrayDifference(${places}))))`
}
