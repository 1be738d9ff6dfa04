import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@barkeep/client'
import type { Adjustment, Bar, Interval } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let directory: string
let server: RunningServer
let client: Client

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-adjust-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  client = createClient({ url: server.url })
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

type Change = Omit<Adjustment, 'instrument'>

function bar(instrument: string, ts: string, close: number, volume = 1_000): Bar {
  return { instrument, ts, open: close - 1, high: close + 1, low: close - 2, close, volume, turnover: 5, trades: 3 }
}

/** Days at the open of TWSE's kind of exchange. */
const day = (instrument: string, date: string, close: number, volume?: number) =>
  bar(instrument, `${date}T01:00:00Z`, close, volume)

const adjust = (instrument: string, ...changes: Change[]) =>
  client.createAdjustments(changes.map((change) => ({ instrument, ...change })))

async function closes(instrument: string, query: object = {}): Promise<number[]> {
  const bars = await client.bars([instrument], { interval: '1d', adjust: 'all', ...query }).toArray()
  return bars.map(({ close }) => close)
}

describe('by example', () => {
  test('a split divides the prices before it and multiplies their volumes, and leaves money and trades alone', async () => {
    await client.createBars('1d', [
      day('SIM:A', '2026-03-02', 100, 7),
      day('SIM:A', '2026-03-03', 102, 8),
      day('SIM:A', '2026-03-04', 50, 9),
    ])
    await adjust('SIM:A', { date: '2026-03-04', kind: 'split', value: 2.5 })
    const asked = {
      interval: '1d',
      columns: ['close', 'high', 'volume', 'turnover', 'trades', 'final', 'source'],
    } as const
    const bars = await client.bars(['SIM:A'], { ...asked, adjust: 'split' }).toArray()
    const rest = { turnover: 5, trades: 3, final: true, source: 'api' }
    expect(bars).toEqual([
      // 17.5 shares are 18.
      { close: 40, high: 40.4, volume: 18, ...rest },
      { close: 40.8, high: 41.2, volume: 20, ...rest },
      { close: 50, high: 51, volume: 9, ...rest },
    ])
    expect(await closes('SIM:A', { adjust: 'none' })).toEqual([100, 102, 50])
  })

  test('a dividend takes its part of the last close off the prices before it, and no share', async () => {
    await client.createBars('1d', [
      day('SIM:B', '2026-03-02', 80, 7),
      day('SIM:B', '2026-03-03', 100, 8),
      day('SIM:B', '2026-03-04', 96, 9),
    ])
    await adjust('SIM:B', { date: '2026-03-04', kind: 'dividend', value: 5 })
    expect(await closes('SIM:B')).toEqual([76, 95, 96])
    expect(await closes('SIM:B', { adjust: 'split' })).toEqual([80, 100, 96])
    const bars = await client.bars(['SIM:B'], { interval: '1d', adjust: 'all' }).toArray()
    expect(bars.map(({ volume }) => volume)).toEqual([7, 8, 9])
  })

  test('a dividend on the date of a split is money for a new share', async () => {
    await client.createBars('1d', [day('SIM:C', '2026-03-02', 100), day('SIM:C', '2026-03-03', 20)])
    await adjust(
      'SIM:C',
      { date: '2026-03-03', kind: 'split', value: 4 },
      { date: '2026-03-03', kind: 'dividend', value: 5 },
    )
    expect(await closes('SIM:C')).toEqual([20, 20])
  })

  test('what no bar has followed yet changes nothing, until one does', async () => {
    await client.createBars('1d', [day('SIM:D', '2026-03-02', 100), day('SIM:D', '2026-03-03', 90)])
    await adjust('SIM:D', { date: '2026-03-04', kind: 'split', value: 2 })
    expect(await closes('SIM:D')).toEqual([100, 90])
    // A minute of the new day is a bar as well.
    await client.createBars('1m', [bar('SIM:D', '2026-03-04T01:00:00Z', 46)])
    expect(await closes('SIM:D')).toEqual([50, 45])
  })

  test('the date of adjust_as_of keeps its prices, and those around it are put on its basis', async () => {
    await client.createBars('1d', [
      day('SIM:E', '2026-03-02', 100),
      day('SIM:E', '2026-03-03', 50),
      day('SIM:E', '2026-03-04', 10),
    ])
    await adjust(
      'SIM:E',
      { date: '2026-03-03', kind: 'split', value: 2 },
      { date: '2026-03-04', kind: 'split', value: 5 },
    )
    expect(await closes('SIM:E')).toEqual([10, 10, 10])
    expect(await closes('SIM:E', { adjustAsOf: '2026-03-03' })).toEqual([50, 50, 50])
    expect(await closes('SIM:E', { adjustAsOf: '2026-03-02' })).toEqual([100, 100, 100])
    expect(await closes('SIM:E', { adjustAsOf: '2030-01-01' })).toEqual([10, 10, 10])
  })

  test('a date begins at the midnight of its exchange', async () => {
    // 23:30 of the first and 00:30 of the second in New York, in winter; both are the second in UTC.
    await client.createBars('1m', [
      bar('US:NIGHT', '2026-03-02T04:30:00Z', 100),
      bar('US:NIGHT', '2026-03-02T05:30:00Z', 50),
    ])
    await adjust('US:NIGHT', { date: '2026-03-02', kind: 'split', value: 2 })
    expect(await closes('US:NIGHT', { interval: '1m' })).toEqual([50, 50])
  })

  test('a gap is filled with the adjusted close, also with that from before the window', async () => {
    await client.createBars('1d', [
      day('SIM:F', '2026-03-02', 100),
      day('SIM:F', '2026-03-05', 50),
      ...['2026-03-03', '2026-03-04'].map((date) => day('SIM:G', date, 10)),
    ])
    await adjust('SIM:F', { date: '2026-03-04', kind: 'split', value: 2 })
    expect(await closes('SIM:F', { fill: 'previous' })).toEqual([50, 50, 50, 50])
    expect(await closes('SIM:F', { fill: 'previous', start: '2026-03-03', end: '2026-03-05' })).toEqual([50, 50])
    expect(await closes('SIM:F', { fill: 'previous', start: '2026-03-03', adjust: 'none' })).toEqual([100, 100, 50])
  })

  test('a dividend that is not below the last close changes nothing, and one of 0 takes the one before back', async () => {
    await client.createBars('1d', [day('SIM:H', '2026-03-02', 100), day('SIM:H', '2026-03-03', 90)])
    await adjust('SIM:H', { date: '2026-03-03', kind: 'dividend', value: 100 })
    expect(await closes('SIM:H')).toEqual([100, 90])
    await adjust('SIM:H', { date: '2026-03-03', kind: 'dividend', value: 10 })
    expect(await closes('SIM:H')).toEqual([90, 90])
    await adjust('SIM:H', { date: '2026-03-03', kind: 'dividend', value: 0 })
    expect(await closes('SIM:H')).toEqual([100, 90])
  })

  test('instruments beside each other keep their own basis, and pages are cut from the same bars', async () => {
    const all = ['SIM:A', 'SIM:B', 'SIM:C', 'SIM:D', 'SIM:E', 'SIM:F', 'SIM:G', 'SIM:H']
    const alone: number[] = []
    for (const instrument of all) alone.push(...(await closes(instrument)))
    const together = await client.bars(all, { interval: '1d', adjust: 'all', limit: 3 }).toArray()
    expect(together.map(({ close }) => close)).toEqual(alone)
  })

  test('an answer is tagged by what it is made of: a new dividend makes another', async () => {
    const url = `${server.url}/v1/bars?interval=1d&instruments=SIM:G&adjust=all`
    const tagged = async () => (await fetch(url)).headers.get('etag')
    const [first, again] = [await tagged(), await tagged()]
    expect(again).toBe(first)
    await adjust('SIM:G', { date: '2026-03-04', kind: 'dividend', value: 0.1 })
    expect(await tagged()).not.toBe(first)
  })

  test('what is not to be understood is refused', async () => {
    const refused = async (path: string, body?: unknown) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const answer = await fetch(server.url + path, body === undefined ? {} : init)
      const { code, errors } = await answer.json()
      return [answer.status, code, errors?.[0]?.parameter ?? errors?.[0]?.field]
    }
    const bars = '/v1/bars?interval=1d'
    expect(await refused(`${bars}&adjust=dividend`)).toEqual([400, 'INVALID_PARAMETER', 'adjust'])
    expect(await refused(`${bars}&adjust_as_of=2026-03-02`)).toEqual([400, 'INCLUSIVE_PARAMETERS', 'adjust_as_of'])
    const instant = `${bars}&adjust=all&adjust_as_of=2026-03-02T01:00:00Z`
    expect(await refused(instant)).toEqual([400, 'INVALID_PARAMETER', 'adjust_as_of'])
    const split = { instrument: 'SIM:A', date: '2026-03-04', kind: 'split', value: 2.5 }
    const post = (...rows: object[]) => refused('/v1/adjustments', rows)
    expect(await post({ ...split, value: 0 })).toEqual([400, 'INVALID_BODY', 'value'])
    expect(await post({ ...split, date: '2026-02-30' })).toEqual([400, 'INVALID_PARAMETER', 'date'])
    expect(await post(split, split)).toEqual([400, 'INVALID_BODY', 'instrument'])
    expect((await post({ ...split, instrument: 'NOWHERE:1' }))[1]).toBe('UNKNOWN_EXCHANGE')
    expect(await closes('SIM:A')).toEqual([40, 40.8, 50])
  })
})

