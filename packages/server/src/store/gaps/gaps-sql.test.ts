import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Contents, openContents } from '../contents.js'
import { openStore } from '../open-store.js'
import type { Store } from '../store.js'
import { type Gap, gapBoundaryQuery, gapReasons, gapsQuery, quietReasons } from './gaps-sql.js'
import type { GapsPart } from './gaps-sql-part.js'

/** Two weeks of a month that begins on a Monday, with a day in the middle on which the exchange was closed. */
const dates = [1, 2, 3, 4, 5, 8, 9, 11, 12, 15, 16, 17].map((day) => `2026-06-${String(day).padStart(2, '0')}`)
const instruments = 4

let directory: string
let store: Store
let contents: Contents

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-gaps-sql-'))
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  contents = await openContents(store)
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

async function clear(): Promise<void> {
  for (const table of ['bars_1m', 'bars_1h', 'bars_1d', 'coverage']) await store.command(`TRUNCATE TABLE ${table}`)
}

interface TestBar {
  readonly id: number
  readonly ts: string
  readonly price: number
  readonly volume: number
}

async function insertBars(interval: string, bars: readonly TestBar[]): Promise<void> {
  if (bars.length === 0) return
  const rows = bars.map(({ id, ts, price, volume }) => `(${id}, '${ts}', ${price}, ${volume})`)
  await store.command(`INSERT INTO bars_${interval}
    SELECT t.1, toDateTime(t.2, 'UTC'), t.3, t.3, t.3, t.3, t.4, NULL, NULL, 'test', true, now64(3)
    FROM (SELECT arrayJoin([${rows.join(', ')}]) AS t)`)
}

interface Cover {
  readonly of: string
  readonly scope: string
  readonly start: string
  readonly end: string
  readonly outcome: string
  /** One of its own unless told. */
  readonly connector?: string
}

async function insertCoverage(rows: readonly Cover[]): Promise<void> {
  if (rows.length === 0) return
  const tuples = rows.map(
    (row, index) =>
      `('${row.of}', '${row.scope}', '${row.start}', '${row.end}', '${row.connector ?? `c${index}`}', '${row.outcome}')`,
  )
  await store.command(`INSERT INTO coverage SELECT t.1, t.2, toDate32(t.3), toDate32(t.4), t.5, t.6, now64(3)
    FROM (SELECT arrayJoin([${tuples.join(', ')}]) AS t)`)
}

const nameOf = (id: number) => `SIM:${1001 + id}`

async function saveInstruments(
  listed: readonly (string | null)[],
  delisted: readonly (string | null)[],
): Promise<void> {
  await contents.catalog.save(
    Array.from({ length: instruments }, (_, id) => ({
      instrument: nameOf(id),
      exchange: 'SIM',
      symbol: String(1001 + id),
      name: nameOf(id),
      kind: 'stock' as const,
      isin: null,
      listed: listed[id] ?? null,
      delisted: delisted[id] ?? null,
    })),
  )
}

function partOf(more: Partial<GapsPart> = {}): GapsPart {
  const ids = Array.from({ length: instruments }, (_, id) => id)
  return {
    exchange: contents.catalog.exchange('SIM'),
    interval: '1d',
    ids,
    marketIds: ids,
    sessions: dates.map((date) => ({ date, openMinute: 540, closeMinute: 810 })),
    nobody: [],
    failed: [],
    failedForAll: [],
    ...more,
  }
}

async function find(part: GapsPart): Promise<Gap[]> {
  const { sql, params } = gapsQuery({ parts: [part], reasons: [...gapReasons, ...quietReasons] })
  return store.rows<Gap>(sql, params)
}

const dayAfter = (date: string) => new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)

interface World {
  /** By instrument and place: a bar, one of zeros, or none. */
  readonly held: readonly (readonly ('bar' | 'zeros' | 'none')[])[]
  /** By instrument and place: whether an hour shows a trade. */
  readonly traded: readonly (readonly boolean[])[]
  readonly coverage: readonly (Omit<Cover, 'of' | 'start' | 'end'> & {
    readonly from: number
    readonly until: number
  })[]
  /** Single days of which a bar was told that could not be kept. */
  readonly refused: readonly { readonly id: number; readonly at: number; readonly outcome: 'zeros' | 'refused' }[]
  readonly failed: readonly { readonly id: number; readonly from: number; readonly until: number }[]
  readonly failedForAll: readonly number[]
  readonly nobody: readonly number[]
  readonly listed: readonly (number | null)[]
  readonly delisted: readonly (number | null)[]
}

