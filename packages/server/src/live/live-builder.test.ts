import { type Exchange, formatInstant, type LiveBar } from '@barkeep/core'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { BarsWish, StoredBars } from './derived-bars.js'
import { LiveBuilder } from './live-builder.js'
import { derivedSource } from './running-bar.js'

/** 09:00 to 10:30 in UTC: a whole hour and half of one. */
const exchange: Exchange = {
  code: 'SHORT',
  name: 'Ninety minutes a day',
  mic: null,
  timeZone: 'UTC',
  currency: 'TWD',
  sessions: [{ since: '1900-01-01', open: '09:00', close: '10:30' }],
}
const openMs = Date.UTC(2026, 10, 20, 9)
const ts = (minute: number) => formatInstant(openMs + minute * 60_000)

let commits: number
/** What was committed, as the store has it: the last of each key. */
let minutes: Map<string, LiveBar>
let keptHours: LiveBar[]
/** How often the store was asked. */
let derivations: number

beforeEach(() => {
  commits = 0
  minutes = new Map()
  keptHours = []
  derivations = 0
})

function commit(name: string, minute: number, close: number, turnover: number | null = close * 10): LiveBar {
  const knownAt = new Date(openMs + ++commits).toISOString()
  const numbers = { open: close - 1, high: close + 2, low: close - 2, close, volume: minute + 1, turnover, trades: 1 }
  const bar = { instrument: `SHORT:${name}`, ts: ts(minute), ...numbers }
  const committed = { ...bar, final: true, source: 'test', known_at: knownAt }
  minutes.set(`${name} ${minute}`, committed)
  return committed
}

/** Sums up what was committed, one bar after the other: slow and plain. */
const stored: StoredBars = {
  async derived({ startMs, endMs, instruments }: BarsWish) {
    derivations += 1
    const wanted = instruments === undefined ? undefined : new Set(instruments)
    return [openMs, openMs + 3_600_000]
      .filter((hourMs) => hourMs >= startMs && hourMs < endMs)
      .flatMap((hourMs) => {
        const names = new Set([...minutes.values()].map(({ instrument }) => instrument))
        return [...names].filter((name) => wanted?.has(name) ?? true).flatMap((name) => summed(name, hourMs) ?? [])
      })
  },
  kept: async () => keptHours,
}