/** A market of one instrument: dates from 2026-01-05 (a Monday) on, each with days, minutes, both or none. */
interface Market {
  readonly dates: readonly { readonly close: number; readonly has: 'days' | 'minutes' | 'both' | 'none' }[]
  readonly changes: readonly { readonly at: number; readonly kind: 'split' | 'dividend'; readonly value: number }[]
}

const DATES = 24
const dateAt = (at: number) => new Date(Date.UTC(2026, 0, 5 + at)).toISOString().slice(0, 10)

const bare = { kind: 'stock', isin: null, listed: null, delisted: null } as const

const market: fc.Arbitrary<Market> = fc.record({
  dates: fc.array(
    fc.record({
      close: fc.integer({ min: 500, max: 90_000 }).map((cents) => cents / 100),
      has: fc.constantFrom('days', 'minutes', 'both', 'both', 'none'),
    }),
    { minLength: DATES, maxLength: DATES },
  ),
  changes: fc.uniqueArray(
    fc.oneof(
      fc.record({
        at: fc.integer({ min: -3, max: DATES + 3 }),
        kind: fc.constant('split' as const),
        value: fc.constantFrom(2, 3, 0.2, 1.05, 1.1237),
      }),
      fc.record({
        at: fc.integer({ min: -3, max: DATES + 3 }),
        kind: fc.constant('dividend' as const),
        value: fc.integer({ min: 1, max: 1_500 }).map((cents) => cents / 100),
      }),
    ),
    { maxLength: 6, selector: ({ at, kind }) => `${at} ${kind}` },
  ),
})

