import type { Bar, KeptInterval } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import type { Store } from '../store.js'

type ToldBar = Bar & { readonly final?: boolean }

interface KeptRow extends Omit<Bar, 'instrument' | 'ts'> {
  readonly id: number
  readonly seconds: number
  readonly final: boolean
}

/**
 * Bars without those that are kept in just this form of the same source. Who asks for a session again and again is told most of it
 * again, and whoever listens shall hear of a bar only when it is new.
 */
export async function withoutRepeated(
  store: Store,
  catalog: Catalog,
  told: { readonly interval: KeptInterval; readonly source: string; readonly bars: readonly ToldBar[] },
): Promise<readonly ToldBar[]> {
  const { interval, source, bars } = told
  const placed = bars.map((bar) => ({ bar, seconds: Date.parse(bar.ts) / 1_000 }))
  const ids = new Set(bars.flatMap(({ instrument }) => catalog.instrument(instrument)?.id ?? []))
  if (ids.size === 0) return bars
  const params = {
    source,
    ids: [...ids],
    first: placed.reduce((least, { seconds }) => Math.min(least, seconds), Number.POSITIVE_INFINITY),
    last: placed.reduce((most, { seconds }) => Math.max(most, seconds), 0),
  }
  const rows = await store.rows<KeptRow>(
    `SELECT instrument AS id, toUnixTimestamp(ts) AS seconds, open, high, low, close, volume, turnover, trades, final
    FROM bars_${interval} FINAL WHERE instrument IN {ids:Array(UInt32)} AND source = {source:String}
      AND ts >= toDateTime({first:Int64}, 'UTC') AND ts <= toDateTime({last:Int64}, 'UTC')`,
    params,
  )
  const kept = new Set(rows.map((row) => textOf(row.id, row.seconds, row)))
  return placed.flatMap(({ bar, seconds }) => {
    const id = catalog.instrument(bar.instrument)?.id ?? -1
    return kept.has(textOf(id, seconds, bar)) ? [] : [bar]
  })
}

function textOf(id: number, seconds: number, bar: Omit<ToldBar, 'instrument' | 'ts'>): string {
  const { open, high, low, close, volume, turnover, trades, final = true } = bar
  return [id, seconds, open, high, low, close, volume, turnover, trades, final].join(' ')
}
