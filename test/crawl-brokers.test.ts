import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { shippedConnectors } from '@barkeep/connectors'
import { type Emulator, type FaultKind, faultKinds, startEmulator, type TruthMinute } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { send, until } from './crawl-talk.js'

// Fugle and Shioaji: two sources of the same minutes, one in shares and one in lots.
const ids = ['fugle', 'shioaji'] as const
type Id = (typeof ids)[number]

/** 1 is real time; the rule of the limits is the same at any scale. */
const timeScale = Number(process.env.BARKEEP_TIME_SCALE ?? 50)
const DAY_MS = 86_400_000
/** An evening, counted back from the day of the test, since nobody has minutes of Fugle that are older than 30 days. */
const eveningMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS + 11 * 3_600_000
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const today = dateOf(eveningMs)
/** Longer than any holidays. */
const weeks = { start: dateOf(eveningMs - 25 * DAY_MS), end: dateOf(eveningMs) }
const years = { start: '2023-01-01', end: '2024-11-01' }

const directories: string[] = []

function open(
  emulator: Emulator,
  limits: (id: Id) => string,
  more: Record<string, string> = {},
): Promise<RunningServer> {
  const data = mkdtempSync(join(tmpdir(), 'barkeep-brokers-'))
  directories.push(data)
  const flags = ids.flatMap((id) => [
    [`connectors.${id}.baseUrl`, emulator.url(id)],
    [`connectors.${id}.limits`, limits(id)],
  ])
  const key = { 'connectors.fugle.credentials.api_key': 'good' }
  return startServer(loadConfig({ flags: { data, port: '0', ...key, ...more, ...Object.fromEntries(flags) } }))
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true })
})

async function crawl(server: RunningServer, connector: Id, order: object): Promise<{ dead: number }> {
  const { id } = await send(server, 'POST', '/v1/crawls', { connector, ...order })
  const { tasks } = await until(
    () => send(server, 'GET', `/v1/crawls/${id}`),
    ({ state }) => state === 'done',
  )
  return tasks
}

/** Bars as they are told, by instrument and start; each is there once. */
async function barsOf(
  server: RunningServer,
  interval: '1m' | '1d',
  window: { start: string; end: string },
  source: Id,
) {
  const told = new Map<string, readonly (number | null)[]>()
  let count = 0
  const columns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'source'] as const
  for await (const bar of createClient({ url: server.url }).bars(undefined, {
    interval,
    ...window,
    limit: 50_000,
    columns,
  })) {
    expect(bar.source).toBe(source)
    told.set(`${bar.instrument} ${Date.parse(bar.ts)}`, [bar.open, bar.high, bar.low, bar.close, bar.volume])
    count += 1
  }
  expect(told.size).toBe(count)
  return told
}

const minuteTruth = (emulator: Emulator, symbols: readonly string[], start: string, end: string) =>
  new Map(
    symbols.flatMap((symbol) =>
      emulator.truth.calendar
        .sessions(start, end)
        .flatMap((date) => emulator.truth.minutes(symbol, date))
        .map((minute: TruthMinute) => {
          const { tsMs, open, high, low, close, volumeShares } = minute
          return [`TWSE:${symbol} ${tsMs}`, [open, high, low, close, volumeShares]] as const
        }),
    ),
  )

const scaled = (id: Id) => {
  const { limits = [] } = shippedConnectors.find((connector) => connector.id === id) ?? {}
  return JSON.stringify(limits.map((limit) => ({ ...limit, perMs: Math.round(limit.perMs / timeScale) })))
}

