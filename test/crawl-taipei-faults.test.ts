import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { type Emulator, type FaultKind, type FaultOrder, faultKinds, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { send, until } from './crawl-talk.js'

const ids = ['twse', 'tpex', 'mops'] as const
type Id = (typeof ids)[number]

/** One order of a plan. */
interface Order {
  readonly connector: string
  readonly order: Record<string, unknown>
}

/** One order, and its requests, each of which meets the fault once. */
interface Case extends Order {
  readonly name: string
  readonly connector: Id
  readonly asks: readonly RegExp[]
}

type End = 'at once' | 'asked again' | 'UPSTREAM_CHANGED'

const DAY_MS = 86_400_000
const after = (date: string) => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10)
const slashed = (date: string) => date.replaceAll('-', '/')

let emulator: Emulator
const directories: string[] = []

function open(): Promise<RunningServer> {
  const data = mkdtempSync(join(tmpdir(), 'barkeep-taipei-faults-'))
  directories.push(data)
  const limit = (host: string) => `{"requests": 50, "perMs": 1, "host": "${host}"}`
  const limits = {
    twse: `[${limit('twse.com.tw')}]`,
    tpex: `[${limit('tpex.org.tw')}, ${limit('twse.com.tw')}]`,
    mops: `[${limit('twse.com.tw')}]`,
  }
  const flags = ids.flatMap((id) => [
    [`connectors.${id}.baseUrl`, emulator.url(id)],
    [`connectors.${id}.limits`, limits[id]],
  ])
  const settings = { 'crawl.restMs': '1', 'crawl.failuresMax': '1000', 'crawl.attemptsMax': '2' }
  return startServer(loadConfig({ flags: { data, port: '0', ...settings, ...Object.fromEntries(flags) } }))
}

beforeAll(async () => {
  // The back-off is drawn from it: nothing is waited for.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  emulator = await startEmulator({ stocks: 20, limits: { twse: [], tpex: [] } })
})
afterEach(() => emulator.faults.clear())
afterAll(async () => {
  vi.restoreAllMocks()
  await emulator.close()
  for (const directory of directories) rmSync(directory, { recursive: true })
})

const order = async (server: RunningServer, { connector, order: rest }: Order): Promise<number> =>
  (await send(server, 'POST', '/v1/crawls', { connector, ...rest })).id
const done = (server: RunningServer, id: number) =>
  until(
    () => send(server, 'GET', `/v1/crawls/${id}`),
    ({ state }) => state === 'done',
  )

const session = (number: number) => emulator.truth.calendar.sessions('2024-03-01', '2024-06-01')[number] ?? ''
/** Each fault has a stock, a date and a month of its own, so that none finds what another brought. */
const stockOf = (number: number) =>
  emulator.tpexTruth.listings().filter(({ kind }) => kind === 'stock')[number]?.symbol ?? ''
const yearOf = (number: number) => 2014 + number

function casesOf(kind: FaultKind): readonly Case[] {
  const number = faultKinds.indexOf(kind)
  const date = session(number)
  const [closed = ''] = ['2024-02-28', '2024-04-04', '2024-05-01', '2024-07-24', '2024-07-25', '2024-09-17']
    .concat(['2024-10-02', '2024-10-03', '2024-10-10', '2024-10-31', '2024-02-08', '2024-02-09'])
    .slice(number)
  const window = (start: string, end = after(start)) => ({ start, end })
  const tpex = (name: string, plan: string, rest: object, ask: RegExp): Case => {
    return { name, connector: 'tpex', order: { plan, ...rest }, asks: [ask] }
  }
  const year = yearOf(number)
  const revenue = (folder: string, page: number) => new RegExp(`/${folder}/t21sc03_${year - 1911}_5_${page}\\.`)
  return [
    tpex('market-days', 'market-days', window(date), new RegExp(`dailyQuotes\\?date=${slashed(date)}`)),
    tpex('closed day', 'market-days', window(closed), new RegExp(`dailyQuotes\\?date=${slashed(closed)}`)),
    tpex(
      'stock-months',
      'stock-months',
      { instruments: [`TPEX:${stockOf(number)}`], ...window('2024-10-01', '2024-11-01') },
      new RegExp(`code=${stockOf(number)}&`),
    ),
    tpex('valuations', 'valuations', window(date), new RegExp(`peQryDate\\?date=${slashed(date)}`)),
    tpex('instruments', 'instruments', window(date), /strMode=4/),
    {
      name: 'revenue',
      connector: 'mops',
      order: { plan: 'monthly-revenue', ...window(`${year}-05-01`, `${year}-06-01`) },
      asks: [revenue('sii', 0), revenue('sii', 1), revenue('otc', 0), revenue('otc', 1)],
    },
  ]
}

