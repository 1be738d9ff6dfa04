import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bar } from '@barkeep/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Contents, openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'
import { barsQuery } from './bars-sql.js'
import { readSourceOrder } from './source-order.js'

type Told = Bar & { readonly final?: boolean }

const order = { TWSE: { '1d': ['twse', 'finmind', '*', 'live'], '1m': ['fugle'] } }
let directory: string
let store: Store
let contents: Contents

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-kept-bars-'))
  store = await openChdbStore({ directory, streamsMax: 1 })
  contents = await openContents(store, undefined, readSourceOrder(order))
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const day = (instrument: string, date: string, close: number, final = true): Told => {
  const prices = { open: close, high: close, low: close, close, volume: 1, turnover: null, trades: null }
  return { instrument, ts: `${date}T01:00:00Z`, ...prices, final }
}

/** By a crawl or a live source. */
const append = (source: string, bars: readonly Told[]) => contents.ingest.append({ interval: '1d', source, bars })

/** As the body of a request. */
function post(source: string, bars: readonly Told[]) {
  const text = bars.map((bar) => `${JSON.stringify(bar)}\n`).join('')
  return contents.ingest.store({
    interval: '1d',
    format: 'JSONEachRow',
    body: (async function* () {
      yield new TextEncoder().encode(text)
    })(),
    bytesMax: 1e9,
    source,
  })
}

interface Shown {
  readonly ts: string
  readonly close: number
  readonly source: string
}

/** Bars of an instrument, as `GET /v1/bars` reads them. */
function query(instrument: string, source?: string) {
  const id = contents.catalog.instrument(instrument)?.id ?? -1
  const exchange = contents.catalog.exchange('TWSE')
  return barsQuery(
    {
      interval: '1d',
      base: '1d',
      parts: [{ exchange, ids: [id], marketIds: [id], startSeconds: 0, endSeconds: 4_294_967_295 }],
      columns: ['ts', 'close', 'source'],
      withUnfinished: true,
      fillsPrevious: false,
      nowSeconds: 2_000_000_000,
      ...(source !== undefined && { source }),
    },
    'bar.id',
    'bar.t',
  )
}
function read(instrument: string, source?: string): Promise<Shown[]> {
  const { sql, params } = query(instrument, source)
  return store.rows<Shown>(sql, params)
}
const shown = async (instrument: string, source?: string) =>
  (await read(instrument, source)).map(({ ts, close, source: by }) => `${ts.slice(0, 10)} ${close} ${by}`)

describe('of one bar that several sources tell', () => {
  test('the better one is kept, whoever comes later, and what the other said can be read', async () => {
    await append('finmind', [day('TWSE:1', '2026-11-18', 10)])
    await append('twse', [day('TWSE:1', '2026-11-18', 11)])
    await append('finmind', [day('TWSE:1', '2026-11-18', 12)])
    expect(await shown('TWSE:1')).toEqual(['2026-11-18 11 twse'])
    expect(await shown('TWSE:1', 'finmind')).toEqual(['2026-11-18 12 finmind'])
    expect(await shown('TWSE:1', 'twse')).toEqual(['2026-11-18 11 twse'])
    expect(await shown('TWSE:1', 'nobody')).toEqual([])
  })

  test('a read of what is kept does not look at what the others said', () => {
    expect(query('TWSE:1').sql).not.toContain('_other')
    expect(query('TWSE:1', 'finmind').sql).toContain('bars_1d_other')
  })

  test('the official day takes the place of the live one, and a late live one changes nothing', async () => {
    await append('live', [day('TWSE:2', '2026-11-18', 20), day('TWSE:2', '2026-11-19', 21)])
    await append('twse', [day('TWSE:2', '2026-11-18', 22)])
    await append('live', [day('TWSE:2', '2026-11-18', 23)])
    expect(await shown('TWSE:2')).toEqual(['2026-11-18 22 twse', '2026-11-19 21 live'])
  })

  test('a final one comes before one that may still change, whatever the order', async () => {
    await append('live', [day('TWSE:3', '2026-11-18', 30)])
    await append('twse', [day('TWSE:3', '2026-11-18', 31, false)])
    expect(await shown('TWSE:3')).toEqual(['2026-11-18 30 live'])
    await append('twse', [day('TWSE:3', '2026-11-18', 32)])
    expect(await shown('TWSE:3')).toEqual(['2026-11-18 32 twse'])
  })

  test('of the same source the later is kept', async () => {
    await append('twse', [day('TWSE:4', '2026-11-18', 40)])
    await append('twse', [day('TWSE:4', '2026-11-18', 41)])
    expect(await shown('TWSE:4')).toEqual(['2026-11-18 41 twse'])
  })

  test('where no order is declared the later is kept, and what the earlier said can be read', async () => {
    await append('one', [day('TPEX:1', '2026-11-18', 50)])
    await append('two', [day('TPEX:1', '2026-11-18', 51)])
    expect(await shown('TPEX:1')).toEqual(['2026-11-18 51 two'])
    expect(await shown('TPEX:1', 'one')).toEqual(['2026-11-18 50 one'])
  })

  test('a body says how many of its bars are not kept, and what is not kept is not told to others', async () => {
    await append('twse', [day('TWSE:5', '2026-11-18', 60)])
    const report = await post('yahoo', [day('TWSE:5', '2026-11-18', 61), day('TWSE:5', '2026-11-19', 62)])
    expect(report).toMatchObject({ rows: 2, replaced: 0, outranked: 1 })
    expect(await shown('TWSE:5')).toEqual(['2026-11-18 60 twse', '2026-11-19 62 yahoo'])
    const later = [day('TWSE:5', '2026-11-18', 63), day('TWSE:5', '2026-11-19', 64), day('TWSE:5', '2026-11-20', 65)]
    const { bars } = await append('live', later)
    expect(bars.map(({ close }) => close)).toEqual([65])
  })

  test('a body that was read before the bar that it replaces came takes its place all the same', async () => {
    const early = `committed_1d_${'0'.repeat(32)}`
    await append('live', [day('TWSE:6', '2026-11-18', 70)])
    const id = contents.catalog.instrument('TWSE:6')?.id
    await store.command(`CREATE TABLE ${early} AS bars_1d`)
    await store.command(`INSERT INTO ${early} SELECT ${id}, toDateTime('2026-11-18 01:00:00', 'UTC'), 71, 71, 71, 71, 1, NULL, NULL,
      'twse', true, toDateTime64('2020-01-01 00:00:00', 3, 'UTC')`)
    // What a crash left is finished at the next start.
    contents = await openContents(store, undefined, readSourceOrder(order))
    expect(await shown('TWSE:6')).toEqual(['2026-11-18 71 twse'])
    expect(await shown('TWSE:6', 'live')).toEqual(['2026-11-18 70 live'])
  })
})

