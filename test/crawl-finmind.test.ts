import type { FaultKind } from '@barkeep/emulator'
import { faultKinds } from '@barkeep/emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type CrawlRig, startCrawlRig } from './crawl-rig.js'

const DAY_MS = 86_400_000
const startedMs = Date.now()
const month = { start: '2024-10-01', end: '2024-11-01' }

const asObject = (bars: ReadonlyMap<string, readonly unknown[]>) => Object.fromEntries(bars)

function symbolsOf({ emulator }: CrawlRig): string[] {
  return emulator.truth
    .listings()
    .filter(({ kind, delisted }) => kind === 'stock' && delisted === null)
    .map(({ symbol }) => symbol)
}

const instrumentsOf = (symbols: readonly string[]) => symbols.map((symbol) => `TWSE:${symbol}`)

function dayBarsOf({ emulator: { truth } }: CrawlRig, symbols: readonly string[], { start, end }: typeof month) {
  const days = symbols.flatMap((symbol) => truth.days(symbol, start, end)).filter(({ close }) => close !== null)
  return new Map(
    days.map(({ symbol, date, open, high, low, close, volumeShares }) => [
      `TWSE:${symbol} ${date}T01:00:00Z`,
      [open, high, low, close, volumeShares],
    ]),
  )
}

function minuteBarsOf({ emulator: { truth } }: CrawlRig, symbol: string, dates: readonly string[]) {
  const minutes = dates.flatMap((date) => truth.minutes(symbol, date))
  return new Map(
    minutes.map(({ tsMs, open, high, low, close, volumeShares }) => [
      `TWSE:${symbol} ${new Date(tsMs).toISOString().replace('.000', '')}`,
      [open, high, low, close, volumeShares],
    ]),
  )
}

const restless = { 'crawl.restMs': '1', 'crawl.failuresMax': '1000', 'crawl.attemptsMax': '2' }

