import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient, type StreamMessage, type StreamState } from '@barkeep/client'
import type { Bar, LiveBar, LiveDone, LiveMessage, LiveRefusal, PublishAck, SubscribeAck } from '@barkeep/core'
import { type Emulator, startEmulator, type TruthMinute } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

const NANOSECONDS = 1_000_000
const LOT_SHARES = 1_000
const TAIPEI_MS = 8 * 3_600_000
const MINUTE_MS = 60_000

let directory: string
let emulator: Emulator
let server: RunningServer
let client: Client
/** A session of the last days that is over, and two stocks. */
let date: string
let minuteStock: string
let hourStock: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-picture-'))
  emulator = await startEmulator({ stocks: 20, limits: { yahoo: [] } })
  const yahoo = {
    'connectors.yahoo.baseUrl': emulator.url('yahoo'),
    'connectors.yahoo.limits': '[{"requests":50,"perMs":1}]',
  }
  // The session is over, so its bars are live only where all bars are.
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', 'live.windowDates': '0', ...yahoo } }))
  client = createClient({ url: server.url })
  const dayOf = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
  const { truth } = emulator
  date = truth.calendar.sessions(dayOf(20), dayOf(3)).at(-1) ?? ''
  const traded = truth
    .listings()
    .filter(({ kind, symbol }) => kind === 'stock' && truth.minutes(symbol, date).length > 100)
  ;[minuteStock = '', hourStock = ''] = traded.map(({ symbol }) => symbol)
})
afterAll(async () => {
  await server.close()
  await emulator.close()
  rmSync(directory, { recursive: true })
})

/** Any client of socket.io, as the guide tells it. */
function connect(): Socket {
  const socket = io(server.url, { transports: ['websocket'], forceNew: true, reconnection: false })
  onTestFinished(() => void socket.disconnect())
  return socket
}

/** Says a word and waits for its answer. */
async function say<Answer>(socket: Socket, word: string, payload: object): Promise<Answer> {
  const answer: Answer | LiveRefusal = await socket.emitWithAck(word, payload)
  if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new Error(answer.error.message)
  return answer as Answer // it is no refusal
}

/** A bar as Shioaji tells it: stamped at its END with the clock on the wall of Taipei as if it were UTC, volume in lots. */
interface Kbar {
  readonly ts: number
  readonly Open: number
  readonly High: number
  readonly Low: number
  readonly Close: number
  readonly Volume: number
  readonly Amount: number
}

function kbarOf({ tsMs, open, high, low, close, volumeShares, turnover }: TruthMinute): Kbar {
  const ts = (tsMs + MINUTE_MS + TAIPEI_MS) * NANOSECONDS
  return { ts, Open: open, High: high, Low: low, Close: close, Volume: volumeShares / LOT_SHARES, Amount: turnover }
}

function barOfKbar(instrument: string, kbar: Kbar): Bar {
  const startMs = Math.round(kbar.ts / NANOSECONDS) - TAIPEI_MS - MINUTE_MS
  const { Open: open, High: high, Low: low, Close: close, Volume, Amount: turnover } = kbar
  const prices = { open, high, low, close, volume: Math.round(Volume * LOT_SHARES), turnover, trades: null }
  return { instrument, ts: instantOf(startMs), ...prices }
}

/** The crawler that sits beside the broker's API: what it is told, it publishes, minute by minute. */
async function crawlShioaji(symbol: string): Promise<void> {
  const socket = connect()
  for (const minute of emulator.truth.minutes(symbol, date)) {
    const bar = barOfKbar(`TWSE:${symbol}`, kbarOf(minute))
    await say<PublishAck>(socket, 'pub_kmin', { bars: [bar], source: 'shioaji', done: bar.ts })
  }
}

/** The crawler that asks Yahoo: it runs in the server, and what it commits is broadcast. */
async function crawlYahoo(symbol: string): Promise<void> {
  const end = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
  const order = { connector: 'yahoo', plan: 'hour-bars', instruments: [`TWSE:${symbol}`], start: date, end }
  const { id } = await client.crawl(order)
  for await (const { state, tasks } of client.followCrawl(id)) if (state === 'done') expect(tasks.dead).toBe(0)
}