/** How a case ends when each of its pages is struck once; at MOPS a captcha is a ban, which is further down. */
const endings: Readonly<Record<FaultKind, (one: Case) => End>> = {
  cut: () => 'asked again',
  drop: () => 'asked again',
  empty: () => 'asked again',
  status: () => 'asked again',
  html: () => 'asked again',
  captcha: () => 'asked again',
  charset: () => 'asked again',
  trickle: () => 'at once',
  // Cells that come in or move without their header, which stands in two rows, may belong to any column.
  'column-added': ({ name }) => (name === 'revenue' ? 'UPSTREAM_CHANGED' : 'at once'),
  'column-moved': ({ name }) => (name === 'revenue' ? 'UPSTREAM_CHANGED' : 'at once'),
  'duplicate-rows': () => 'at once',
  'clock-skew': () => 'at once',
}

const orderOf = (kind: FaultKind): FaultOrder => ({ kind, bytes: 4_000, pauseMs: 1, skewMs: -DAY_MS })

/** Orders all cases at once, strikes each of their requests once, and tells how each ended. */
async function strike(server: RunningServer, cases: readonly Case[], fault: FaultOrder): Promise<Record<string, End>> {
  for (const { connector, asks } of cases) {
    for (const match of asks) emulator.faults.set(connector, { ...fault, match, times: 1 })
  }
  const before = { twse: 0, tpex: emulator.arrivals('tpex').length, mops: emulator.arrivals('mops').length }
  const orders = await Promise.all(cases.map(async (one) => ({ ...one, id: await order(server, one) })))
  const ends: Record<string, End> = {}
  for (const { name, connector, asks, id } of orders) {
    const { tasks } = await done(server, id)
    const requests = emulator.arrivals(connector).slice(before[connector])
    if (tasks.dead > 0) {
      const dead: { crawl: number; error: string }[] = await send(server, 'GET', '/v1/dead-tasks?limit=1000')
      const codes = new Set(dead.filter(({ crawl }) => crawl === id).map(({ error }) => error.split(':')[0]))
      ends[name] = [...codes].join(' ') as End // any other code fails the comparison with what is expected
    } else {
      const struck = requests.filter((one) => one.fault === fault.kind && asks.some((match) => match.test(one.path)))
      expect([name, struck.length]).toEqual([name, asks.length])
      const counts = asks.map((match) => requests.filter(({ path }) => match.test(path)).length)
      ends[name] = counts.every((count) => count === 1) ? 'at once' : 'asked again'
    }
  }
  return ends
}

/** Every bar is the truth, a covered day has all of them, and rows are what the truth tells, each once. */
async function expectTruth(server: RunningServer, kind: FaultKind, ends: Record<string, End>): Promise<void> {
  const number = faultKinds.indexOf(kind)
  const client = createClient({ url: server.url })
  const { tpexTruth, mopsTruth } = emulator
  const listed = tpexTruth.listings().filter((one) => one.kind !== 'warrant')
  const date = session(number)

  const told = await client.bars(undefined, { interval: '1d', start: date, end: after(date), limit: 5_000 }).toArray()
  const bars = told.map(({ instrument, open, high, low, close, volume }) => [
    instrument,
    open,
    high,
    low,
    close,
    volume,
  ])
  const days = listed.flatMap(({ symbol }) => tpexTruth.days(symbol, date, after(date)))
  const traded = days.filter(({ close }) => close !== null)
  const truth = traded.map((day) => [`TPEX:${day.symbol}`, day.open, day.high, day.low, day.close, day.volumeShares])
  expect(bars.sort()).toEqual(truth.sort())

  const rows = (dataset: string, where: Record<string, string>) =>
    client.dataset(dataset).rows({ where, limit: 5_000 }).toArray()
  const valued = await rows('tpex_valuations', { date })
  const stocks = days.filter(({ symbol }) => tpexTruth.listing(symbol)?.kind === 'stock')
  expect(valued.map(({ instrument, name }) => [instrument, name]).sort()).toEqual(
    stocks.map(({ symbol }) => [`TPEX:${symbol}`, tpexTruth.listing(symbol)?.name]).sort(),
  )
  const rounded = await rows('tpex_rounded_days', { instrument: `TPEX:${stockOf(number)}` })
  expect(rounded.map((row) => [row.date, row.close, row.volume_thousands]).sort()).toEqual(
    tpexTruth
      .days(stockOf(number), '2024-10-01', '2024-11-01')
      .map((day) => [day.date, day.close, Math.round(day.volumeShares / 1_000)])
      .sort(),
  )
  const month = `${yearOf(number)}-05`
  const reported = await rows('mops_monthly_revenue', { month: `${month}-01` })
  const companies = (['TWSE', 'TPEX'] as const).flatMap((exchange) =>
    mopsTruth
      .companies(exchange, month)
      .map((company) => ({ ...company, instrument: `${exchange}:${company.symbol}` })),
  )
  const isWhole = ends.revenue !== 'UPSTREAM_CHANGED'
  expect(reported.map((row) => [row.instrument, row.name, row.revenue_thousands]).sort()).toEqual(
    isWhole ? companies.map((one) => [one.instrument, one.name, mopsTruth.revenue(one.symbol, month)]).sort() : [],
  )
  const coverage: { scope: string; of: string; start: string }[] = await send(server, 'GET', '/v1/coverage?limit=5000')
  const covered = coverage.filter((row) => row.of === 'mops_monthly_revenue' && row.start === `${month}-01`)
  expect(covered.map(({ scope }) => scope).sort()).toEqual(isWhole ? ['TPEX', 'TWSE'] : [])
}

