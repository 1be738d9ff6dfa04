import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { fugle, shioaji } from '@barkeep/connectors'
import type { Bar, Connector } from '@barkeep/core'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { loadConfig, startServer } from '@barkeep/server'
import { afterEach, describe, expect, test } from 'vitest'
import { setUpConnector } from '../packages/server/src/crawl/connector-setup.js'
import { createMemoryLimiter } from '../packages/server/src/crawl/limiter/memory-limiter.js'
import { SimulatedClock } from '../packages/server/src/crawl/limiter/simulated-clock.contract.js'
import { LiveSources } from '../packages/server/src/crawl/live/live-sources.js'

const date = '2024-10-15'
const at = (clock: string) => Date.parse(`${date}T${clock}+08:00`)
const symbols = ['2330', '2317']
const instruments = symbols.map((symbol) => `TWSE:${symbol}`)
const MS_PER_MINUTE = 60_000

let closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  closing = []
})

type Kept = Bar & { readonly final?: boolean }

/** A live source over real connections, in a market whose time passes as the test says. */
async function listen(connector: Connector, start: string, credentials: Record<string, string> = {}) {
  const clock = new SimulatedClock(at(start))
  const emulator = await startEmulator({ stocks: 5, now: clock.now, limits: { fugle: [], shioaji: [] } })
  const limiter = createMemoryLimiter({ quietMsMax: 0 })
  const kept: Kept[] = []
  const errors: unknown[] = []
  const accounts = { main: credentials }
  const config = {
    baseUrl: emulator.url(connector.id as 'fugle' | 'shioaji'),
    limits: undefined,
    accounts,
    settings: {},
  } // both are played
  const sources = new LiveSources({
    setups: [setUpConnector(connector, config)],
    wishes: new Map([[connector.id, { topics: ['kmin'] as const, instruments }]]),
    ...{ limiter, clock, random: () => 0 },
    ingest: {
      async append({ bars, interval, source }) {
        kept.push(...bars)
        return { bars, interval, source, knownAtMs: clock.now(), createdInstruments: [] }
      },
    },
    settings: { timeoutMs: 5_000, pageBytesMax: 1_000_000, restMs: 60_000 },
    onError: (error) => errors.push(error),
  })
  closing.push(
    () => emulator.close(),
    () => limiter.close(),
    () => sources.close(),
  )
  sources.start()
  /** Lets the market go on second by second until a time of its day, and until something is as it should be. */
  const pass = async (until: string, isEnough: () => boolean = () => true): Promise<void> => {
    while (clock.now() < at(until) || !isEnough()) {
      emulator.tell(connector.id as 'fugle' | 'shioaji') // both are played
      await clock.pass(1_000)
      // What was sent arrives over a real connection.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const connected = async () => {
    while (emulator.listened(connector.id as 'fugle' | 'shioaji') < symbols.length) {
      // both are played
      await clock.pass(100)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  return { emulator, clock, kept, errors, sources, pass, connected }
}

/** The minutes of the market from a time on, as they must be kept. */
function truthFrom(emulator: Emulator, start: string): Map<string, readonly number[]> {
  const minutes = symbols.flatMap((symbol) => emulator.truth.minutes(symbol, date))
  return new Map(
    minutes
      .filter(({ tsMs }) => tsMs >= at(start))
      .map((minute) => [
        `TWSE:${minute.symbol} ${minute.minute}`,
        [minute.open, minute.high, minute.low, minute.close, minute.volumeShares],
      ]),
  )
}

const clockOf = (ts: string) => new Date(Date.parse(ts) + 8 * 60 * MS_PER_MINUTE).toISOString().slice(11, 16)
/** The last state of each bar that was called final. */
function finalOf(kept: readonly Kept[]): Map<string, readonly number[]> {
  const last = new Map(kept.map((bar) => [`${bar.instrument} ${clockOf(bar.ts)}`, bar]))
  return new Map(
    [...last]
      .filter(([, { final = true }]) => final)
      .map(([key, { open, high, low, close, volume }]) => [key, [open, high, low, close, volume]]),
  )
}

describe('a live source', () => {
  test('of Fugle tells minutes as they build up, the auction with the last, and goes on after a break', async () => {
    const { emulator, kept, errors, sources, pass, connected } = await listen(fugle, '13:18:20', { api_key: 'good' })
    await connected()
    await pass('13:21:30')
    emulator.drop('fugle')
    await connected()
    await pass('13:33:00')
    // A candle is the whole minute each time, so the break costs nothing.
    expect(finalOf(kept)).toEqual(truthFrom(emulator, '13:18'))
    expect(kept.some(({ final }) => final === false)).toBe(true)
    expect([...truthFrom(emulator, '13:18').keys()]).toContain('TWSE:2330 13:29')
    expect(sources.status('fugle')).toMatchObject([{ topic: 'kmin', state: 'listening', breaks: 1, instruments: 2 }])
    expect(errors).toHaveLength(1)
  })

  test('of Shioaji tells only minutes of which it saw every match', async () => {
    const { emulator, kept, pass, connected } = await listen(shioaji, '13:18:20')
    await connected()
    await pass('13:21:30')
    emulator.drop('shioaji')
    await connected()
    await pass('13:33:00')
    const told = finalOf(kept)
    const truth = truthFrom(emulator, '13:18')
    expect([...told].every(([key, bar]) => JSON.stringify(truth.get(key)) === JSON.stringify(bar))).toBe(true)
    const missing = [...truth.keys()].filter((key) => !told.has(key)).map((key) => key.slice(-5))
    expect([...new Set(missing)].sort()).toEqual(['13:18', '13:21'])
  })

  test('of Shioaji makes the first minute of a day of its first match, and passes trial matches over', async () => {
    const { emulator, kept, pass, connected } = await listen(shioaji, '08:58:30')
    await connected()
    await pass('09:03:30')
    const truth = [...truthFrom(emulator, '08:50')].filter(([key]) => key.slice(-5) < '09:03')
    expect([...finalOf(kept)].filter(([key]) => key.slice(-5) < '09:03').sort()).toEqual(truth.sort())
  })

  test('with a key that is refused stops, and asks no more', async () => {
    const { clock, sources, errors } = await listen(fugle, '09:00:00', { api_key: 'wrong' })
    while (sources.status('fugle')[0]?.state !== 'stopped') {
      await clock.pass(100)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(sources.status('fugle')).toMatchObject([
      { breaks: 1, lastError: expect.stringContaining('UPSTREAM_UNAUTHORIZED') },
    ])
    expect(errors).toHaveLength(1)
  })
})

test('bars of a live source are in the store and on the topic, and its state is told', async () => {
  let nowMs = at('13:00:00')
  const emulator = await startEmulator({ stocks: 5, now: () => nowMs, limits: { fugle: [], shioaji: [] } })
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-live-sources-'))
  const flags = {
    ...{ data: directory, port: '0', 'live.windowDates': '0' },
    'connectors.fugle.baseUrl': emulator.url('fugle'),
    'connectors.fugle.credentials.api_key': 'good',
    'connectors.fugle.live': JSON.stringify({ instruments }),
  }
  const server = await startServer(loadConfig({ flags }))
  closing.push(
    async () => rmSync(directory, { recursive: true }),
    () => emulator.close(),
    () => server.close(),
  )
  const heard: string[] = []
  const stream = await fetch(`${server.url}/v1/stream?topic=kmin`)
  const listening = (async () => {
    for await (const part of stream.body ?? []) heard.push(Buffer.from(part).toString())
  })().catch(() => undefined)
  const wait = () => new Promise((resolve) => setTimeout(resolve, 20))
  while (emulator.listened('fugle') < 2) await wait()
  nowMs = at('13:10:00')
  const wanted = [...truthFrom(emulator, '13:00')].filter(([key]) => key.slice(-5) < '13:10').sort()
  const client = createClient({ url: server.url })
  const window = { interval: '1m', start: date, end: '2024-10-16', limit: 5_000 } as const
  let told: [string, readonly number[]][] = []
  while (told.length < wanted.length) {
    emulator.tell('fugle')
    await wait()
    const bars = await client.bars(undefined, window).toArray()
    told = [...finalOf(bars)].filter(([key]) => key.slice(-5) < '13:10').sort()
  }
  expect(told).toEqual(wanted)
  const { data } = await (await fetch(`${server.url}/v1/connectors`)).json()
  const status = data.find(({ id }: { id: string }) => id === 'fugle')
  expect(status.live).toMatchObject([{ topic: 'kmin', state: 'listening', instruments: 2 }])
  while (!heard.join('').includes('"source":"fugle"')) await wait()
  await server.close()
  closing.pop()
  await listening
})

test.each([
  ['{"instruments": ["TWSE:2330"], "topics": ["kday"]}', /names the topic 'kday'/],
  ['{"instruments": ["NASDAQ:AAPL"]}', /names 'NASDAQ:AAPL'/],
  ['{"instruments": "TWSE:2330"}', /needs a list of instruments/],
  ['{"symbols": ["2330"]}', /has no 'symbols'/],
  [
    JSON.stringify({ instruments: Array.from({ length: 201 }, (_, n) => `TWSE:${1_000 + n}`) }),
    /lets an account listen to 200/,
  ],
])('the setting %s is refused', (value, message) => {
  expect(() => loadConfig({ flags: { 'connectors.fugle.live': value } })).toThrow(message)
})
