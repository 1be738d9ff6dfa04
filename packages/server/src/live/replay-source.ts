import {
  type Exchange,
  instantOfWallClock,
  intervalMinutes,
  type LiveBar,
  sessionOf,
  type Topic,
  topicIntervals,
} from '@barkeep/core'
import type { Catalog } from '../store/catalog.js'
import type { Store } from '../store/store.js'
import { slotsOf } from './bar-slots.js'
import type { BarsWish, StoredBars } from './derived-bars.js'

/** Bars that are held at a time, unless those of one start are more. */
const BARS_HELD_MAX = 8_192
const MS_PER_DAY = 86_400_000

export interface ReplayDay {
  readonly topic: Topic
  /** All unless named. */
  readonly instruments: readonly string[] | undefined
  /** The session date, at each exchange. */
  readonly date: string
  /** Only bars that start then or later, milliseconds since the epoch. */
  readonly fromMs: number
}

/** The final bars of one start, also where there are none: milliseconds since the epoch. */
export interface ReplayStep {
  readonly startMs: number
  readonly endMs: number
  readonly bars: readonly LiveBar[]
}

/** A past day out of the store, start by start; of what follows, no more is held than a slice. */
export interface ReplaySource {
  steps(day: ReplayDay): AsyncGenerator<ReplayStep, void, undefined>
}

export interface ReplaySourceParts {
  readonly store: Store
  readonly catalog: Catalog
  readonly stored: StoredBars
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function createReplaySource({ store, catalog, stored, now }: ReplaySourceParts): ReplaySource {
  return {
    async *steps(day) {
      const { topic } = day
      const parts = partsOf(day, catalog)
      const counts = topic === 'kmin' ? await countStarts(store, catalog, parts) : new Map<number, number>()
      const ends = slotEnds(topic, parts)
      const lengthMs = (intervalMinutes(topicIntervals[topic]) ?? 1_440) * 60_000
      for (const slice of slicesOf(sizesOf(ends, counts, parts), Math.max(...parts.map(({ endMs }) => endMs), 0))) {
        const byStart = new Map<number, LiveBar[]>()
        for (const bar of await readSlice(stored, topic, parts, slice)) {
          const startMs = Date.parse(bar.ts)
          const same = byStart.get(startMs)
          if (same === undefined) byStart.set(startMs, [bar])
          else same.push(bar)
        }
        const starts = new Set([...slice.starts, ...byStart.keys()])
        for (const startMs of [...starts].sort((a, b) => a - b)) {
          const endMs = ends.get(startMs) ?? startMs + lengthMs
          // Of a day that is not over, what is over.
          if (endMs > now()) return
          yield { startMs, endMs, bars: byStart.get(startMs) ?? [] }
        }
      }
    },
  }
}

/** What is wanted of one exchange. */
interface ExchangeDay {
  readonly exchange: Exchange
  readonly date: string
  readonly instruments: readonly string[] | undefined
  readonly count: number
  readonly startMs: number
  readonly endMs: number
}

function partsOf({ date, instruments, fromMs }: ReplayDay, catalog: Catalog): ExchangeDay[] {
  return catalog.exchanges.flatMap((exchange) => {
    const own = instruments?.filter((name) => name.startsWith(`${exchange.code}:`))
    const count = own?.length ?? catalog.idsOf(exchange.code).length
    // As a window of GET /v1/bars: from midnight to midnight at the exchange.
    const midnight = Date.parse(date)
    const startMs = Math.max(instantOfWallClock(exchange.timeZone, midnight), fromMs)
    const endMs = instantOfWallClock(exchange.timeZone, midnight + MS_PER_DAY)
    return count === 0 || startMs >= endMs ? [] : [{ exchange, date, instruments: own, count, startMs, endMs }]
  })
}

/** How many minute bars there are of each start. */
async function countStarts(
  store: Store,
  catalog: Catalog,
  parts: readonly ExchangeDay[],
): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  for (const { exchange, instruments, startMs, endMs } of parts) {
    const ids = instruments?.flatMap((name) => catalog.instrument(name)?.id ?? []) ?? catalog.idsOf(exchange.code)
    const rows = await store.rows<{ second: number; bars: number }>(
      `SELECT toUnixTimestamp(ts) AS second, toUInt32(count()) AS bars FROM bars_1m
       WHERE instrument IN {ids:Array(UInt32)}
         AND ts >= toDateTime({start:Int64}, 'UTC') AND ts < toDateTime({end:Int64}, 'UTC')
       GROUP BY second`,
      { ids, start: Math.ceil(startMs / 1_000), end: endMs / 1_000 },
    )
    for (const { second, bars } of rows) counts.set(second * 1_000, (counts.get(second * 1_000) ?? 0) + bars)
  }
  return counts
}