describe('a crawl of TPEx and MOPS whose every page is struck once', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await open()
  })
  afterAll(() => server.close())

  test.each(faultKinds)('by %s keeps the truth and nothing else', async (kind) => {
    const cases = casesOf(kind).filter(({ connector }) => kind !== 'captcha' || connector === 'tpex')
    const ends = await strike(server, cases, orderOf(kind))
    expect(ends).toEqual(Object.fromEntries(cases.map((one) => [one.name, endings[kind](one)])))
    const revenue = casesOf(kind).filter(({ name }) => ends[name] === undefined)
    for (const one of revenue) await done(server, await order(server, one))
    await expectTruth(server, kind, ends)
  })
})

const one = <Name extends string>(connector: Name, plan: string) => {
  return { connector, order: { plan, start: '2024-03-06', end: '2024-03-07' } }
}
const blockedUntil = async (server: RunningServer, connector: Id): Promise<number | null> => {
  const all: { id: string; status: { blockedUntilMs: number | null } }[] = await send(server, 'GET', '/v1/connectors')
  return all.find(({ id }) => id === connector)?.status.blockedUntilMs ?? null
}
const untilBlocked = (server: RunningServer, connector: Id) =>
  until(
    () => blockedUntil(server, connector),
    (untilMs) => untilMs !== null,
  )

test.each<[string, Order & { readonly connector: Id }, FaultOrder]>([
  [
    'MOPS',
    { ...one('mops', 'monthly-revenue'), order: { plan: 'monthly-revenue', start: '2024-03-01', end: '2024-04-01' } },
    { kind: 'captcha' },
  ],
  ["the list of TPEx's securities", one('tpex', 'instruments'), { kind: 'status', status: 403, match: /^\/isin\// }],
])('a ban at the page of %s holds TWSE back as well, until somebody ends it', async (_, banned, fault) => {
  const server = await open()
  emulator.faults.set(banned.connector, fault)
  const before = emulator.arrivals('twse').length
  const first = await order(server, banned)
  await untilBlocked(server, banned.connector)
  const second = await order(server, one('twse', 'valuations'))
  await until(
    () => send(server, 'GET', `/v1/crawls/${second}`),
    ({ tasks }) => tasks.active === 1,
  )
  // Meanwhile others go on: one that asks nobody, and TPEx where it is not the one that was banned.
  await done(server, await order(server, one('simulated', 'instruments')))
  if (banned.connector !== 'tpex') await done(server, await order(server, one('tpex', 'market-days')))
  const { tasks } = await send(server, 'GET', `/v1/crawls/${second}`)
  expect([tasks.done, emulator.arrivals('twse').length]).toEqual([0, before])
  emulator.faults.clear()
  await send(server, 'POST', `/v1/connectors/${banned.connector}`, { revive: false })
  await done(server, second)
  await done(server, first)
  await server.close()
})

test('a ban of TPEx leaves TWSE alone', async () => {
  const server = await open()
  emulator.faults.set('tpex', { kind: 'status', status: 403 })
  await order(server, one('tpex', 'market-days'))
  await untilBlocked(server, 'tpex')
  const { tasks } = await done(server, await order(server, one('twse', 'valuations')))
  expect(tasks).toMatchObject({ done: 1, dead: 0 })
  expect(await blockedUntil(server, 'tpex')).not.toBeNull()
  await server.close()
})
