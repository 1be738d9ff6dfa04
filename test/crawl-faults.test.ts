import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { shippedConnectors } from '@barkeep/connectors'
import { type Instrument, isAbsence, type Page, type Task, type UpstreamPage } from '@barkeep/core'
import { type Emulator, type FaultKind, type FaultOrder, faultKinds, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { send, until } from './crawl-talk.js'

type UpstreamId = 'twse' | 'yahoo'

/** One order of a plan, small enough that each of its requests can be struck. */
interface Case {
  readonly name: string
  readonly connector: UpstreamId
  readonly order: {
    readonly plan: string
    readonly start: string
    readonly end: string
    readonly instruments?: readonly string[]
    readonly options?: Readonly<Record<string, string>>
  }
  /** Its requests, each of which meets the fault once. */
  readonly asks: readonly RegExp[]
}

/** How a case ends: right at once, right when asked again, or the code with which its task is put aside. */
type End = 'at once' | 'asked again' | 'UPSTREAM_CHANGED' | 'UPSTREAM_REFUSED'

const DAY_MS = 86_400_000
const dateAt = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const after = (date: string, days = 1) => dateAt(Date.parse(date) + days * DAY_MS)

/** The market stands still, so that a quote asked for twice is the same. */
const startedMs = Date.now()
const recent = { start: dateAt(startedMs - 6 * DAY_MS), end: dateAt(startedMs - 2 * DAY_MS) }
/** Its last days are not settled, or not told yet. */
const thisMonth = { start: `${dateAt(startedMs).slice(0, 7)}-01`, end: after(dateAt(startedMs)) }
const month = { start: '2024-10-01', end: '2024-11-01' }

let emulator: Emulator
const directories: string[] = []

function open(flags: Record<string, string> = {}, directory?: string): Promise<RunningServer> {
  const data = directory ?? mkdtempSync(join(tmpdir(), 'barkeep-faults-'))
  if (directory === undefined) directories.push(data)
  const perUpstream = (['twse', 'yahoo'] as const).map((id) => [
    [`connectors.${id}.baseUrl`, emulator.url(id)],
    [`connectors.${id}.limits`, '[{"requests": 50, "perMs": 1}]'],
  ])
  const settings = {
    'crawl.restMs': '1',
    'crawl.failuresMax': '1000',
    'crawl.attemptsMax': '2',
    'crawl.concurrencyMax': '16',
  }
  return startServer(
    loadConfig({ flags: { data, port: '0', ...settings, ...Object.fromEntries(perUpstream.flat()), ...flags } }),
  )
}

beforeAll(async () => {
  // The back-off is drawn from it: nothing is waited for.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  emulator = await startEmulator({ now: () => startedMs, stocks: 20, limits: { twse: [], yahoo: [] } })
})
afterEach(() => emulator.faults.clear())
afterAll(async () => {
  vi.restoreAllMocks()
  await emulator.close()
  for (const directory of directories) rmSync(directory, { recursive: true })
})

/** Cases of one fault: each fault has dates and instruments of its own, so that none finds what another brought. */
function casesOf(kind: FaultKind): readonly Case[] {
  const number = faultKinds.indexOf(kind)
  const { truth } = emulator
  const session = truth.calendar.sessions('2024-03-01', '2024-06-01')[number] ?? ''
  const [closed = ''] = closedWeekdays().slice(number)
  const [bySymbol = '', byDay = '', byHour = '', byMinute = '', quoted = '', now = ''] = plainSymbols().slice(
    6 * number,
  )
  const unlisted = String(9_501 + number)
  const year = 2012 + number
  const stock = (symbol: string) => ({ instruments: [`TWSE:${symbol}`] })
  const compact = (date: string) => date.replaceAll('-', '')
  const oneDay = (date: string) => ({ start: date, end: after(date) })
  const chart = (symbol: string, interval: string) => new RegExp(`${symbol}\\.TW\\?interval=${interval}&`)
  const twse = (name: string, plan: string, order: Partial<Case['order']>, ...asks: RegExp[]): Case => {
    return { name, connector: 'twse', order: { plan, ...oneDay(session), ...order }, asks }
  }
  const yahoo = (name: string, plan: string, order: Partial<Case['order']>, ...asks: RegExp[]): Case => {
    return { name, connector: 'yahoo', order: { plan, ...month, ...order }, asks }
  }
  return [
    twse('daily-bars', 'daily-bars', { ...month, ...stock(bySymbol) }, new RegExp(`stockNo=${bySymbol}&`)),
    twse('no stock', 'daily-bars', { ...month, ...stock(unlisted) }, new RegExp(`stockNo=${unlisted}&`)),
    twse('this month', 'daily-bars', { ...thisMonth, ...stock(now) }, new RegExp(`stockNo=${now}&`)),
    twse('market-days', 'market-days', {}, new RegExp(`MI_INDEX\\?date=${compact(session)}`)),
    twse('closed day', 'market-days', oneDay(closed), new RegExp(`MI_INDEX\\?date=${compact(closed)}`)),
    twse('latest-day', 'latest-day', {}, /STOCK_DAY_ALL/),
    twse('valuations', 'valuations', {}, new RegExp(`BWIBBU_d\\?date=${compact(session)}`)),
    twse('holidays', 'holidays', { start: `${year}-01-01`, end: `${year + 1}-01-01` }, /holidaySchedule/),
    twse('instruments', 'instruments', {}, /strMode=2/, /strMode=4/),
    twse('delistings', 'delistings', {}, /suspendListing/),
    twse('quotes', 'quotes', stock(quoted), /getStockInfo/),
    yahoo('days', 'daily-bars', stock(byDay), chart(byDay, '1d')),
    yahoo('hours', 'hour-bars', { ...recent, ...stock(byHour) }, chart(byHour, '1d'), chart(byHour, '1h')),
    yahoo('minutes', 'minute-bars', { ...recent, ...stock(byMinute) }, chart(byMinute, '1d'), chart(byMinute, '1m')),
    yahoo('no symbol', 'daily-bars', stock(unlisted), chart(unlisted, '1d')),
    yahoo('search', 'search', { options: { q: quotedName() } }, /finance\/search/),
  ]
}

/** Weekdays without a session, typhoons among them. */
function closedWeekdays(): string[] {
  const days = Array.from({ length: 300 }, (_, index) => after('2024-01-01', index))
  return days.filter((date) => ![undefined, 'weekend'].includes(emulator.truth.calendar.closure(date)))
}

/** Stocks that no list names, with trades and without splits. */
function plainSymbols(): string[] {
  return Array.from({ length: 120 }, (_, index) => String(3_100 + index)).filter((symbol) => {
    const isTraded = emulator.truth.days(symbol, month.start, month.end).some(({ close }) => close !== null)
    return isTraded && emulator.truth.splits(symbol).length === 0
  })
}

/** A Chinese name, which a wrong charset would spoil. */
function quotedName(): string {
  return emulator.truth.listing('2330')?.name ?? ''
}

/** Orders all cases at once, strikes each of their requests once, and tells how each ended. */
async function strike(server: RunningServer, cases: readonly Case[], fault: FaultOrder): Promise<Record<string, End>> {
  for (const { connector, asks } of cases) {
    for (const match of asks) emulator.faults.set(connector, { ...fault, match, times: 1 })
  }
  const before = { twse: emulator.arrivals('twse').length, yahoo: emulator.arrivals('yahoo').length }
  const ids = await Promise.all(
    cases.map(async ({ connector, order }) => (await send(server, 'POST', '/v1/crawls', { connector, ...order })).id),
  )
  const ends: Record<string, End> = {}
  for (const [index, { name, connector, asks }] of cases.entries()) {
    const id = ids[index]
    const { tasks } = await until(
      () => send(server, 'GET', `/v1/crawls/${id}`),
      ({ state }) => state === 'done',
    )
    const requests = emulator.arrivals(connector).slice(before[connector])
    const counts = asks.map((match) => requests.filter(({ path }) => match.test(path)).length)
    const struck = requests.filter((one) => one.fault === fault.kind && asks.some((match) => match.test(one.path)))
    if (tasks.dead > 0) {
      const dead: { crawl: number; error: string }[] = await send(server, 'GET', '/v1/dead-tasks?limit=1000')
      const [code = 'none'] = dead.find(({ crawl }) => crawl === id)?.error.split(':') ?? []
      ends[name] = code as End // any other code fails the comparison with what is expected
    } else {
      expect([name, struck.length]).toEqual([name, asks.length])
      ends[name] = counts.every((count) => count === 1) ? 'at once' : 'asked again'
    }
  }
  return ends
}

/** What a handler makes of the emulator's page without a fault. */
async function calmPage(connector: UpstreamId, order: Case['order']): Promise<Page[]> {
  const { handlers, crawls } = shippedConnectors.find(({ id }) => id === connector) ?? {}
  const instruments = (order.instruments ?? []).map((instrument) => {
    const [exchange = '', symbol = ''] = instrument.split(':')
    const unknown = { name: symbol, kind: 'stock' as const, isin: null, listed: null, delisted: null }
    return { instrument, exchange, symbol, ...unknown }
  })
  const request = { options: {}, ...order, instruments, nowMs: startedMs }
  const tasks: Task[] = [...(crawls?.[order.plan]?.tasks(request) ?? [])]
  const context = {
    now: Date.now,
    credential: () => '',
    async fetch({ url }: { readonly url: string }): Promise<UpstreamPage> {
      const { pathname, search } = new URL(url)
      const answer = await fetch(emulator.url(connector) + pathname + search)
      const body = new Uint8Array(await answer.arrayBuffer())
      const text = (encoding = 'utf-8') => new TextDecoder(encoding).decode(body)
      return { url, status: answer.status, headers: {}, body, receivedAtMs: Date.now(), text }
    },
  }
  const results = await Promise.all(tasks.map((task) => handlers?.[task.handler]?.(task, context)))
  return results.flatMap((result) => (result === undefined || isAbsence(result.data) ? [] : [result.data]))
}

interface Kept {
  readonly coverage: readonly { scope: string; of: string; start: string; end: string; outcome: string }[]
  /** By interval, `instrument ts` → open, high, low, close, volume. */
  readonly bars: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>
}

const intervals = ['1d', '1h', '1m'] as const

async function keptIn(server: RunningServer): Promise<Kept> {
  const client = createClient({ url: server.url })
  const bars = new Map<string, Map<string, readonly number[]>>()
  for (const interval of intervals) {
    const some = new Map<string, readonly number[]>()
    const window = { interval, start: '2010-01-01', end: after(dateAt(startedMs), 2), limit: 50_000 }
    for await (const { instrument, ts, open: first, high, low, close, volume } of client.bars(undefined, window)) {
      some.set(`${instrument} ${Date.parse(ts)}`, [first, high, low, close, volume])
    }
    bars.set(interval, some)
  }
  return { coverage: await send(server, 'GET', '/v1/coverage?limit=5000'), bars }
}

/** Bars of a session date, as the upstream that brings the interval has them. */
function truthOf(symbol: string, interval: string, date: string): [key: string, figures: readonly number[]][] {
  if (interval === '1d') {
    const day = emulator.truth.day(symbol, date)
    if (day === undefined || day.open === null || day.high === null || day.low === null || day.close === null) return []
    const { open: first, high, low, close, volumeShares } = day
    return [[`TWSE:${symbol} ${Date.parse(`${date}T01:00:00Z`)}`, [first, high, low, close, volumeShares]]]
  }
  return emulator.yahooTruth.bars(symbol, date, interval === '1h' ? 60 : 1).map((bar) => {
    return [`TWSE:${symbol} ${bar.tsMs}`, [bar.open, bar.high, bar.low, bar.close, bar.volumeShares]]
  })
}

/** Every bar is the truth, and a day that is covered has all bars that the truth has. */
function expectTruth({ coverage, bars }: Kept): void {
  const wrong: unknown[] = []
  const truths = new Map<string, ReadonlyMap<string, readonly number[]>>()
  const truthAt = (symbol: string, interval: string, date: string) => {
    const key = `${symbol} ${interval} ${date}`
    const known = truths.get(key) ?? new Map(truthOf(symbol, interval, date))
    truths.set(key, known)
    return known
  }
  for (const [interval, some] of bars) {
    for (const [key, figures] of some) {
      const [instrument = '', ms] = key.split(' ')
      const told = truthAt(instrument.slice('TWSE:'.length), interval, dateAt(Number(ms))).get(key)
      if (String(told) !== String(figures)) wrong.push({ interval, key, figures, told })
    }
  }
  const listed = emulator.truth.listings().filter(({ kind }) => kind !== 'warrant')
  for (const row of coverage) {
    if (!intervals.some((interval) => interval === row.of)) continue
    const symbols = row.scope === 'TWSE' ? listed.map(({ symbol }) => symbol) : [row.scope.slice('TWSE:'.length)]
    for (const date of emulator.truth.calendar.sessions(row.start, row.end)) {
      for (const symbol of symbols) {
        const missing = [...truthAt(symbol, row.of, date).keys()].filter((key) => bars.get(row.of)?.has(key) !== true)
        if (missing.length > 0) wrong.push({ ...row, missing })
      }
    }
  }
  expect(wrong).toEqual([])
}

/** Rows and instruments of these cases are those of their pages without a fault. */
async function expectRows(server: RunningServer, cases: readonly Case[]): Promise<void> {
  const client = createClient({ url: server.url })
  const known: Instrument[] = await send(server, 'GET', '/v1/instruments?limit=5000')
  for (const { name, connector, order } of cases) {
    for (const page of await calmPage(connector, order)) {
      for (const { dataset, rows } of page.rows ?? []) {
        const kept = await client.dataset(dataset).rows({ limit: 5_000 }).toArray()
        expect([name, kept]).toEqual([
          name,
          expect.arrayContaining(rows.map((row) => expect.objectContaining(asKept(row)))),
        ])
      }
      for (const told of page.instruments ?? []) {
        const kept = known.find(({ instrument }) => instrument === told.instrument)
        expect([name, kept?.name, kept?.delisted]).toEqual([name, told.name, told.delisted ?? kept?.delisted])
      }
    }
  }
}

/** Instants of a dataset are read with their milliseconds. */
function asKept(row: object): object {
  const cells = Object.entries(row).map(([column, cell]) => [
    column,
    column === 'ts' ? new Date(cell).toISOString() : cell,
  ])
  return Object.fromEntries(cells)
}

/** How cases end when their page is struck once; at TWSE a captcha is a ban, which is further down. */
const endings: Readonly<Record<FaultKind, (one: Case) => End>> = {
  cut: () => 'asked again',
  drop: () => 'asked again',
  // Of a 404 without a word nobody can say what Yahoo meant.
  empty: ({ name }) => (name === 'no symbol' ? 'UPSTREAM_REFUSED' : 'asked again'),
  status: () => 'asked again',
  html: () => 'asked again',
  captcha: () => 'asked again',
  trickle: () => 'at once',
  'column-added': () => 'at once',
  'column-moved': () => 'at once',
  'duplicate-rows': () => 'at once',
  'clock-skew': () => 'at once',
  // Errors of Yahoo are ASCII, which is the same in all of them.
  charset: ({ name }) => (name === 'no symbol' ? 'at once' : 'asked again'),
}

/** The clock of an upstream is a day behind. */
const orderOf = (kind: FaultKind): FaultOrder => ({ kind, bytes: 4_000, pauseMs: 1, skewMs: -DAY_MS })

describe('a crawl whose every page is struck once', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await open()
  })
  afterAll(() => server.close())

  test.each(faultKinds)('by %s keeps the truth and nothing else', async (kind) => {
    const cases = casesOf(kind).filter(({ connector }) => kind !== 'captcha' || connector === 'yahoo')
    const ends = await strike(server, cases, orderOf(kind))
    expect(ends).toEqual(Object.fromEntries(cases.map((one) => [one.name, endings[kind](one)])))
    expectTruth(await keptIn(server))
    // Quotes and the year of the schedule are those of the upstream's own clock.
    if (kind === 'clock-skew') for (const id of ['twse', 'yahoo'] as const) emulator.faults.set(id, orderOf(kind))
    const whole = cases.filter(({ name }) => ends[name] === 'at once' || ends[name] === 'asked again')
    await expectRows(server, whole)
  })

  test('by duplicated rows counts them as refused', async () => {
    const refused = async () => {
      const connectors: { id: string; status: { refused: number } }[] = await send(server, 'GET', '/v1/connectors')
      return (['twse', 'yahoo'] as const).map((id) => connectors.find((one) => one.id === id)?.status.refused)
    }
    const [twse = 0, yahoo = 0] = await refused()
    const names = ['daily-bars', 'days']
    const cases = casesOf('duplicate-rows').filter(({ name }) => names.includes(name))
    await strike(server, cases, { kind: 'duplicate-rows' })
    expect(await refused()).toEqual([twse + 1, yahoo + 1])
  })

  test('every time is put aside with the reason, and covers nothing', async () => {
    const codes: readonly (readonly [FaultKind, string])[] = [
      ['cut', 'UPSTREAM_UNREACHABLE'],
      ['drop', 'UPSTREAM_UNREACHABLE'],
      ['empty', 'UPSTREAM_FAILED'],
      ['status', 'UPSTREAM_FAILED'],
      ['html', 'UPSTREAM_FAILED'],
    ]
    const struck = codes.map(([kind, code], number) => {
      const symbol = plainSymbols().at(-1 - number) ?? ''
      emulator.faults.set('twse', { kind, match: new RegExp(`stockNo=${symbol}&`) })
      return { instrument: `TWSE:${symbol}`, code }
    })
    const instruments = struck.map(({ instrument }) => instrument)
    const order = { connector: 'twse', plan: 'daily-bars', ...month, instruments }
    const { id } = await send(server, 'POST', '/v1/crawls', order)
    const { tasks } = await until(
      () => send(server, 'GET', `/v1/crawls/${id}`),
      ({ state }) => state === 'done',
    )
    expect(tasks).toMatchObject({ done: 0, dead: struck.length })
    type Dead = { crawl: number; params: { instrument: string }; attempts: number; error: string }
    const dead: Dead[] = (await send(server, 'GET', '/v1/dead-tasks?limit=1000')).filter(
      (one: Dead) => one.crawl === id,
    )
    const told = dead.map(({ params, error }) => ({ instrument: params.instrument, code: error.split(':')[0] }))
    expect(told).toEqual(expect.arrayContaining(struck))
    const { coverage } = await keptIn(server)
    expect(coverage.filter(({ scope }) => instruments.includes(scope))).toEqual([])
  })
})

