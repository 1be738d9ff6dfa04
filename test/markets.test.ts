import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { type Bar, type Connector, type KeptInterval, upstreamError } from '@barkeep/core'
import { loadConfig } from '@barkeep/server'
import fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Api, ApiContext } from '../packages/server/src/api/context.js'
import { marketRoutes } from '../packages/server/src/api/crawl/market-routes.js'
import { type SchemaTypes, validatorCompiler } from '../packages/server/src/api/schema/validation.js'
import { systemClock } from '../packages/server/src/crawl/limiter/clock.js'
import { Markets, type MarketsParts } from '../packages/server/src/crawl/market/markets.js'
import { type Crawl, openCrawl } from '../packages/server/src/crawl/open-crawl.js'
import { readSourceOrder } from '../packages/server/src/store/bars/source-order.js'
import { type Contents, openContents } from '../packages/server/src/store/contents.js'
import { openStore } from '../packages/server/src/store/open-store.js'
import type { Store } from '../packages/server/src/store/store.js'
import { dateAfter, dateOf } from './gaps-market.js'

const SEED = 3
const instruments = simulatedInstruments(SEED).slice(0, 3)
const names = instruments.map(({ instrument }) => instrument)
const sessions = simulatedSessionDates({ until: '2026-03-20', years: 18 / 365.25 })
const since = sessions[0] ?? ''
const settings = {
  sources: { SIM: { '1d': ['official', 'broker', 'live'] } },
  markets: [{ exchanges: ['SIM'], intervals: ['1d', '1m'], since }],
}
const truth = { '1d': barsOf('1d'), '1m': barsOf('1m') }

let directory: string
let store: Store
let contents: Contents
let crawl: Crawl
let app: Api
let nowMs = eveningOf(4)
let isBanned = false
/** What each connector was asked: a date, or an instrument with dates. */
const asked: { official: string[]; broker: string[] } = { official: [], broker: [] }

/** The exchange itself: lists its instruments, and has all days, a page each. */
const official = defineConnector<{ list: { asked: string }; day: { date: string } }>({
  id: 'official',
  ...{ title: 'The exchange', homepage: 'https://example.com/', credentials: [], datasets: [] },
  limits: [{ requests: 1_000, perMs: 1_000, per: 'host' }],
  handlers: {
    async list(task) {
      return { task, data: { instruments, covers: [] }, nextTasks: [] }
    },
    async day(task) {
      const { date } = task.params
      asked.official.push(date)
      if (isBanned) throw upstreamError('UPSTREAM_BANNED', 'official: banned.', { afterMs: 3_600_000 })
      const bars = told('1d', names, date, dateAfter(date))
      return { task, data: { bars: [{ interval: '1d', bars }], covers: [coverage('SIM', '1d', date)] }, nextTasks: [] }
    },
  },
  crawls: {
    instruments: {
      ...{ title: 'Instruments', of: 'instruments', exchanges: [], per: 'exchange', since: null },
      ...{ bytesPerPage: 1_000, handler: 'list' },
      *params({ nowMs: at }) {
        yield { asked: new Date(at).toISOString().slice(0, 10) }
      },
    },
    days: {
      ...{
        title: 'Days',
        of: '1d',
        exchanges: ['SIM'],
        per: 'exchange',
        since: null,
        bytesPerPage: 1_000,
        handler: 'day',
      },
      *params({ start, end }) {
        for (let date = start; date < end; date = dateAfter(date)) {
          if (![0, 6].includes(new Date(date).getUTCDay())) yield { date }
        }
      },
    },
  },
})