/** Dates have a day, the minutes 09:00, 09:01, 09:33 and 13:29, or both. */
function barsOf(instrument: string, { dates }: Market): Record<'1m' | '1d', Bar[]> {
  const kept: Record<'1m' | '1d', Bar[]> = { '1m': [], '1d': [] }
  for (const [at, { close, has }] of dates.entries()) {
    if (has === 'days' || has === 'both') kept['1d'].push(day(instrument, dateAt(at), close, 100 + at))
    if (has !== 'minutes' && has !== 'both') continue
    for (const [index, time] of ['01:00', '01:01', '01:33', '05:29'].entries()) {
      kept['1m'].push(bar(instrument, `${dateAt(at)}T${time}:00Z`, close + (index - 3) / 100, 10 + index))
    }
  }
  return kept
}

/** The same by another way: what each change means is asked for each bar, date by date, without cumulating anything. */
function naive(bars: Record<'1m' | '1d', Bar[]>, { changes }: Market, kinds: 'split' | 'all', asOf?: number) {
  const dateOf = ({ ts }: Bar) => ts.slice(0, 10)
  const all = [...bars['1d'], ...bars['1m']]
  const latest = all.map(dateOf).sort().at(-1) ?? ''
  const dates = [...new Set(changes.map(({ at }) => dateAt(at)))].sort()
  const changeOn = (date: string, kind: string) =>
    changes.find((change) => dateAt(change.at) === date && change.kind === kind)?.value
  const closeBefore = (index: number): number | undefined => {
    const [from, until] = [dates[index - 1] ?? '', dates[index] ?? '']
    for (const list of [bars['1d'], bars['1m']]) {
      const last = list.filter((one) => dateOf(one) >= from && dateOf(one) < until).at(-1)
      if (last !== undefined) return last.close
    }
    if (index === 0) return undefined
    const before = closeBefore(index - 1)
    return before === undefined ? undefined : before * factorOf(index - 1)
  }
  const factorOf = (index: number): number => {
    const ratio = changeOn(dates[index] ?? '', 'split') ?? 1
    const dividend = changeOn(dates[index] ?? '', 'dividend') ?? 0
    const before = kinds === 'all' && dividend > 0 ? closeBefore(index) : undefined
    const pays = before !== undefined && dividend < before / ratio
    return (pays ? 1 - dividend / (before / ratio) : 1) / ratio
  }
  const product = (after: string, until: string, factor: (index: number) => number) =>
    dates.reduce((sum, date, index) => (date > after && date <= until ? sum * factor(index) : sum), 1)
  const basis = (date: string, factor: (index: number) => number) => {
    if (asOf === undefined) return product(date, latest, factor)
    const anchor = dateAt(asOf)
    return date <= anchor ? product(date, anchor, factor) : 1 / product(anchor, date, factor)
  }
  return (one: Bar): Bar => {
    const price = basis(dateOf(one), factorOf)
    const shares = 1 / basis(dateOf(one), (index) => 1 / (changeOn(dates[index] ?? '', 'split') ?? 1))
    const { open, high, low, close, volume } = one
    const adjusted = { open: open * price, high: high * price, low: low * price, close: close * price }
    return { ...one, ...adjusted, volume: volume * shares }
  }
}