test('a ban of TWSE leaves every plan waiting, and nothing is covered', async () => {
  // Ordered while nobody works, so that all of them are asked before the first ban is answered.
  const idle = await open({ 'crawl.worksHere': 'false' })
  const cases = casesOf('captcha').filter(({ connector }) => connector === 'twse')
  for (const { connector, order } of cases) await send(idle, 'POST', '/v1/crawls', { connector, ...order })
  const crawls = () => send(idle, 'GET', '/v1/crawls')
  await until(crawls, (all: { state: string }[]) => all.every(({ state }) => state !== 'planning'))
  await idle.close()

  emulator.faults.set('twse', { kind: 'captcha' })
  const requests = cases.flatMap(({ asks }) => asks).length
  const server = await open({}, directories.at(-1))
  const twse = async () => (await send(server, 'GET', '/v1/connectors'))[0].status
  const status = await until(twse, ({ failures }) => failures === requests)
  expect(status).toMatchObject({
    lastError: expect.stringMatching(/^UPSTREAM_BANNED/),
    blockedUntilMs: expect.any(Number),
    bars: 0,
    rows: 0,
  })
  // What was just refused counts as active until it is written that it waits.
  const all: { tasks: Record<string, number> }[] = await send(server, 'GET', '/v1/crawls')
  const sum = (state: string) => all.reduce((count, { tasks }) => count + (tasks[state] ?? 0), 0)
  expect([sum('waiting') + sum('active'), sum('done'), sum('dead')]).toEqual([requests, 0, 0])
  expect((await keptIn(server)).coverage).toEqual([])
  await server.close()
})