/** The starts of the regular sessions, and when what starts there ends; of several exchanges, the last of them. */
function slotEnds(topic: Topic, parts: readonly ExchangeDay[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>()
  for (const { exchange, date, startMs: fromMs } of parts) {
    for (const { startMs, endMs } of slotsOf(topic, sessionOf(exchange, date))) {
      if (startMs >= fromMs) ends.set(startMs, Math.max(endMs, ends.get(startMs) ?? 0))
    }
  }
  return ends
}

/** About how many bars each start has; where they were not counted, as many as there are instruments. */
function sizesOf(
  ends: ReadonlyMap<number, number>,
  counts: ReadonlyMap<number, number>,
  parts: readonly ExchangeDay[],
): [startMs: number, bars: number][] {
  const all = parts.reduce((sum, { count }) => sum + count, 0)
  const guess = counts.size === 0 ? all : 0
  const sizes = new Map([...ends.keys()].map((startMs) => [startMs, guess]))
  for (const [startMs, bars] of counts) sizes.set(startMs, bars)
  return [...sizes].sort(([a], [b]) => a - b)
}

interface Slice {
  readonly starts: readonly number[]
  readonly startMs: number
  readonly endMs: number
}

/** Starts one behind the other, as many at a time as may be held. */
function slicesOf(sizes: readonly [startMs: number, bars: number][], endMs: number): Slice[] {
  const groups: number[][] = []
  let held = 0
  for (const [startMs, bars] of sizes) {
    const last = groups.at(-1)
    if (last === undefined || held + bars > BARS_HELD_MAX) {
      groups.push([startMs])
      held = bars
    } else {
      last.push(startMs)
      held += bars
    }
  }
  return groups.map((starts, index) => ({
    starts,
    startMs: starts[0] ?? endMs,
    endMs: groups[index + 1]?.[0] ?? endMs,
  }))
}

async function readSlice(
  stored: StoredBars,
  topic: Topic,
  parts: readonly ExchangeDay[],
  slice: Slice,
): Promise<LiveBar[]> {
  const bars: LiveBar[] = []
  for (const { exchange, instruments, startMs, endMs } of parts) {
    const interval = topicIntervals[topic]
    const window = { startMs: Math.max(startMs, slice.startMs), endMs: Math.min(endMs, slice.endMs) }
    if (window.startMs >= window.endMs) continue
    const read = topic === 'kmin' ? stored.kept : (wish: BarsWish) => keptOrDerived(stored, wish)
    for (const bar of await read({ interval, exchange, instruments, ...window })) if (bar.final) bars.push(bar)
  }
  return bars
}

/** Hours and days that nobody brought are made of minutes, as they were when they were live. */
async function keptOrDerived(stored: StoredBars, wish: BarsWish): Promise<LiveBar[]> {
  const kept = await stored.kept(wish)
  const known = new Set(kept.map(({ instrument, ts }) => `${instrument} ${ts}`))
  const derived = await stored.derived(wish)
  return [...kept, ...derived.filter(({ instrument, ts }) => !known.has(`${instrument} ${ts}`))]
}