test('whatever comes in which order, kept is what the rule says of all that was told', async () => {
  let markets = 0
  const ranks: Readonly<Record<string, number>> = { twse: 0, finmind: 1, yahoo: 2, api: 2, live: 3 }
  const bar = fc.record({
    date: fc.integer({ min: 1, max: 3 }),
    close: fc.integer({ min: 1, max: 9 }),
    final: fc.boolean(),
  })
  const write = fc.record({
    source: fc.constantFrom('twse', 'finmind', 'yahoo', 'api', 'live'),
    way: fc.constantFrom(append, post),
    bars: fc.uniqueArray(bar, { minLength: 1, maxLength: 3, selector: ({ date }) => date }),
  })
  const law = fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 6 }), async (writes) => {
    const instrument = `TWSE:P${markets++}`
    const kept = new Map<string, { source: string; close: number; final: boolean }>()
    const said = new Map<string, number>()
    for (const { source, way, bars } of writes) {
      const told = bars.map(({ date, close, final }) => day(instrument, `2026-11-0${date}`, close, final))
      await way(source, told)
      for (const { ts, close, final = true } of told) {
        const date = ts.slice(0, 10)
        const old = kept.get(date)
        said.set(`${source} ${date}`, close)
        const isBetter =
          old === undefined ||
          old.source === source ||
          (old.final === final ? (ranks[source] ?? 0) <= (ranks[old.source] ?? 0) : final)
        if (isBetter) kept.set(date, { source, close, final })
      }
    }
    const expected = [...kept].map(([date, { source, close }]) => `${date} ${close} ${source}`).sort()
    expect(await shown(instrument)).toEqual(expected)
    for (const source of Object.keys(ranks)) {
      const all = [...said].filter(([key]) => key.startsWith(`${source} `))
      expect(await shown(instrument, source)).toEqual(
        all.map(([key, close]) => `${key.split(' ')[1]} ${close} ${source}`).sort(),
      )
    }
  })
  await fc.assert(law, { numRuns: 12 })
})

describe('the setting sources', () => {
  test('takes a list for all intervals, or lists by interval', () => {
    const read = readSourceOrder({ TWSE: ['twse', 'yahoo'], TPEX: { '1m': ['fugle', '*'] } })
    expect(read.of('TWSE', '1h')).toEqual(['twse', 'yahoo'])
    expect([read.of('TPEX', '1m'), read.of('TPEX', '1d'), read.of('US', '1d')]).toEqual([['fugle', '*'], [], []])
  })

  test.each([
    [['twse'], 'must be an object'],
    [{ TWSE: 'twse' }, 'must be a list of sources'],
    [{ TWSE: [] }, 'must name sources'],
    [{ TWSE: ['twse', 'twse'] }, 'each once'],
    [{ TWSE: ['a b'] }, 'must name sources'],
    [{ TWSE: { '5m': ['twse'] } }, "'5m' is none of 1m, 1h, 1d"],
  ])('%j is refused', (declared, said) => {
    expect(() => readSourceOrder(declared)).toThrow(said)
  })

  test('an order of an exchange that is not known is refused', async () => {
    await expect(openContents(store, undefined, readSourceOrder({ TWS: ['twse'] }))).rejects.toMatchObject({
      code: 'UNKNOWN_EXCHANGE',
    })
  })
})