function summed(instrument: string, hourMs: number): LiveBar | undefined {
  const own = [...minutes.values()]
    .filter((bar) => bar.instrument === instrument)
    .filter((bar) => Date.parse(bar.ts) >= hourMs && Date.parse(bar.ts) < hourMs + 3_600_000)
    .sort((a, b) => (a.ts < b.ts ? -1 : 1))
  const [first, last] = [own[0], own.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const total = (values: (number | null)[]) =>
    values.some((value) => value === null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
  return {
    instrument,
    ts: formatInstant(hourMs),
    open: first.open,
    high: Math.max(...own.map(({ high }) => high)),
    low: Math.min(...own.map(({ low }) => low)),
    close: last.close,
    volume: own.reduce((sum, { volume }) => sum + volume, 0),
    turnover: total(own.map(({ turnover }) => turnover)),
    trades: total(own.map(({ trades }) => trades)),
    final: false,
    source: derivedSource,
    known_at:
      own
        .map((bar) => bar.known_at)
        .sort()
        .at(-1) ?? '',
  }
}

const openBuilder = (openedMs = openMs - 1) =>
  new LiveBuilder({
    topic: 'khour',
    stored,
    exchange: (code) => (code === 'SHORT' ? exchange : undefined),
    now: () => openedMs,
  })
const done = (minute: number) => [{ ts: ts(minute), exchange: 'SHORT', instruments: 1, missing: [] }]

describe('while it runs', () => {
  test('an hour is the sum of its minutes, without asking the store', async () => {
    const builder = openBuilder()
    builder.addMinutes([commit('A', 0, 10), commit('A', 1, 30), commit('B', 1, 5)])
    expect(await builder.take()).toEqual([summed('SHORT:A', openMs), summed('SHORT:B', openMs)])
    expect(await builder.take()).toEqual([])
    builder.addMinutes([commit('A', 2, 20, null)])
    expect(await builder.take()).toEqual([summed('SHORT:A', openMs)])
    // The last minute may come again.
    builder.addMinutes([commit('A', 2, 25)])
    expect(await builder.take()).toEqual([summed('SHORT:A', openMs)])
    expect(derivations).toBe(0)
  })

  test('whatever comes in whatever order, what is taken last is the sum of what was committed last', async () => {
    const minute = fc.record({
      name: fc.constantFrom('A', 'B'),
      minute: fc.integer({ min: 0, max: 59 }),
      close: fc.integer({ min: 3, max: 99 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(minute, { maxLength: 5 }), { minLength: 1, maxLength: 12 }),
        async (strokes) => {
          minutes = new Map()
          const builder = openBuilder()
          const taken = new Map<string, LiveBar>()
          for (const stroke of strokes) {
            const unique = [...new Map(stroke.map((one) => [`${one.name} ${one.minute}`, one])).values()]
            builder.addMinutes(unique.map((one) => commit(one.name, one.minute, one.close)))
            while (builder.hasNews) for (const bar of await builder.take()) taken.set(bar.instrument, bar)
          }
          for (const [instrument, bar] of taken) expect(bar).toEqual(summed(instrument, openMs))
          expect(new Set(taken.keys())).toEqual(new Set([...minutes.values()].map(({ instrument }) => instrument)))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('of an hour that began before the process, the store tells the first minutes', async () => {
    commit('A', 0, 50)
    const builder = openBuilder(openMs + 60_000)
    builder.addMinutes([commit('A', 3, 10)])
    expect(await builder.take()).toEqual([summed('SHORT:A', openMs)])
    expect(derivations).toBe(1)
  })

  test('a bar that somebody else publishes is left to them', async () => {
    const builder = openBuilder()
    builder.addForeign([{ ...commit('A', 0, 10), ts: ts(0), source: 'broker' }])
    builder.addMinutes([commit('A', 1, 10), commit('B', 1, 10)])
    expect((await builder.take()).map(({ instrument }) => instrument)).toEqual(['SHORT:B'])
  })
})

describe('closing', () => {
  test('an hour closes with its last minute, and the short one with that of the session', () => {
    const builder = openBuilder()
    expect(builder.closedBy([...done(58), ...done(60)])).toEqual([])
    expect(builder.closedBy(done(59))).toMatchObject([{ startMs: openMs, endMs: openMs + 3_600_000 }])
    expect(builder.closedBy(done(89))).toMatchObject([{ startMs: openMs + 3_600_000, endMs: openMs + 5_400_000 }])
  })

  test('its final bars are those of the store, also of who had no minute lately, and none that is known already', async () => {
    const builder = openBuilder()
    builder.addMinutes([commit('A', 59, 10), commit('B', 3, 20), commit('C', 3, 30)])
    const [closing] = builder.closedBy(done(59))
    if (closing === undefined) throw new Error('The hour did not close.')
    const final = (name: string) => ({ ...summed(`SHORT:${name}`, openMs), final: true })
    expect(await builder.finalBars(closing)).toEqual([final('A'), final('B'), final('C')])
    keptHours = [
      { ...commit('A', 61, 1), ts: ts(0), source: 'broker' },
      { ...(summed('SHORT:B', openMs) ?? commit('B', 61, 1)), final: true },
    ]
    expect(await builder.finalBars(closing)).toEqual([final('C')])
  })

  test('a minute that is corrected later closes the hour anew, for its instrument alone', async () => {
    const builder = openBuilder()
    builder.addMinutes([commit('A', 59, 10), commit('B', 59, 20)])
    builder.closedBy(done(59))
    builder.addMinutes([commit('B', 30, 40)])
    const [corrected] = builder.takeCorrected()
    expect(corrected).toMatchObject({ startMs: openMs, instruments: new Set(['SHORT:B']) })
    expect(builder.takeCorrected()).toEqual([])
  })

  test('what ended while no server ran is known at the start', () => {
    const builder = openBuilder(openMs + 4_000_000)
    expect(builder.missed([exchange], openMs + 4_000_000)).toMatchObject([
      { startMs: openMs, endMs: openMs + 3_600_000 },
    ])
    expect(builder.missed([exchange], openMs)).toEqual([])
  })
})