const place = fc.nat(dates.length - 1)
const range = fc.tuple(place, fc.integer({ min: 1, max: dates.length })).map(([from, length]) => ({
  from,
  until: Math.min(dates.length, from + length),
}))
const grid = <Cell>(cell: fc.Arbitrary<Cell>) =>
  fc.array(fc.array(cell, { minLength: dates.length, maxLength: dates.length }), {
    minLength: instruments,
    maxLength: instruments,
  })
const ofEach = fc.array(fc.option(place, { freq: 2 }), { minLength: instruments, maxLength: instruments })
const worlds: fc.Arbitrary<World> = fc.record({
  held: grid(fc.constantFrom('bar' as const, 'bar' as const, 'bar' as const, 'zeros' as const, 'none' as const)),
  traded: grid(fc.boolean()),
  coverage: fc.array(
    fc
      .tuple(
        fc.constantFrom('SIM', ...Array.from({ length: instruments }, (_, id) => nameOf(id))),
        fc.constantFrom('page', 'no-data', 'not-listed', 'before-history', 'not-yet', 'holiday'),
        range,
      )
      .map(([scope, outcome, dated]) => ({ scope, outcome, ...dated })),
    { maxLength: 6 },
  ),
  refused: fc.uniqueArray(
    fc.record({
      id: fc.nat(instruments - 1),
      at: place,
      outcome: fc.constantFrom('zeros' as const, 'refused' as const),
    }),
    { maxLength: 6, selector: ({ id, at }) => `${id} ${at}` },
  ),
  failed: fc.array(
    fc.tuple(fc.nat(instruments - 1), range).map(([id, dated]) => ({ id, ...dated })),
    { maxLength: 3 },
  ),
  failedForAll: fc.uniqueArray(place, { maxLength: 2 }).map((places) => places.sort((a, b) => a - b)),
  nobody: fc.uniqueArray(place, { maxLength: 2 }).map((places) => places.sort((a, b) => a - b)),
  listed: ofEach,
  delisted: ofEach,
})

/** The same judgement, cell by cell. */
function expectedOf(world: World): Gap[] {
  const gaps: Gap[] = []
  const add = (
    scope: string,
    reasons: readonly (string | undefined)[],
    nameRun = (reason: string, _: number) => reason,
  ) => {
    for (let from = 0; from < reasons.length; ) {
      const reason = reasons[from]
      let until = from + 1
      while (until < reasons.length && reasons[until] === reason) until++
      if (reason !== undefined) {
        const [start = '', last = ''] = [dates[from], dates[until - 1]]
        const named = nameRun(reason, from) as Gap['reason'] // of the words below
        gaps.push({ scope, interval: '1d', start, end: dayAfter(last), from: null, to: null, reason: named })
      }
      from = until
    }
  }
  const nobody = new Set(world.nobody)
  const failedForAll = new Set(world.failedForAll)
  add(
    'SIM',
    dates.map((_, at) => (nobody.has(at) ? (failedForAll.has(at) ? 'failed' : 'market-day') : undefined)),
  )
  for (let id = 0; id < instruments; id++) {
    const isDue = (at: number) =>
      !nobody.has(at) && at >= (world.listed[id] ?? 0) && at < (world.delisted[id] ?? dates.length)
    const isHeld = (at: number) => world.held[id]?.[at] === 'bar'
    const covered = (at: number, scopes: readonly string[], outcomes: readonly string[]) =>
      world.coverage.some(
        (row) => scopes.includes(row.scope) && outcomes.includes(row.outcome) && at >= row.from && at < row.until,
      )
    const reasons = dates.map((_, at) => {
      if (!isDue(at) || isHeld(at)) return undefined
      if (world.held[id]?.[at] === 'zeros') return 'zeros'
      const told = covered(at, ['SIM', nameOf(id)], ['page', 'no-data', 'no-trade'])
      // Another upstream spoke for the day, so it was settled.
      const refused = told ? undefined : world.refused.find((one) => one.id === id && one.at === at)?.outcome
      if (refused !== undefined) return refused === 'zeros' ? 'zeros' : 'upstream-hole'
      const unlisted = !told && covered(at, [nameOf(id)], ['not-listed'])
      const beyond = !told && !unlisted && covered(at, [nameOf(id)], ['before-history'])
      if (world.traded[id]?.[at] === true && (told || unlisted || beyond)) return 'upstream-hole'
      if (beyond) return 'upstream-hole'
      if (unlisted) return 'not-listed'
      if (told) return 'quiet'
      const hasFailed =
        failedForAll.has(at) || world.failed.some((one) => one.id === id && at >= one.from && at < one.until)
      return hasFailed ? 'failed' : 'never-asked'
    })
    add(nameOf(id), reasons, (reason, from) => {
      if (reason !== 'quiet') return reason
      const before = dates.map((_, at) => at).filter((at) => at < from && at >= from - 20)
      return before.filter(isHeld).length >= Math.max(before.filter(isDue).length, 5) ? 'halted' : 'no-trade'
    })
  }
  return gaps
}

