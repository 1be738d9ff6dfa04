import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
let emulator: Emulator
let server: RunningServer

/** Windows of the emulator are shorter by this, and the limits of the crawl with them. */
const timeScale = 50

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-crawl-'))
  emulator = await startEmulator({ timeScale })
  server = await startServer(
    loadConfig({
      flags: {
        data: directory,
        port: '0',
        'crawl.eventsMs': '20',
        'crawl.eventStreamsMax': '2',
        'connectors.twse.baseUrl': emulator.url('twse'),
        'connectors.twse.limits': JSON.stringify([
          { requests: 3, perMs: 5_000 / timeScale, host: 'twse.com.tw' },
          { requests: 1, perMs: 1_700 / timeScale, host: 'twse.com.tw' },
        ]),
      },
    }),
  )
})

afterAll(async () => {
  await server.close()
  await emulator.close()
  rmSync(directory, { recursive: true })
})

async function send(method: string, path: string, body?: object) {
  const answer = await fetch(server.url + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: answer.status, body: await answer.json() }
}

async function crawl(order: object): Promise<void> {
  const { body } = await send('POST', '/v1/crawls', order)
  expect(body).toMatchObject({ data: { id: expect.any(Number) } })
  for (;;) {
    const { data } = (await send('GET', `/v1/crawls/${body.data.id}`)).body
    if (data.state === 'done') {
      expect(data.tasks).toMatchObject({ waiting: 0, active: 0, dead: 0 })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What the emulated exchange has of some symbols, as bars in the order of the wire. */
function truthOf(symbols: readonly string[], start: string, end: string): object[] {
  return symbols.flatMap((symbol) =>
    emulator.truth
      .days(symbol, start, end)
      .filter(({ close }) => close !== null)
      .map(({ date, open, high, low, close, volumeShares, turnover, trades }) => ({
        instrument: `TWSE:${symbol}`,
        ts: `${date}T01:00:00Z`,
        open,
        high,
        low,
        close,
        volume: volumeShares,
        turnover,
        trades,
      })),
  )
}

/** What was kept of some symbols, in the order of the truth. */
async function barsOf(symbols: readonly string[], start: string, end: string) {
  const client = createClient({ url: server.url })
  const rank = new Map(symbols.map((symbol, index) => [`TWSE:${symbol}`, index]))
  const bars = await client.bars(undefined, { interval: '1d', start, end }).toArray()
  return bars
    .filter(({ instrument }) => rank.has(instrument))
    .sort((a, b) => (rank.get(a.instrument) ?? 0) - (rank.get(b.instrument) ?? 0) || (a.ts < b.ts ? -1 : 1))
}

const stocks = () =>
  emulator.truth
    .listings()
    .filter(({ kind }) => kind === 'stock')
    .map(({ symbol }) => symbol)

test('a month of daily bars, stock by stock, is what the exchange has', async () => {
  const symbols = stocks().slice(0, 12)
  const instruments = symbols.map((symbol) => `TWSE:${symbol}`)
  const before = emulator.arrivals('twse').length
  await crawl({ connector: 'twse', plan: 'daily-bars', instruments, start: '2024-10-01', end: '2024-11-01' })
  expect(await barsOf(symbols, '2024-10-01', '2024-11-01')).toEqual(truthOf(symbols, '2024-10-01', '2024-11-01'))
  expect(emulator.arrivals('twse').length - before).toBe(symbols.length)
  expect(emulator.violations('twse')).toEqual([])
})

test('the same crawl again asks again, and replaces what it had brought', async () => {
  const [symbol = ''] = stocks()
  await crawl({
    connector: 'twse',
    plan: 'daily-bars',
    instruments: [`TWSE:${symbol}`],
    start: '2024-10-01',
    end: '2024-11-01',
  })
  expect(await barsOf([symbol], '2024-10-01', '2024-11-01')).toEqual(truthOf([symbol], '2024-10-01', '2024-11-01'))
})

test('days of the whole market are what the exchange has, and a typhoon day has none', async () => {
  await crawl({ connector: 'twse', plan: 'market-days', start: '2024-10-28', end: '2024-11-02' })
  expect(await barsOf(stocks(), '2024-10-28', '2024-11-02')).toEqual(truthOf(stocks(), '2024-10-28', '2024-11-02'))
  expect(emulator.violations('twse')).toEqual([])
})

test('an estimate says what a crawl would ask, and asks nothing', async () => {
  const before = emulator.arrivals('twse').length
  const order = {
    connector: 'twse',
    plan: 'daily-bars',
    instruments: ['TWSE:2330'],
    start: '2020-01-01',
    end: '2022-01-01',
  }
  const { body } = await send('POST', '/v1/crawls?dry_run=true', order)
  expect(body.data.estimate).toMatchObject({
    requests: 24,
    isCut: false,
    bindingLimit: expect.stringContaining('twse.com.tw'),
  })
  expect(body.data.estimate.durationMs).toBeGreaterThan(0)
  expect(emulator.arrivals('twse')).toHaveLength(before)
})

test.each([
  [{ connector: 'tsew', plan: 'daily-bars', start: '2024-01-01', end: '2024-02-01' }, 404, "'twse'"],
  [{ connector: 'twse', plan: 'daily-bar', start: '2024-01-01', end: '2024-02-01' }, 404, "'daily-bars'"],
  [{ connector: 'twse', plan: 'daily-bars', start: '2024-02-01', end: '2024-01-01' }, 400, 'half-open'],
  [{ connector: 'twse', plan: 'daily-bars', start: 'soon', end: '2024-01-01' }, 400, 'start'],
  [
    { connector: 'twse', plan: 'daily-bars', instruments: ['TPEX:6488'], start: '2024-01-01', end: '2024-02-01' },
    400,
    "brings TWSE, not 'TPEX:6488'",
  ],
])('an order that cannot be: %j', async (order, status, hint) => {
  const { status: answered, body } = await send('POST', '/v1/crawls', order)
  expect([answered, body.message]).toEqual([status, expect.stringContaining(hint)])
})

test('archived pages are read again without a request', async () => {
  const before = emulator.arrivals('twse').length
  const { body } = await send('POST', '/v1/connectors/twse/reparse')
  expect(body.data).toMatchObject({ failed: 0, failures: [], tasks: before - 1 })
  expect(body.data.bars).toBeGreaterThan(0)
  expect(emulator.arrivals('twse')).toHaveLength(before)
})

test('a crawl is followed until it is over, and each state goes on from the one before', async () => {
  const client = createClient({ url: server.url })
  const instruments = stocks()
    .slice(0, 8)
    .map((symbol) => `TWSE:${symbol}`)
  const order = { connector: 'twse', plan: 'daily-bars', instruments, start: '2022-10-01', end: '2022-11-01' }
  const { id } = await client.crawl(order)
  const done: number[] = []
  let last: object | undefined
  for await (const state of client.followCrawl(id)) {
    expect(state).toMatchObject({ id, order, blockedUntilMs: null, stoppedBy: null })
    done.push(state.tasks.done)
    last = state
  }
  expect(done.length).toBeGreaterThan(2)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(last).toMatchObject({ state: 'done', tasks: { waiting: 0, active: 0, done: 8, dead: 0 } })
})

test('of a crawl that is over there is one state, and nothing for who knows it', async () => {
  const events = `${server.url}/v1/crawls/1/events`
  const answer = await fetch(events)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const text = await answer.text()
  const [, eventId = '', data = '{}'] = /^retry: \d+\n\nid: (.+)\nevent: state\ndata: (.+)\n\n$/.exec(text) ?? []
  expect(JSON.parse(data)).toMatchObject({ id: 1, state: 'done' })
  const again = await fetch(events, { headers: { 'last-event-id': eventId } })
  expect([again.status, await again.text()]).toEqual([204, ''])
  const stale = await fetch(events, { headers: { 'last-event-id': 'running.1.0.0.0..' } })
  expect(await stale.text()).toBe(text)
  expect((await fetch(events, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(`${server.url}/v1/crawls/99999/events`)).status).toBe(404)
})

test('a ban is waited for and never taken for a day without data', async () => {
  emulator.faults.set('twse', { kind: 'captcha', times: 1 })
  const order = {
    connector: 'twse',
    plan: 'daily-bars',
    instruments: ['TWSE:2317'],
    start: '2023-03-01',
    end: '2023-04-01',
  }
  const { body } = await send('POST', '/v1/crawls', order)
  let status = await send('GET', '/v1/connectors')
  while (status.body.data[0].status.failures === 0) status = await send('GET', '/v1/connectors')
  expect(status.body.data[0].status).toMatchObject({
    lastError: expect.stringMatching(/^UPSTREAM_BANNED/),
    blockedUntilMs: expect.any(Number),
  })
  const { data } = (await send('GET', `/v1/crawls/${body.data.id}`)).body
  expect(data.tasks).toMatchObject({ done: 0, dead: 0 })
  expect(data.state).not.toBe('done')
})

test('who follows a banned crawl is told until when, and no more may follow than the setting says', async () => {
  const { id } = (await send('GET', '/v1/crawls?limit=1')).body.data[0]
  const client = createClient({ url: server.url, retriesMax: 0 })
  const leave = new AbortController()
  const followers = [client.followCrawl(id), client.followCrawl(id, { signal: leave.signal })]
  for (const follower of followers) {
    expect((await follower.next()).value).toMatchObject({ id, state: 'running', blockedUntilMs: expect.any(Number) })
  }
  const third = await fetch(`${server.url}/v1/crawls/${id}/events`)
  expect([third.status, await third.json()]).toEqual([503, expect.objectContaining({ code: 'OVER_CAPACITY' })])
  // Where there is no room the SDK asks now and then.
  const asking = client.followCrawl(id)
  expect((await asking.next()).value).toMatchObject({ id, state: 'running' })
  await asking.return?.()
  leave.abort()
  await expect(followers[1]?.next()).rejects.toMatchObject({ code: 'CANCELLED_REQUEST' })
  while ((await fetch(`${server.url}/v1/crawls/${id}/events`, { method: 'GET', signal: soonOver() })).status === 503);
  await followers[0]?.return?.()
})

test('a connector that is told to go on asks at once, though its limits were paused for long', async () => {
  const { id } = (await send('GET', '/v1/crawls?limit=1')).body.data[0]
  expect((await send('POST', '/v1/connectors/twse', { revive: false })).status).toBe(200)
  const states = []
  for await (const state of createClient({ url: server.url }).followCrawl(id)) states.push(state)
  expect(states.at(-1)).toMatchObject({ state: 'done', blockedUntilMs: null, tasks: { done: 1, dead: 0 } })
  const { data } = (await send('GET', '/v1/connectors')).body
  expect(data[0].status).toMatchObject({ connector: 'twse', blockedUntilMs: null, stoppedBy: null })
})

test('a page that two crawls want is asked for once, counted by both, and kept when the first is cancelled', async () => {
  // Nothing is asked while the limits are paused, so the second crawl finds the pages of the first.
  emulator.faults.set('twse', { kind: 'captcha', times: 1 })
  const [one = '', two = '', other = ''] = stocks().map((symbol) => `TWSE:${symbol}`)
  const order = (instruments: string[]) =>
    send('POST', '/v1/crawls', {
      connector: 'twse',
      plan: 'daily-bars',
      instruments,
      start: '2021-03-01',
      end: '2021-04-01',
    })
  const banned = (await order([other])).body.data.id
  while ((await send('GET', '/v1/connectors')).body.data[0].status.blockedUntilMs === null);
  const first = (await order([one, two])).body.data.id
  const second = (await order([two, one])).body.data.id
  const client = createClient({ url: server.url })
  for (const id of [first, second]) {
    while ((await client.crawlStatus(id)).state === 'planning');
    const { tasks } = await client.crawlStatus(id)
    expect(tasks.waiting + tasks.active).toBe(2)
  }
  const before = emulator.arrivals('twse').length
  await send('DELETE', `/v1/crawls/${first}`)
  await send('POST', '/v1/connectors/twse', { revive: false })
  for (const [id, done] of [
    [banned, 1],
    [second, 2],
  ]) {
    let last: object | undefined
    for await (const state of client.followCrawl(id)) last = state
    expect(last).toMatchObject({ state: 'done', tasks: { waiting: 0, active: 0, done, dead: 0 } })
  }
  expect(await client.crawlStatus(first)).toMatchObject({
    state: 'cancelled',
    tasks: { waiting: 0, active: 0, done: 0 },
  })
  expect(emulator.arrivals('twse').length - before).toBe(3)
  const symbols = [one, two].map((name) => name.replace('TWSE:', ''))
  expect(await barsOf(symbols, '2021-03-01', '2021-04-01')).toEqual(truthOf(symbols, '2021-03-01', '2021-04-01'))
})

/** For an answer whose body is not waited for. */
function soonOver(): AbortSignal {
  return AbortSignal.timeout(60_000)
}