/** A broker: days and minutes of one instrument a page, whose days have one share more. */
type RangeParams = { instrument: string; interval: '1d' | '1m'; start: string; end: string }
const brokerPlan = (interval: '1d' | '1m') => ({
  ...{ title: 'Bars', of: interval, exchanges: ['SIM'], per: 'instrument' as const, since: null },
  ...{ bytesPerPage: 1_000, handler: 'range' as const },
  *params(request: { instruments: readonly { instrument: string }[]; start: string; end: string }) {
    const { start, end } = request
    for (const { instrument } of request.instruments) yield { instrument, interval, start, end }
  },
})
const broker = defineConnector<{ range: RangeParams }>({
  id: 'broker',
  ...{ title: 'A broker', homepage: 'https://example.com/', credentials: [], datasets: [] },
  limits: [{ requests: 1_000, perMs: 1_000, per: 'host' }],
  handlers: {
    async range(task) {
      const { instrument, interval, start, end } = task.params
      asked.broker.push(`${interval} ${instrument} ${start} ${end}`)
      const bars = told(interval, [instrument], start, end).map((bar) => ({ ...bar, volume: bar.volume + 1 }))
      const covers = [{ scope: instrument, of: interval, start, end }]
      return { task, data: { bars: [{ interval, bars }], covers }, nextTasks: [] }
    },
  },
  crawls: { days: brokerPlan('1d'), minutes: brokerPlan('1m') },
})

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-markets-'))
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  await open()
})

afterAll(async () => {
  await close()
  await store.close()
  rmSync(directory, { recursive: true })
})

async function open(): Promise<void> {
  contents = await openContents(store, undefined, readSourceOrder(settings.sources))
  const flags = { data: directory, 'markets.lookMs': '20', 'gaps.settleMs': '3600000' }
  const config = { ...loadConfig({ flags }), ...settings }
  const clock = { now: () => nowMs, sleep: systemClock.sleep }
  const connectors: readonly Connector[] = [broker, official]
  crawl = await openCrawl(store, contents, config, connectors, clock)
  app = fastify().withTypeProvider<SchemaTypes>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(() => JSON.stringify)
  const parts = { ...contents, store, crawl, config, now: clock.now }
  marketRoutes(app, parts as unknown as ApiContext) // these routes need nothing else
}

async function close(): Promise<void> {
  await app.close()
  await crawl.close()
}

function barsOf(interval: '1d' | '1m'): Bar[] {
  const [, ...lines] = [...simulatedCsv({ seed: SEED, interval, sessionDates: sessions, instruments })]
    .join('')
    .trim()
    .split('\n')
  return lines.map((line) => {
    const [instrument = '', ts = '', ...numbers] = line.split(',')
    const [open = 0, high = 0, low = 0, close = 0, volume = 0, turnover = 0, trades = 0] = numbers.map(Number)
    return { instrument, ts, open, high, low, close, volume, turnover, trades }
  })
}

function told(interval: '1d' | '1m', some: readonly string[], start: string, end: string): Bar[] {
  return truth[interval].filter((bar) => some.includes(bar.instrument) && dateOf(bar) >= start && dateOf(bar) < end)
}

function coverage(scope: string, of: KeptInterval, date: string) {
  return { scope, of, start: date, end: dateAfter(date) }
}

/** After a session has settled, and before the next begins. */
function eveningOf(place: number): number {
  return Date.parse(`${sessions[place]}T12:00:00Z`)
}

async function get(path: string) {
  const { data } = (await app.inject(path)).json()
  return data
}