describe('a crawl within the limits of its upstream', () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await startEmulator({ timeScale, stocks: 40, now: () => eveningMs })
  })
  afterAll(() => emulator.close())
  const stocks = (count: number) =>
    emulator.truth
      .listings()
      .filter(({ kind, delisted }) => kind === 'stock' && delisted === null)
      .map(({ symbol }) => symbol)
      .slice(0, count)

  test('of Fugle brings days, minutes and securities of both exchanges as they are', async () => {
    const server = await open(emulator, scaled)
    const instruments = stocks(35).map((symbol) => `TWSE:${symbol}`)
    const tpex = emulator.tpexTruth.listings().filter(({ kind }) => kind === 'stock')
    const dead = [
      await crawl(server, 'fugle', { plan: 'instruments', ...weeks }),
      await crawl(server, 'fugle', { plan: 'daily-bars', instruments, ...years }),
      await crawl(server, 'fugle', {
        plan: 'daily-bars',
        instruments: tpex.slice(0, 3).map(({ symbol }) => `TPEX:${symbol}`),
        ...years,
      }),
      await crawl(server, 'fugle', { plan: 'minute-bars', instruments: instruments.slice(0, 3), ...weeks }),
    ].map((tasks) => tasks.dead)
    expect(dead).toEqual([0, 0, 0, 0])
    expect(emulator.arrivals('fugle').length).toBeGreaterThan(70)
    expect(emulator.violations('fugle')).toEqual([])

    const days = (exchange: string, symbols: readonly string[], truth: Pick<Emulator['tpexTruth'], 'days'>) =>
      symbols.flatMap((symbol) =>
        truth
          .days(symbol, years.start, years.end)
          .filter(({ close }) => close !== null)
          .map(({ date, open, high, low, close, volumeShares }): [string, (number | null)[]] => {
            return [`${exchange}:${symbol} ${Date.parse(`${date}T01:00:00Z`)}`, [open, high, low, close, volumeShares]]
          }),
      )
    const expected = new Map([
      ...days('TWSE', stocks(35), emulator.truth),
      ...days(
        'TPEX',
        tpex.slice(0, 3).map(({ symbol }) => symbol),
        emulator.tpexTruth,
      ),
    ])
    expect(expected.size).toBeGreaterThan(10_000)
    expect(await barsOf(server, '1d', years, 'fugle')).toEqual(expected)
    const minutes = minuteTruth(emulator, stocks(3), weeks.start, weeks.end)
    expect(minutes.size).toBeGreaterThan(1_000)
    expect(await barsOf(server, '1m', weeks, 'fugle')).toEqual(minutes)
    const listed = await fetch(`${server.url}/v1/instruments?exchange=TPEX&limit=5000`)
    const { data }: { data: { name: string }[] } = await listed.json()
    const names = emulator.tpexTruth.listings().filter(({ kind, delisted }) => kind !== 'warrant' && delisted === null)
    expect(data.map(({ name }) => name).sort()).toEqual(names.map(({ name }) => name).sort())
    await server.close()
  })

  test('of Shioaji brings minutes in shares, labelled by their start, thirty days a page', async () => {
    const server = await open(emulator, scaled)
    const instruments = stocks(15).map((symbol) => `TWSE:${symbol}`)
    const quarter = { start: '2024-02-01', end: '2024-05-01' }
    expect(await crawl(server, 'shioaji', { plan: 'minute-bars', instruments, ...quarter })).toMatchObject({ dead: 0 })
    const asked = emulator.arrivals('shioaji')
    expect(asked.filter(({ path }) => path.endsWith('/data/kbars'))).toHaveLength(45)
    expect(asked.some(({ path }) => path.endsWith('/auth/usage'))).toBe(true)
    expect(emulator.violations('shioaji')).toEqual([])
    const expected = minuteTruth(emulator, stocks(15), quarter.start, quarter.end)
    expect(await barsOf(server, '1m', quarter, 'shioaji')).toEqual(expected)

    await crawl(server, 'shioaji', {
      plan: 'ticks',
      instruments: instruments.slice(0, 1),
      start: '2024-03-06',
      end: '2024-03-07',
    })
    await crawl(server, 'shioaji', { plan: 'snapshots', instruments: instruments.slice(0, 3), ...weeks })
    const client = createClient({ url: server.url })
    const ticks = await client.dataset('shioaji_ticks').rows({ limit: 5_000 }).toArray()
    const day = emulator.truth.minutes(stocks(1)[0] ?? '', '2024-03-06')
    expect(ticks[0]).toMatchObject({ number: 1, price: day[0]?.open })
    expect(Date.parse(String(ticks[0]?.time))).toBe(day[0]?.tsMs)
    expect(ticks.at(-1)).toMatchObject({ number: ticks.length, price: day.at(-1)?.close })
    expect(await client.dataset('shioaji_snapshots').rows({ limit: 10 }).toArray()).toHaveLength(3)
    await server.close()
  })
})

test('an empty answer over the bytes of the day is no day without data: the connector waits', async () => {
  const emulator = await startEmulator({ stocks: 5, now: () => eveningMs, bytesPerDay: 1, limits: { shioaji: [] } })
  const server = await open(emulator, () => '[{"requests": 50, "perMs": 1}]')
  const order = { plan: 'minute-bars', instruments: ['TWSE:2330'], start: '2024-03-01', end: '2024-04-20' }
  await send(server, 'POST', '/v1/crawls', { connector: 'shioaji', ...order })
  const [status] = await until(
    async () => (await send(server, 'GET', '/v1/connectors')).filter(({ id }: { id: string }) => id === 'shioaji'),
    ([one]) => one.status.blockedUntilMs !== null,
  )
  const resetHour = (ms: number) => new Date(ms).toISOString().slice(11, 16)
  expect([status.status.lastError, resetHour(status.status.blockedUntilMs)]).toEqual([
    expect.stringContaining('bytes of this day'),
    '00:00',
  ])
  // One page came while there were bytes left; the other was empty.
  const coverage: { of: string }[] = await until(
    () => send(server, 'GET', '/v1/coverage?limit=1000'),
    (rows) => rows.length > 0,
  )
  expect(coverage.filter(({ of }) => of === '1m')).toHaveLength(1)
  await server.close()
  await emulator.close()
})

