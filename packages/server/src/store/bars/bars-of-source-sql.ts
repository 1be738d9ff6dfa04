import type { KeptInterval } from '@barkeep/core'
import type { Param } from '../store.js'
import type { ExchangePart } from './bars-read.js'

/** The longest derived bar reaches this far beyond the window, seconds. */
const REACH_SECONDS = 32 * 86_400

/**
 * What one source said, whether its bars are kept or those of another: in place of the table of kept bars.
 * The window stands within, since the engine does not carry it past LIMIT BY. Values are added to `params`.
 */
export function barsOfSource(
  base: KeptInterval,
  source: string,
  parts: readonly ExchangePart[],
  params: Record<string, Param>,
): string {
  params.source = source
  params.sourceIds = parts.flatMap(({ ids }) => [...ids])
  params.sourceStart = Math.min(...parts.map(({ startSeconds }) => startSeconds)) - REACH_SECONDS
  params.sourceEnd = Math.max(...parts.map(({ endSeconds }) => endSeconds)) + REACH_SECONDS
  const said = (table: string) => `SELECT * FROM ${table} FINAL WHERE source = {source:String}
    AND instrument IN {sourceIds:Array(UInt32)}
    AND ts >= toDateTime({sourceStart:Int64}, 'UTC') AND ts < toDateTime({sourceEnd:Int64}, 'UTC')`
  // A source that was not kept and then was may have an old version among the others.
  return `(SELECT * FROM (${said(`bars_${base}`)} UNION ALL ${said(`bars_${base}_other`)})
    ORDER BY instrument, ts, known_at DESC LIMIT 1 BY instrument, ts)`
}