/** The status of the days and of the minutes, when each line is in one of the states and has looked since `sinceMs`. */
async function settled(...states: readonly string[]) {
  for (;;) {
    const lines = await get('/v1/markets')
    const isSettled = lines.every(
      (line: { state: string; lookedAt: string | null }) =>
        states.includes(line.state) && line.lookedAt !== null && Date.parse(line.lookedAt) === nowMs,
    )
    if (isSettled) return lines
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** `date source` of the days that are kept of one instrument. */
async function keptDays(): Promise<string[]> {
  const rows = await store.rows<{ day: string; source: string }>(
    "SELECT toString(toDate(ts, 'Asia/Taipei')) AS day, source FROM bars_1d FINAL WHERE instrument = {id:UInt32} ORDER BY ts",
    { id: contents.catalog.instrument(names[0] ?? '')?.id ?? -1 },
  )
  return rows.map(({ day, source }) => `${day} ${source}`)
}

async function countOf(interval: KeptInterval): Promise<number> {
  return (await store.rows<{ n: number }>(`SELECT count() AS n FROM bars_${interval} FINAL`))[0]?.n ?? 0
}

test('one sentence brings a market out of nothing: instruments, then days of the declared source, then minutes of who has them', async () => {
  const lines = await settled('fresh')
  expect(lines.map(({ interval, source }: { interval: string; source: string }) => `${interval} ${source}`)).toEqual([
    '1d official',
    '1m broker',
  ])
  const due = sessions.slice(0, 5)
  expect(await keptDays()).toEqual(due.map((date) => `${date} official`))
  expect(await countOf('1d')).toBe(told('1d', names, since, dateAfter(due[4] ?? '')).length)
  expect(await countOf('1m')).toBe(told('1m', names, since, dateAfter(due[4] ?? '')).length)
  // Each page once: closed weekdays, too, of which the exchange then said that it was closed.
  expect(new Set(asked.official).size).toBe(asked.official.length)
  expect(asked.broker.filter((page) => page.startsWith('1d'))).toEqual([])
})

test('a plan says what it would take, of whom, without asking', async () => {
  const before = asked.official.length + asked.broker.length
  nowMs = eveningOf(4)
  const [days] = await get(`/v1/markets/plan?exchange=SIM&interval=1d&since=2026-01-05`)
  expect(days).toMatchObject({ instruments: 3, listedBy: 'official' })
  const [first, second] = days.sources
  expect([first.connector, first.role, second.connector, second.role]).toEqual([
    'official',
    'first',
    'broker',
    'fall-back',
  ])
  expect(first.requests).toBeGreaterThan(30)
  expect(first.bytes).toBe(first.requests * 1_000)
  expect(asked.official.length + asked.broker.length).toBe(before)
})

test('who is banned is replaced by the next one, and the status says until when', async () => {
  const [live] = told('1d', names, sessions[5] ?? '', dateAfter(sessions[5] ?? ''))
  if (live !== undefined) await contents.ingest.append({ interval: '1d', source: 'live', bars: [live] })
  isBanned = true
  nowMs = eveningOf(8)
  const [days] = await settled('fresh', 'blocked')
  expect(days).toMatchObject({ source: 'broker', insteadOf: ['official'] })
  const [banned] = days.sources.filter(({ role }: { role: string }) => role === 'blocked')
  expect(banned).toMatchObject({ connector: 'official', blockedUntilMs: nowMs + 3_600_000 })
  expect(await keptDays()).toEqual([
    ...sessions.slice(0, 5).map((date) => `${date} official`),
    ...sessions.slice(5, 9).map((date) => `${date} broker`),
  ])
  // First for what was missing, then for the live bar, which it is better than.
  const pages = asked.broker.filter((page) => page.startsWith(`1d ${names[0]} `))
  expect(pages).toEqual([
    `1d ${names[0]} ${sessions[6]} ${dateAfter(sessions[8] ?? '')}`,
    `1d ${names[0]} ${sessions[5]} ${dateAfter(sessions[5] ?? '')}`,
  ])
})

test('when the better one is free again it is asked for what others brought, live bars included, and for nothing else', async () => {
  isBanned = false
  asked.official.length = 0
  // A process that starts anew knows it from the store alone.
  await close()
  await open()
  await crawl.engine.resume('official')
  await settled('fresh')
  for (;;) {
    if ((await keptDays()).every((day) => day.endsWith('official'))) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await settled('fresh')
  expect(await keptDays()).toEqual(sessions.slice(0, 9).map((date) => `${date} official`))
  expect(asked.official.sort()).toEqual(sessions.slice(5, 9))
  // What the others said is still there.
  const others = await store.rows<{ source: string; n: number }>(
    'SELECT source, count() AS n FROM bars_1d_other FINAL GROUP BY source ORDER BY source',
  )
  const byBroker = told('1d', names, sessions[5] ?? '', dateAfter(sessions[8] ?? ''))
  expect(others).toEqual([
    { source: 'broker', n: byBroker.length },
    { source: 'live', n: 1 },
  ])
})

test('a market of an exchange that is not known is refused', async () => {
  const parts: Pick<MarketsParts, 'lines' | 'catalog'> = {
    lines: [{ exchange: 'SIMM', interval: '1d', since }],
    catalog: contents.catalog,
  }
  // Nothing else is looked at before.
  await expect(Markets.open(parts as MarketsParts)).rejects.toMatchObject({ code: 'UNKNOWN_EXCHANGE' })
})