describe('FinMind, with the account of a sponsor and within the limits of a plain one', () => {
  let rig: CrawlRig
  beforeAll(async () => {
    rig = await startCrawlRig('finmind', {
      limits: 'real',
      settings: {
        'connectors.finmind.credentials.user_id': 'sponsor-crawl',
        'connectors.finmind.credentials.password': 'opensesame',
      },
    })
  })
  afterAll(() => rig.close())

  test('days, minutes and ratios are what the exchange has, each once, after one login', async () => {
    const symbols = symbolsOf(rig).slice(0, 12)
    const [symbol = ''] = symbols.filter((one) => rig.emulator.truth.minutes(one, '2024-10-14').length > 200)
    const instruments = instrumentsOf(symbols)
    const week = { start: '2024-10-14', end: '2024-10-19' }
    const done = await Promise.all([
      rig.crawl({ plan: 'instruments', ...month }),
      rig.crawl({ plan: 'trading-dates', ...month }),
      rig.crawl({ plan: 'daily-bars', instruments, ...month }),
      rig.crawl({ plan: 'valuations', instruments, ...month }),
      rig.crawl({ plan: 'minute-bars', instruments: [`TWSE:${symbol}`], ...week }),
    ])
    expect(done.map(({ tasks }) => tasks.dead)).toEqual([0, 0, 0, 0, 0])
    expect(asObject(await rig.bars('1d', month))).toEqual(asObject(dayBarsOf(rig, symbols, month)))
    const sessions = rig.emulator.truth.calendar.sessions(month.start, month.end)
    const kept = await rig.bars('1m', month)
    expect(kept.size).toBeGreaterThan(1_000)
    const inWeek = sessions.filter((date) => date >= week.start && date < week.end)
    expect(asObject(kept)).toEqual(asObject(minuteBarsOf(rig, symbol, inWeek)))
    expect((await rig.rows('finmind_trading_dates')).map(({ date }) => date)).toEqual(sessions)
    const told = symbols.flatMap((one) => rig.emulator.truth.days(one, month.start, month.end)).length
    expect(await rig.rows('finmind_valuations')).toHaveLength(told)
    const paths = rig.emulator.arrivals('finmind').map(({ path }) => path)
    expect(paths.filter((path) => path.startsWith('/api/v4/login'))).toHaveLength(1)
    expect([new Set(paths).size, rig.emulator.violations('finmind')]).toEqual([paths.length, []])
    expect(rig.emulator.arrivals('finmind').filter(({ credential }) => credential === 'anonymous')).toHaveLength(1)
  })

  test('archived pages are read again without a request, a login included', async () => {
    const before = rig.emulator.arrivals('finmind').length
    const again = await fetch(`${rig.server.url}/v1/connectors/finmind/reparse`, { method: 'POST' })
    // All but the login, which is not archived.
    expect((await again.json()).data).toMatchObject({ tasks: before - 1, failed: 0, failures: [] })
    expect(rig.emulator.arrivals('finmind')).toHaveLength(before)
  })

  test('neither password nor token is in what the server tells', async () => {
    const told = await Promise.all(
      ['/v1/crawls', '/v1/connectors', '/v1/coverage?limit=1000', '/v1/dead-tasks', '/v1/datasets'].map(async (path) =>
        (await fetch(rig.server.url + path)).text(),
      ),
    )
    const secrets = ['opensesame', 'sponsor-sponsor-crawl']
    expect(told.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([])
  })
})

test('a quota that is used up elsewhere makes the connector wait before the first page of a big crawl', async () => {
  const token = 'free-shared'
  const rig = await startCrawlRig('finmind', {
    limits: 'none',
    settings: {
      ...restless,
      'connectors.finmind.credentials.token': token,
      'connectors.finmind.limits': '[{"requests": 1, "perMs": 1000}]',
    },
    emulator: { limits: { finmind: [{ requests: 610, perMs: 3_600_000, banMs: 0 }] }, timeScale: 1, stocks: 110 },
  })
  const headers = { authorization: `Bearer ${token}` }
  const url = `${rig.emulator.url('finmind')}/api/v4/data?dataset=TaiwanStockTradingDate&start_date=2024-10-01`
  for (let request = 0; request < 600; request++) await (await fetch(url, { headers })).arrayBuffer()
  const body = JSON.stringify({
    connector: 'finmind',
    plan: 'daily-bars',
    instruments: instrumentsOf(symbolsOf(rig)),
    ...month,
  })
  const type = { 'content-type': 'application/json' }
  await fetch(`${rig.server.url}/v1/crawls`, { method: 'POST', headers: type, body })
  type Connector = { id: string; status: { lastError: string | null; blockedUntilMs: number | null } }
  for (;;) {
    const connectors: Connector[] = (await (await fetch(`${rig.server.url}/v1/connectors`)).json()).data
    const status = connectors.find(({ id }) => id === 'finmind')?.status
    if (status?.lastError != null) {
      expect(status.lastError).toMatch(/^UPSTREAM_RATE_LIMITED.*601 of 600 requests/)
      expect(status.blockedUntilMs).toBeGreaterThan(Date.now() + 3_000_000)
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const asked = rig.emulator.arrivals('finmind').slice(600)
  expect(asked.map(({ path, status }) => [path, status])).toEqual([['/v2/user_info', 200]])
  await rig.close()
})

test('a crawl of more than two hours without a token never asks more than 300 times in one', async () => {
  // An hour lasts a second.
  const rig = await startCrawlRig('finmind', {
    limits: 'real',
    settings: { 'connectors.finmind.limits': '[{"requests": 300, "perMs": 1000}]', 'crawl.concurrencyMax': '64' },
    emulator: { timeScale: 3_600 },
  })
  const day = { start: '2024-10-14', end: '2024-10-15' }
  const symbols = Array.from({ length: 650 }, (_, index) => String(2_001 + index))
  const { tasks } = await rig.crawl({ plan: 'daily-bars', instruments: instrumentsOf(symbols), ...day })
  // The task that asks for the usage has nobody to ask for.
  expect(tasks).toMatchObject({ done: 651, dead: 0 })
  const arrivals = rig.emulator.arrivals('finmind')
  expect([arrivals.length, rig.emulator.violations('finmind')]).toEqual([650, []])
  expect(asObject(await rig.bars('1d', day))).toEqual(asObject(dayBarsOf(rig, symbols, day)))
  await rig.close()
})

describe('a page of FinMind that is struck once', () => {
  let rig: CrawlRig
  beforeAll(async () => {
    // The back-off is drawn from it: nothing is waited for.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    rig = await startCrawlRig('finmind', {
      limits: 'none',
      settings: { ...restless, 'connectors.finmind.credentials.token': 'sponsor-struck' },
      emulator: { now: () => startedMs, stocks: 60 },
    })
  })
  afterEach(() => rig.emulator.faults.clear())
  afterAll(async () => {
    vi.restoreAllMocks()
    await rig.close()
  })

  const again: readonly FaultKind[] = ['cut', 'drop', 'empty', 'status', 'html']
  // A captcha is a ban, for which the whole connector waits; a handler's test has it.
  const kinds = faultKinds.filter((kind) => kind !== 'captcha')

  test.each(kinds)('by %s keeps the truth and nothing else', async (kind) => {
    const traded = symbolsOf(rig).filter((symbol) => rig.emulator.truth.minutes(symbol, '2024-10-14').length > 20)
    const symbol = traded[kinds.indexOf(kind)] ?? ''
    const instruments = [`TWSE:${symbol}`]
    const asks = ['Price', 'PER', 'KBar'].map((name) => new RegExp(`TaiwanStock${name}&data_id=${symbol}&`))
    const info = /TaiwanStockInfo/
    const struck = [...asks, info]
    for (const match of struck) {
      rig.emulator.faults.set('finmind', { kind, match, times: 1, bytes: 20_000, pauseMs: 1, skewMs: -DAY_MS })
    }
    const before = rig.emulator.arrivals('finmind').length
    const day = { start: '2024-10-14', end: '2024-10-15' }
    const done = await Promise.all([
      rig.crawl({ plan: 'daily-bars', instruments, ...month }),
      rig.crawl({ plan: 'valuations', instruments, ...month }),
      rig.crawl({ plan: 'minute-bars', instruments, ...day }),
      rig.crawl({ plan: 'instruments', ...day }),
    ])
    expect(done.map(({ tasks }) => tasks.dead)).toEqual([0, 0, 0, 0])
    const requests = rig.emulator.arrivals('finmind').slice(before)
    const counts = struck.map((match) => requests.filter(({ path }) => match.test(path)).length)
    // Figures are ASCII, which is the same in all encodings; names are not.
    const isAgain = (match: RegExp) => again.includes(kind) || (kind === 'charset' && match === info)
    expect(counts).toEqual(struck.map((match) => (isAgain(match) ? 2 : 1)))
    const ours = (bars: ReadonlyMap<string, readonly unknown[]>) =>
      Object.fromEntries([...bars].filter(([key]) => key.startsWith(`TWSE:${symbol} `)))
    expect(ours(await rig.bars('1d', month))).toEqual(asObject(dayBarsOf(rig, [symbol], month)))
    expect(ours(await rig.bars('1m', month))).toEqual(asObject(minuteBarsOf(rig, symbol, ['2024-10-14'])))
    const rows = (await rig.rows('finmind_valuations')).filter(({ instrument }) => instrument === `TWSE:${symbol}`)
    expect(rows).toHaveLength(rig.emulator.truth.days(symbol, month.start, month.end).length)
    const stocks = await rig.rows('finmind_stocks')
    expect(stocks.find(({ stock_id }) => stock_id === symbol)?.name).toBe(rig.emulator.truth.listing(symbol)?.name)
  })
})