const instantOf = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')
const figures = ({ instrument, ts, open, high, low, close, volume }: Bar) => [
  instrument,
  ts,
  open,
  high,
  low,
  close,
  volume,
]

test('two crawlers publish; one client awaits minute bars, another hour bars', async () => {
  const minutes: StreamMessage[] = []
  const lastMinute = instantOf(emulator.truth.minutes(minuteStock, date).at(-1)?.tsMs ?? 0)
  let minuteClient: Promise<void> | undefined
  await new Promise<void>((listens) => {
    const onState = (state: StreamState) => state === 'live' && listens()
    minuteClient = (async () => {
      for await (const message of client.stream('kmin', [`TWSE:${minuteStock}`], { onState })) {
        minutes.push(message)
        if (message.kind === 'done' && message.ts === lastMinute) return
      }
    })()
  })

  const hours: LiveBar[] = []
  const hourClient = connect()
  await say<SubscribeAck>(hourClient, 'sub_khour', {})
  const expectedHours = emulator.yahooTruth.bars(hourStock, date, 60)
  const hoursDone = new Promise<void>((resolve) => {
    hourClient.on('khour', ({ bars }: LiveMessage) => {
      hours.push(...bars.filter(({ final }) => final))
      const own = hours.filter(({ instrument }) => instrument === `TWSE:${hourStock}`)
      const built = hours.filter(({ instrument }) => instrument === `TWSE:${minuteStock}`)
      if (own.length >= expectedHours.length && built.length >= 4) resolve()
    })
  })

  await Promise.all([crawlShioaji(minuteStock), crawlYahoo(hourStock)])
  await Promise.all([minuteClient, hoursDone])

  const told = minutes.flatMap((message) => (message.kind === 'done' ? [] : message.bars))
  const truth = emulator.truth.minutes(minuteStock, date).map((minute) => {
    return { ...minute, instrument: `TWSE:${minuteStock}`, ts: instantOf(minute.tsMs), volume: minute.volumeShares }
  })
  expect(told.map(figures)).toEqual(truth.map((bar) => figures({ ...bar, turnover: null, trades: null })))
  expect(new Set(told.map(({ source }) => source))).toEqual(new Set(['shioaji']))

  const yahooHours = hours.filter(({ instrument }) => instrument === `TWSE:${hourStock}`)
  expect(yahooHours.map(figures)).toEqual(
    expectedHours.map((bar) => {
      const [instrument, ts] = [`TWSE:${hourStock}`, instantOf(bar.tsMs)]
      return figures({ ...bar, instrument, ts, volume: bar.volumeShares, turnover: null, trades: null })
    }),
  )
  expect(new Set(yahooHours.map(({ source }) => source))).toEqual(new Set(['yahoo']))
  // Hours of the other stock are made of its minutes, and are what REST makes of them.
  const builtHours = hours.filter(({ instrument }) => instrument === `TWSE:${minuteStock}`)
  const derived = await client.bars([`TWSE:${minuteStock}`], { interval: '1h', base: '1m', start: date }).toArray()
  expect(builtHours.slice(0, 4).map(figures)).toEqual(derived.slice(0, 4).map(figures))
})

test('a crawler that knows nothing but HTTP posts its bars and says so', async () => {
  const bar = {
    ...{ instrument: 'SIM:1001', ts: `${date}T01:00:00Z`, open: 100, high: 101, low: 99, close: 100.5 },
    ...{ volume: 1_000, turnover: null, trades: null },
  }
  const listener = connect()
  await say<SubscribeAck>(listener, 'sub_kday', { instruments: [bar.instrument] })
  const heard = new Promise<LiveMessage>((resolve) => void listener.once('kday', resolve))
  const done = new Promise<LiveDone>((resolve) => {
    listener.on('kday_done', (mark: LiveDone) => mark.exchange === 'SIM' && resolve(mark))
  })
  await client.createBars('1d', [bar], { source: 'mine' })
  const answer = await fetch(`${server.url}/v1/bars/1d/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ done: bar.ts }),
  })
  expect(await answer.json()).toMatchObject({ data: { topic: 'kday', bars: 1 } })
  expect(await heard).toMatchObject({ ts: bar.ts, bars: [{ ...bar, source: 'mine' }] })
  expect(await done).toMatchObject({ ts: bar.ts, instruments: 1, missing: [] })
})
