import type { KeptInterval } from '@barkeep/core'
import type { Catalog, NumberedInstrument } from '../catalog.js'
import type { InputFormat, Params, SpooledBody } from '../store.js'
import { barRules, bodyStructure, instantSql } from './bar-rules.js'

/** A body of bars that waits on disk. */
export interface SpooledBars {
  readonly interval: KeptInterval
  readonly format: InputFormat
  /** Who told these bars. */
  readonly source: string
  readonly spooled: SpooledBody
  /** Milliseconds since the epoch; the engine's clock unless told. */
  readonly knownAtMs?: number
}

/** What the dictionary answers for a name that it lacks; no instrument has this number. */
export const noId = 4_294_967_295

/**
 * Inserts all bars of a body into a table like the bars'. `added` are instruments that the catalog does not know yet.
 * Throws EngineError when one breaks a rule or its instrument is not known.
 */
export function insertSound(
  catalog: Catalog,
  table: string,
  { spooled, format, interval, source, knownAtMs }: SpooledBars,
  added: readonly NumberedInstrument[],
): Promise<void> {
  const broken = barRules(interval, catalog.exchanges).map((rule) => `ifNull(${rule.broken}, false)`)
  return spooled.insert({
    table,
    select: `${idSql(added)} AS id,
      toDateTime(assumeNotNull(${instantSql(format)} AS instant), 'UTC'), assumeNotNull(open), assumeNotNull(high), assumeNotNull(low),
      assumeNotNull(close), assumeNotNull(volume), turnover, trades, {source:String}, ifNull(final, true),
      ${knownAtMs === undefined ? 'now64(3)' : "fromUnixTimestamp64Milli({knownAtMs:Int64}, 'UTC')"}`,
    where: `throwIf(id = ${noId} OR ${broken.join(' OR ')}) = 0`,
    params: { source, ...addedParams(added), ...(knownAtMs !== undefined && { knownAtMs }) },
    structure: bodyStructure(format),
    format,
  })
}

/** The number of a row's instrument: of one that is known, of one that this body brings, or `noId`. */
function idSql(added: readonly NumberedInstrument[]): string {
  const known = `toUInt32(dictGetOrDefault('instrument_ids', 'id', tuple(ifNull(instrument, '')), toUInt64(${noId})))`
  if (added.length === 0) return known
  return `if((${known} AS known_id) != ${noId}, known_id,
    transform(ifNull(instrument, ''), {names:Array(String)}, {ids:Array(UInt32)}, toUInt32(${noId})))`
}

function addedParams(added: readonly NumberedInstrument[]): Params {
  if (added.length === 0) return {}
  return { names: added.map(({ instrument }) => instrument), ids: added.map(({ id }) => id) }
}