/** Prices to twelve digits, since both ways multiply the same factors in another order, and volumes as the nearest share. */
function expectSame(told: readonly Bar[], wanted: readonly Bar[]): void {
  const exact = ({ instrument, ts, turnover, trades }: Bar) => [instrument, ts, turnover, trades]
  expect(told.map(exact)).toEqual(wanted.map(exact))
  const off = told.filter((one, index) => {
    const other = wanted[index] ?? one
    const areNear = prices.every((name) => Math.abs(one[name] - other[name]) <= Math.abs(other[name]) * 1e-12)
    return !areNear || Math.abs(one.volume - other.volume) > 0.5 + 1e-9
  })
  expect(off).toEqual([])
}

const prices = ['open', 'high', 'low', 'close'] as const

/** Longer bars out of bars, by what their starts have in common. */
function resampled(bars: readonly Bar[], bucketOf: (bar: Bar) => string): Bar[] {
  const buckets = new Map<string, Bar[]>()
  for (const one of bars) {
    const key = `${one.instrument} ${bucketOf(one)}`
    buckets.set(key, [...(buckets.get(key) ?? []), one])
  }
  return [...buckets.values()].map((some) => ({
    instrument: some[0]?.instrument ?? '',
    ts: some[0] === undefined ? '' : bucketOf(some[0]),
    open: some[0]?.open ?? 0,
    high: Math.max(...some.map(({ high }) => high)),
    low: Math.min(...some.map(({ low }) => low)),
    close: some.at(-1)?.close ?? 0,
    volume: some.reduce((sum, { volume }) => sum + volume, 0),
    turnover: some.reduce((sum, { turnover }) => sum + (turnover ?? 0), 0),
    trades: some.reduce((sum, { trades }) => sum + (trades ?? 0), 0),
  }))
}

const halfHour = ({ ts }: Bar) => `${ts.slice(0, 14)}${Number(ts.slice(14, 16)) < 30 ? '00' : '30'}:00Z`
const week = ({ ts }: Bar) => {
  const monday = Date.parse(ts.slice(0, 10)) - ((new Date(ts).getUTCDay() + 6) % 7) * 86_400_000
  return `${new Date(monday).toISOString().slice(0, 10)}T01:00:00Z`
}