async function build(world: World): Promise<GapsPart> {
  await clear()
  const dateAt = (at: number | null | undefined) => (at === null || at === undefined ? null : (dates[at] ?? null))
  await saveInstruments(world.listed.map(dateAt), world.delisted.map(dateAt))
  const cells = world.held.flatMap((row, id) => row.map((held, at) => ({ id, held, at, date: dates[at] ?? '' })))
  await insertBars(
    '1d',
    cells.flatMap(({ id, held, date }) =>
      held === 'none' ? [] : [{ id, ts: `${date} 01:00:00`, price: held === 'bar' ? 10 : 0, volume: 1 }],
    ),
  )
  await insertBars(
    '1h',
    cells.map(({ id, at, date }) => ({
      id,
      ts: `${date} 02:00:00`,
      price: 10,
      volume: world.traded[id]?.[at] === true ? 5 : 0,
    })),
  )
  await insertCoverage([
    ...world.coverage.map(({ from, until, ...row }) => ({
      ...row,
      of: '1d',
      start: dates[from] ?? '',
      end: dayAfter(dates[until - 1] ?? ''),
    })),
    ...world.refused.map(({ id, at, outcome }) => ({
      of: '1d',
      scope: nameOf(id),
      start: dates[at] ?? '',
      end: dayAfter(dates[at] ?? ''),
      outcome,
    })),
  ])
  const { failed, failedForAll, nobody } = world
  return partOf({ failed, failedForAll, nobody })
}

test('days without a bar are judged as one would cell by cell, and runs of one reason are one row', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      expect(await find(await build(world))).toEqual(expectedOf(world))
    }),
    { numRuns: 15 },
  )
})

describe('a bar that was told and could not be kept', () => {
  const [before = '', date = '', after = ''] = dates.slice(1, 4)
  const sessions = [before, date, after].map((one) => ({ date: one, openMinute: 540, closeMinute: 810 }))
  const spoke = (outcome: string, start: string, end: string, connector = 'first', scope = nameOf(0)) =>
    insertCoverage([{ of: '1d', scope, start, end, outcome, connector }])
  const reasons = async (part: Partial<GapsPart> = {}) =>
    (await find(partOf({ ids: [0], sessions, ...part }))).map(({ start, reason }) => `${start} ${reason}`)

  beforeEach(async () => {
    await clear()
    await saveInstruments([], [])
    const bars = [before, after].map((one) => ({ id: 0, ts: `${one} 01:00:00`, price: 10, volume: 1 }))
    await insertBars('1d', bars)
  })

  test('is missing although its page spoke for the day', async () => {
    await spoke('page', before, dayAfter(after))
    expect(await reasons()).toEqual([`${date} no-trade`])
    await spoke('zeros', date, dayAfter(date))
    expect(await reasons()).toEqual([`${date} zeros`])
    await spoke('refused', date, dayAfter(date))
    expect(await reasons()).toEqual([`${date} upstream-hole`])
  })

  test('was healed when a bar came', async () => {
    await spoke('zeros', date, dayAfter(date))
    await insertBars('1d', [{ id: 0, ts: `${date} 01:00:00`, price: 10, volume: 1 }])
    expect(await reasons()).toEqual([])
  })

  test('is settled when the same upstream speaks for the day later, alone or among others, and tells none', async () => {
    await spoke('zeros', date, dayAfter(date))
    await spoke('page', before, dayAfter(after))
    expect(await reasons()).toEqual([`${date} no-trade`])
    await spoke('zeros', date, dayAfter(date))
    expect(await reasons()).toEqual([`${date} zeros`])
    await spoke('no-data', date, dayAfter(date))
    expect(await reasons()).toEqual([`${date} no-trade`])
  })

  test('is settled by what another upstream says of the day, or of the whole exchange', async () => {
    await spoke('page', date, dayAfter(date), 'second', 'SIM')
    await spoke('zeros', date, dayAfter(date))
    expect(await reasons()).toEqual([`${date} no-trade`])
  })

  test('does not stand for a day without minutes', async () => {
    const minutes = { interval: '1m' as const }
    await spoke('page', before, dayAfter(after))
    expect(await reasons(minutes)).toEqual([`${before} never-asked`, `${date} no-trade`, `${after} never-asked`])
    await spoke('zeros', date, dayAfter(date))
    expect(await reasons(minutes)).toEqual([`${before} never-asked`])
  })
})