describe('a crawl whose every page is struck once', () => {
  let emulator: Emulator
  let server: RunningServer
  beforeAll(async () => {
    // The back-off is drawn from it: nothing is waited for.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    emulator = await startEmulator({ stocks: 30, now: () => eveningMs, limits: { fugle: [], shioaji: [] } })
    const settings = { 'crawl.restMs': '1', 'crawl.failuresMax': '1000', 'crawl.attemptsMax': '3' }
    server = await open(emulator, () => '[{"requests": 50, "perMs": 1}]', settings)
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await server.close()
    await emulator.close()
  })

  const matches: Readonly<Record<Id, RegExp>> = { fugle: /historical/, shioaji: /kbars/ }
  /**
   * A wall against robots is a ban, which holds a connector back for an hour: it has a test of its own. The pages are ASCII, so that
   * no charset spoils them, and columns that stand beside each other are not reshaped.
   */
  const unstruck: Readonly<Record<Id, readonly FaultKind[]>> = {
    fugle: ['captcha', 'charset'],
    shioaji: ['captcha', 'charset', 'column-added', 'column-moved', 'duplicate-rows'],
  }
  const kindsOf = (id: Id) => faultKinds.filter((kind) => !unstruck[id].includes(kind))

  test.each(ids.flatMap((id) => kindsOf(id).map((kind): [Id, FaultKind] => [id, kind])))(
    'of %s by %s keeps the truth and nothing else',
    async (id, kind) => {
      const number = kindsOf(id).indexOf(kind)
      const symbol =
        emulator.truth.listings().filter((one) => one.kind === 'stock')[number + (id === 'fugle' ? 0 : 11)]?.symbol ??
        ''
      const instrument = `TWSE:${symbol}`
      const window = id === 'fugle' ? years : { start: '2024-03-01', end: '2024-03-15' }
      emulator.faults.set(id, { kind, match: matches[id], times: 1, bytes: 40_000, pauseMs: 1 })
      const order = { plan: id === 'fugle' ? 'daily-bars' : 'minute-bars', instruments: [instrument], ...window }
      expect([symbol, (await crawl(server, id, order)).dead]).toEqual([symbol, 0])
      expect(emulator.arrivals(id).some(({ fault }) => fault === kind)).toBe(true)
      emulator.faults.clear()
      const query = { interval: id === 'fugle' ? '1d' : '1m', ...window, limit: 50_000 } as const
      const told = await createClient({ url: server.url }).bars([instrument], query).toArray()
      const expected =
        id === 'fugle'
          ? emulator.truth.days(symbol, window.start, window.end).filter(({ close }) => close !== null)
          : emulator.truth.calendar
              .sessions(window.start, window.end)
              .flatMap((date) => emulator.truth.minutes(symbol, date))
      expect(told.map(({ open, high, low, close, volume }) => [open, high, low, close, volume])).toEqual(
        expected.map(({ open, high, low, close, volumeShares }) => [open, high, low, close, volumeShares]),
      )
    },
  )

  test.each(ids)('of %s by a wall against robots holds it back, and brings nothing', async (id) => {
    const instruments = ['TWSE:2330']
    emulator.faults.set(id, { kind: 'captcha', times: 1 })
    const order = {
      plan: id === 'fugle' ? 'daily-bars' : 'minute-bars',
      instruments,
      start: '2022-03-01',
      end: '2022-03-15',
    }
    await send(server, 'POST', '/v1/crawls', { connector: id, ...order })
    const [one] = await until(
      async () => (await send(server, 'GET', '/v1/connectors')).filter((told: { id: string }) => told.id === id),
      ([told]) => told.status.blockedUntilMs !== null,
    )
    expect(one.status.lastError).toContain('UPSTREAM_BANNED')
    const query = { interval: '1d', start: '2022-03-01', end: '2022-03-15' } as const
    expect(await createClient({ url: server.url }).bars(instruments, query).toArray()).toEqual([])
  })
})

test('a page of Fugle of today is final as far as it is over', async () => {
  const emulator = await startEmulator({ stocks: 5, now: () => eveningMs, limits: { fugle: [] } })
  const server = await open(emulator, () => '[{"requests": 50, "perMs": 1}]')
  const now = new Date()
  const date = dateOf(now.getTime() + 8 * 3_600_000)
  const order = {
    plan: 'intraday-bars',
    instruments: ['TWSE:2330'],
    start: date,
    end: dateOf(now.getTime() + 2 * DAY_MS),
  }
  expect(await crawl(server, 'fugle', order)).toMatchObject({ dead: 0 })
  const session =
    emulator.truth.calendar.sessions(dateOf(eveningMs - 20 * DAY_MS), dateOf(eveningMs + DAY_MS)).at(-1) ?? today
  const told = await barsOf(server, '1m', { start: session, end: dateOf(Date.parse(session) + DAY_MS) }, 'fugle')
  expect(told).toEqual(minuteTruth(emulator, ['2330'], session, dateOf(Date.parse(session) + DAY_MS)))
  await server.close()
  await emulator.close()
})