describe('by law', () => {
  test('bars are what another computation makes of them, and longer ones are made of adjusted ones', async () => {
    let run = 0
    const asked = fc.record({
      adjust: fc.constantFrom('split' as const, 'all' as const),
      asOf: fc.option(fc.integer({ min: -5, max: DATES + 5 }), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(market, { minLength: 12, maxLength: 12 }),
        asked,
        async (markets, { adjust: kinds, asOf }) => {
          run += 1
          // Every other instrument has no change, and stands between those that have.
          const laws = markets.map((one, index) => {
            const instrument = `SIM:LAW${run}X${index}`
            const law = index % 2 === 0 ? one : { ...one, changes: [] }
            return {
              instrument,
              bars: barsOf(instrument, law),
              changes: law.changes,
              wanted: naive(barsOf(instrument, law), law, kinds, asOf),
            }
          })
          const names = laws.map(({ instrument }) => instrument)
          await client.createInstruments(names.map((instrument) => ({ ...bare, instrument, name: instrument })))
          for (const interval of ['1m', '1d'] as const)
            await client.createBars(
              interval,
              laws.flatMap(({ bars }) => bars[interval]),
            )
          await client.createAdjustments(
            laws.flatMap(({ instrument, changes }) =>
              changes.map(({ at, kind, value }) => ({ instrument, date: dateAt(at), kind, value })),
            ),
          )
          const query = { adjust: kinds, ...(asOf !== undefined && { adjustAsOf: dateAt(asOf) }) }
          const read = (interval: Interval) => client.bars(names, { interval, ...query }).toArray()
          const [minutes, days] = [await read('1m'), await read('1d')]
          expectSame(
            minutes,
            laws.flatMap(({ bars, wanted }) => bars['1m'].map(wanted)),
          )
          expectSame(
            days,
            laws.flatMap(({ bars, wanted }) => bars['1d'].map(wanted)),
          )
          expectSame(await read('30m'), resampled(minutes, halfHour))
          expectSame(await read('1w'), resampled(days, week))
        },
      ),
      // Each run writes to the store for good, so a smaller counterexample is not looked for.
      { numRuns: 4, endOnFailure: true },
    )
  })

  test('half hours are the same whether prices are adjusted before or after', async () => {
    const changes = [
      { date: '2026-01-07', kind: 'split', value: 3 },
      { date: '2026-01-09', kind: 'dividend', value: 2.5 },
    ] as const
    const orderly: Market = {
      dates: Array.from({ length: 7 }, (_, at) => ({ close: 100 + at, has: 'both' })),
      changes: changes.map(({ kind, value }, index) => ({ at: 2 + 2 * index, kind, value })),
    }
    const bars = barsOf('SIM:ORDER', orderly)
    await client.createBars('1m', bars['1m'])
    await client.createBars('1d', bars['1d'])
    await adjust('SIM:ORDER', ...changes)
    const before = await client.bars(['SIM:ORDER'], { interval: '30m', adjust: 'all' }).toArray()
    const after = await client.bars(['SIM:ORDER'], { interval: '30m' }).toArray()
    expectSame(before, after.map(naive(bars, orderly, 'all')))
    expect(before[0]?.close).toBeLessThan(after[0]?.close ?? 0)
  })

  test('every format has the same prices', async () => {
    const query = { interval: '1d', adjust: 'all' } as const
    const rows = await client.bars(['SIM:ORDER'], query).toArray()
    const table = await client.loadBars({ instruments: ['SIM:ORDER'], ...query })
    expect(Array.from(table.getChild('close') ?? [])).toEqual(rows.map(({ close }) => close))
    expect(Array.from(table.getChild('volume') ?? [], Number)).toEqual(rows.map(({ volume }) => volume))
    const url = `${server.url}/v1/bars?instruments=SIM:ORDER&interval=1d&adjust=all&columns=close,volume`
    const text = async (format: string) => (await fetch(`${url}&format=${format}`)).text()
    const lines = rows.map(({ close, volume }) => `${close},${volume}`)
    expect((await text('csv')).trim().split('\n').slice(1)).toEqual(lines)
    const objects = (await text('ndjson'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(objects).toEqual(rows.map(({ close, volume }) => ({ close, volume })))
    // A Parquet file is read by the store itself: it becomes another instrument's bars.
    const columns = 'ts,open,high,low,close,volume,turnover,trades'
    const file = await fetch(`${url.replace('close,volume', `instrument,${columns}`)}&format=parquet`)
    const copy = createClient({ url: server.url })
    await copy.createBars('1h', new Uint8Array(await file.arrayBuffer()), {
      contentType: 'application/vnd.apache.parquet',
    })
    const again = await copy.bars(['SIM:ORDER'], { interval: '1h' }).toArray()
    expect(again).toEqual(rows)
  })
})
