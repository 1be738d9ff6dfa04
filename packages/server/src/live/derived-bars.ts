import {
  type BarColumn,
  barColumns,
  type Exchange,
  formatInstant,
  type KeptInterval,
  type LiveBar,
} from '@barkeep/core'
import { barsQuery } from '../store/bars/bars-sql.js'
import type { Catalog } from '../store/catalog.js'
import type { Store } from '../store/store.js'

export interface BarsWish {
  readonly interval: KeptInterval
  readonly exchange: Exchange
  /** All of the exchange unless named. */
  readonly instruments?: Iterable<string> | undefined
  /** Half-open window of bar starts, milliseconds since the epoch. */
  readonly startMs: number
  readonly endMs: number
}

/** What the store has of a few hours. */
export interface StoredBars {
  /** Bars made of minutes, also those that may still change, as `GET /v1/bars?base=1m&final=any` makes them. */
  derived(wish: BarsWish): Promise<LiveBar[]>
  /** Bars that are kept in the interval, final or not. */
  kept(wish: BarsWish): Promise<LiveBar[]>
}

const columns: readonly BarColumn[] = [...barColumns, 'final', 'source', 'known_at']

interface Row extends Omit<LiveBar, 'instrument' | 'ts'> {
  readonly instrument: number
  readonly ts: number
}

/** `now` gives milliseconds since the epoch. */
export function createStoredBars(store: Store, catalog: Catalog, now: () => number): StoredBars {
  const read = async (base: KeptInterval, { interval, exchange, instruments, startMs, endMs }: BarsWish) => {
    const ids = instruments === undefined ? catalog.idsOf(exchange.code) : idsOf(instruments, catalog)
    const window = { startSeconds: startMs / 1_000, endSeconds: endMs / 1_000 }
    const part = { exchange, ids, marketIds: [], ...window }
    const rest = { columns, withUnfinished: true, fillsPrevious: false, nowSeconds: Math.floor(now() / 1_000) }
    const { sql, params } = barsQuery({ interval, base, parts: [part], ...rest }, 'bar.id', 'toUnixTimestamp(bar.t)')
    const rows = await store.rows<Row>(sql, params)
    return rows.flatMap(({ instrument: id, ts, ...bar }) => {
      const instrument = catalog.instrumentById(id)?.instrument
      return instrument === undefined ? [] : [{ instrument, ts: formatInstant(ts * 1_000), ...bar }]
    })
  }
  return {
    derived: (wish) => read('1m', wish),
    kept: (wish) => read(wish.interval, wish),
  }
}

function idsOf(instruments: Iterable<string>, catalog: Catalog): number[] {
  return [...instruments].flatMap((name) => catalog.instrument(name)?.id ?? [])
}
