import { type Bar, formatInstant, type KeptInterval, type LiveBar } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import type { Store } from '../store.js'

/** Bars that can be read from now on. */
export interface CommittedBars {
  readonly interval: KeptInterval
  readonly source: string
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
  /** The `known_at` of all of them, milliseconds since the epoch; later than that of every earlier commit by `append`. */
  readonly knownAtMs: number
  readonly createdInstruments: readonly string[]
}

/** Who wants to know what is committed. None of its functions may throw. */
export interface BarsWitness {
  /** At once when the bars can be read. */
  readonly appended: (committed: CommittedBars) => void
  /** Reads what it wants of a body that will be committed next; the table has the columns of `bars_<interval>`. */
  readPosted(store: Store, table: string, interval: KeptInterval): Promise<readonly PostedRow[]>
  /** What was read of a body, now that it is committed. */
  posted(interval: KeptInterval, bars: readonly LiveBar[]): void
}

/** A row of a body that was posted, as `postedQuery` selects it. */
export interface PostedRow extends Omit<LiveBar, 'instrument' | 'ts' | 'source' | 'known_at'> {
  readonly id: number
  readonly seconds: number
  readonly knownMs: number
}

/** Bars of a table that start at `since` (seconds since the epoch) or later, in the order of their starts. */
export const postedQuery = (table: string) => `SELECT instrument AS id, toUnixTimestamp(ts) AS seconds, open, high, low,
  close, volume, turnover, trades, final, toUnixTimestamp64Milli(known_at) AS knownMs
  FROM ${table} WHERE ts >= toDateTime({since:Int64}, 'UTC') ORDER BY ts, instrument LIMIT {rowsMax:UInt32}`

/** As they are broadcast. */
export function postedBars(rows: readonly PostedRow[], source: string, catalog: Catalog): LiveBar[] {
  return rows.flatMap(({ id, seconds, knownMs, ...numbers }) => {
    const known = catalog.instrumentById(id)
    if (known === undefined) return []
    const { open, high, low, close, volume, turnover, trades, final } = numbers
    const [ts, knownAt] = [formatInstant(seconds * 1_000), new Date(knownMs).toISOString()]
    const prices = { open, high, low, close, volume, turnover, trades }
    return [{ instrument: known.instrument, ts, ...prices, final, source, known_at: knownAt }]
  })
}
