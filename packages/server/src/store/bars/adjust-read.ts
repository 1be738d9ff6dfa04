import { type Adjustment, instantOfWallClock } from '@barkeep/core'
import type { Params, Store } from '../store.js'
import { type AdjustedKinds, type BarFactors, type BasisChange, barFactors } from './adjust-factors.js'
import { type Slots, slotSql } from './adjust-sql.js'
import type { ExchangePart } from './bars-read.js'

/** On which basis prices are wanted. */
export interface AdjustWish {
  readonly kinds: AdjustedKinds
  /** Session date on whose basis all prices are; that of the latest bar of each instrument unless told. */
  readonly asOf?: string
}

/** Bars start within a UInt32 of seconds. */
const SECONDS_MAX = 4_294_967_295

type Changes = ReadonlyMap<number, readonly BasisChange[]>
type FoundStretches = Map<number, Map<number, number | undefined>>

/** Factors, and of which tables they were made. */
export interface FoundFactors {
  /** Undefined where nothing is to be changed, so that the bars are read as they are kept. */
  readonly factors: BarFactors | undefined
  readonly tables: readonly string[]
}

/**
 * The factors of the bars of some instruments, out of the splits and dividends that the store has of them now.
 * The last close before a dividend is that of days; between two changes without a day, that of hours, then of minutes.
 */
export async function readBarFactors(
  store: Pick<Store, 'rows'>,
  parts: readonly Pick<ExchangePart, 'exchange' | 'ids'>[],
  { kinds, asOf }: AdjustWish,
): Promise<FoundFactors> {
  const changes = await readChanges(store, parts, kinds)
  const tables = ['adjustments']
  const slots = slotsOf(changes)
  const found: FoundStretches = new Map()
  let missing: Slots = slots
  for (const table of ['bars_1d', 'bars_1h', 'bars_1m']) {
    if (missing.ids.length === 0) break
    await readStretches(store, table, slots, missing, found)
    tables.push(table)
    missing = emptySlots(slots, found)
  }
  return { factors: barFactors(changes, found, kinds, asOf), tables }
}

interface ChangeRow extends Pick<Adjustment, 'kind' | 'value'> {
  readonly id: number
  readonly day: string
}

async function readChanges(
  store: Pick<Store, 'rows'>,
  parts: readonly Pick<ExchangePart, 'exchange' | 'ids'>[],
  kinds: AdjustedKinds,
): Promise<Changes> {
  const zones = new Map(parts.flatMap(({ exchange, ids }) => ids.map((id) => [id, exchange.timeZone])))
  const rows = await store.rows<ChangeRow>(
    `SELECT instrument AS id, date AS day, kind, value FROM adjustments FINAL
    WHERE instrument IN {ids:Array(UInt32)} ${kinds === 'split' ? "AND kind = 'split'" : ''} ORDER BY instrument, date`,
    { ids: [...zones.keys()] },
  )
  const changes = new Map<number, BasisChange[]>()
  for (const { id, day, kind, value } of rows) {
    const own = changes.get(id) ?? []
    const same = own.at(-1)?.date === day ? own.pop() : undefined
    const sinceSeconds = instantOfWallClock(zones.get(id) ?? 'UTC', Date.parse(day)) / 1_000
    // Before all bars, and after them, nothing is to be changed.
    if (sinceSeconds <= 0 || sinceSeconds > SECONDS_MAX) continue
    const change = same ?? { date: day, sinceSeconds, ratio: 1, dividend: 0 }
    own.push(kind === 'split' ? { ...change, ratio: value } : { ...change, dividend: value })
    changes.set(id, own)
  }
  return changes
}

/** The beginning of each stretch without a change. */
function slotsOf(changes: Changes): Slots {
  const slots = [...changes].flatMap(([id, own]) => [0, ...own.map((one) => one.sinceSeconds)].map((at) => [id, at]))
  return { ids: slots.map(([id = 0]) => id), sinces: slots.map(([, at = 0]) => at) }
}

/** Stretches that have nothing to close them, of those that were found so far. */
function emptySlots({ ids, sinces }: Slots, found: FoundStretches): Slots {
  const places = ids.flatMap((id, at) => (found.get(id)?.get(sinces[at] ?? 0) === undefined ? [at] : []))
  return { ids: places.map((at) => ids[at] ?? 0), sinces: places.map((at) => sinces[at] ?? 0) }
}

interface StretchRow {
  readonly id: number
  readonly since: number
  readonly last: number
  readonly finals: number
}

async function readStretches(
  store: Pick<Store, 'rows'>,
  table: string,
  slots: Slots,
  missing: Slots,
  found: FoundStretches,
): Promise<void> {
  const params: Record<string, Params[string]> = { ids: [...new Set(missing.ids)], ...windowOf(slots, missing) }
  const { slot } = slotSql(params, slots, 'instrument', 'ts')
  const rows = await store.rows<StretchRow>(
    `SELECT instrument AS id, toUInt32(bitAnd(${slot}, ${SECONDS_MAX})) AS since, argMaxIf(close, ts, final) AS last,
      countIf(final) AS finals
    FROM ${table} FINAL WHERE instrument IN {ids:Array(UInt32)}
      AND ts >= toDateTime({from:UInt32}, 'UTC') AND ts < toDateTime({until:UInt32}, 'UTC')
    GROUP BY id, since`,
    params,
  )
  for (const { id, since, last, finals } of rows) {
    const own = found.get(id) ?? new Map<number, number | undefined>()
    own.set(since, own.get(since) ?? (finals > 0 ? last : undefined))
    found.set(id, own)
  }
}

/** What the index can leave out: all before the first stretch that is asked about, and after the last. */
function windowOf({ ids, sinces }: Slots, missing: Slots): { from: number; until: number } {
  const from = missing.sinces.reduce((first, since) => Math.min(first, since), SECONDS_MAX)
  const wanted = new Set(missing.ids.map((id, at) => `${id} ${missing.sinces[at]}`))
  const ends = ids.flatMap((id, at) => {
    if (!wanted.has(`${id} ${sinces[at]}`)) return []
    return ids[at + 1] === id ? [sinces[at + 1] ?? SECONDS_MAX] : [SECONDS_MAX]
  })
  return { from, until: ends.reduce((last, end) => Math.max(last, end), 0) }
}