test('the cursor of a page is its last row, and the row after it tells that there is more', async () => {
  await clear()
  await saveInstruments([], [])
  await insertBars('1d', [{ id: 0, ts: `${dates[3]} 01:00:00`, price: 10, volume: 1 }])
  const parts = [partOf()]
  const reasons = gapReasons
  const all = await find(partOf())
  expect(all).toHaveLength(5)
  const first = gapBoundaryQuery({ parts, reasons }, 2)
  const [last, following] = await store.rows<{ position: [number, number, number, number] }>(first.sql, first.params)
  expect([last?.position, following?.position]).toEqual([
    [0, 0, 4, 0],
    [0, 1, 0, 0],
  ])
  const rest = gapsQuery({ parts, reasons, after: last?.position ?? [0, 0, 0, 0] })
  expect(await store.rows(rest.sql, rest.params)).toEqual(all.slice(2))
})

describe('hours within a session', () => {
  const date = dates[2] ?? ''
  /** One minute bar of 100 shares in each of the hours from 9 on; the last, from 13:00, is short. */
  const minutes = (id: number, hours: readonly number[]) =>
    hours.map((hour) => ({ id, ts: `${date} 0${hour - 8}:05:00`, price: 10, volume: 100 }))
  const only = { sessions: [{ date, openMinute: 540, closeMinute: 810 }], interval: '1m' as const }
  const missing = async (part: Partial<GapsPart> = {}) =>
    (await find(partOf({ ...only, ...part })))
      .filter(({ from }) => from !== null)
      .map(({ scope, from, to, reason }) => [scope, `${from}-${to}`, reason].join(' '))

  beforeEach(async () => {
    await clear()
    await saveInstruments([], [])
  })

  test('are missing in the middle of a session when nobody spoke for it', async () => {
    await insertBars('1m', [...minutes(0, [9, 12, 13]), ...minutes(1, [9, 10, 11, 12, 13])])
    expect(await missing()).toEqual(['SIM:1001 10:00-12:00 never-asked'])
    expect(await missing({ failedForAll: [0] })).toEqual(['SIM:1001 10:00-12:00 failed'])
  })

  test('are quiet when a source spoke for the session and nothing shows a trade', async () => {
    await insertBars('1m', minutes(0, [9, 12, 13]))
    await insertCoverage([{ of: '1m', scope: nameOf(0), start: date, end: dayAfter(date), outcome: 'page' }])
    expect(await missing()).toEqual([])
  })

  test('are a hole when a source spoke for the session and hour bars show a trade', async () => {
    await insertBars('1m', minutes(0, [9, 12]))
    await insertBars('1h', [
      { id: 0, ts: `${date} 01:00:00`, price: 10, volume: 100 },
      { id: 0, ts: `${date} 02:00:00`, price: 10, volume: 100 },
      { id: 0, ts: `${date} 05:00:00`, price: 10, volume: 100 },
    ])
    await insertCoverage([{ of: '1m', scope: 'SIM', start: date, end: dayAfter(date), outcome: 'page' }])
    // No hour bar from 11:00 to 12:00: nothing was traded then.
    expect(await missing()).toEqual(['SIM:1001 10:00-11:00 upstream-hole', 'SIM:1001 13:00-13:30 upstream-hole'])
  })

  test('are none when the minutes have all the volume of the day', async () => {
    await insertBars('1m', minutes(0, [9, 12, 13]))
    await insertBars('1d', [{ id: 0, ts: `${date} 01:00:00`, price: 10, volume: 300 }])
    expect(await missing()).toEqual([])
    await insertBars('1d', [{ id: 0, ts: `${date} 01:00:00`, price: 10, volume: 301 }])
    expect(await missing()).toEqual(['SIM:1001 10:00-12:00 never-asked'])
  })

  test('after the end of a half day are none, whether bars or the schedule tell of it', async () => {
    await insertBars('1m', [...minutes(0, [9, 10]), ...minutes(1, [9])])
    expect(await missing()).toEqual(['SIM:1002 10:00-11:00 never-asked'])
    await insertBars('1m', minutes(2, [9, 10, 11, 12, 13]))
    const scheduled = { sessions: [{ date, openMinute: 540, closeMinute: 630 }] }
    expect(await missing(scheduled)).toEqual(['SIM:1002 10:00-10:30 never-asked'])
  })

  test('with nothing but a bar of zeros are told as such', async () => {
    await insertBars('1m', [...minutes(0, [9, 11, 12, 13]), { id: 0, ts: `${date} 02:05:00`, price: 0, volume: 0 }])
    expect(await missing()).toEqual(['SIM:1001 10:00-11:00 zeros'])
  })

  test('of hour bars are a hole when minutes show a trade', async () => {
    await insertBars('1h', [{ id: 0, ts: `${date} 01:00:00`, price: 10, volume: 100 }])
    await insertBars('1m', minutes(0, [9, 13]))
    expect(await missing({ interval: '1h' })).toEqual(['SIM:1001 13:00-13:30 never-asked'])
  })
})
