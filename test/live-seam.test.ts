import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient, type StreamMessage, type StreamOptions } from '@barkeep/client'
import { simulatedCsv, simulatedInstruments } from '@barkeep/connectors'
import type { Bar, LivePosition, PublishAck } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readCsv } from './read-csv.js'

const SEED = 1
const date = '2026-11-20'
const INSTRUMENTS = 20
/** What stands in the store before anybody listens. */
const HISTORY_MINUTES = 60
/** Minutes that are on their way at the same time. */
const MINUTES_UNDER_WAY = 5
/** Every so many minutes, bars of an earlier one are told anew. */
const CORRECTION_MINUTES = 7

let directory: string
let server: RunningServer

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-seam-'))
  server = await start('0')
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

function start(port: string): Promise<RunningServer> {
  // The session is over for the clock of this machine, so its bars are live only where all bars are.
  return startServer(loadConfig({ flags: { data: directory, port, 'live.windowDates': '0' } }))
}

/** The bars of a simulated session, one array for each minute. */
function minutesOfSession(): Bar[][] {
  const instruments = simulatedInstruments(SEED).slice(0, INSTRUMENTS)
  const csv = [...simulatedCsv({ seed: SEED, interval: '1m', sessionDates: [date], instruments })].join('')
  const [, ...rows] = readCsv(csv)
  const minutes = new Map<string, Bar[]>()
  for (const [instrument = '', ts = '', ...rest] of rows) {
    const [open = 0, high = 0, low = 0, close = 0, volume = 0, turnover = 0, trades = 0] = rest.map(Number)
    const bar = { instrument, ts, open, high, low, close, volume, turnover, trades }
    minutes.set(ts, [...(minutes.get(ts) ?? []), bar])
  }
  return [...minutes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bars]) => bars)
}

interface Listener {
  readonly messages: StreamMessage[]
  /** Resolves when everything up to a place was given. */
  reached(place: LivePosition): Promise<void>
}

function listen(client: Client, options: StreamOptions, signal: AbortSignal): Listener {
  const messages: StreamMessage[] = []
  const waiting: { place: LivePosition; resolve: () => void; reject: (error: unknown) => void }[] = []
  let at: LivePosition | undefined
  const look = () => {
    for (const { place, resolve } of waiting) if (at?.epoch === place.epoch && at.seq >= place.seq) resolve()
  }
  const loop = async () => {
    for await (const message of client.stream('kmin', undefined, { ...options, signal })) {
      messages.push(message)
      at = message.position ?? at
      look()
    }
  }
  loop().catch((error) => {
    for (const { reject } of waiting) reject(error)
  })
  return {
    messages,
    reached: (place) =>
      new Promise((resolve, reject) => {
        waiting.push({ place, resolve, reject })
        look()
      }),
  }
}

/** The last version of each bar; fails where one comes twice, or an older one after a newer. */
function contentOf(messages: readonly StreamMessage[]): Map<string, unknown> {
  const content = new Map<string, { readonly known_at: string }>()
  for (const message of messages) {
    if (message.kind === 'done') continue
    for (const bar of message.bars) {
      const key = `${bar.instrument} ${bar.ts}`
      const before = content.get(key)
      expect(before === undefined || before.known_at < bar.known_at, key).toBe(true)
      expect(message.kind).toBe(before === undefined ? 'bars' : 'corrections')
      content.set(key, bar)
    }
  }
  return content
}

const corrected = (bar: Bar): Bar => ({ ...bar, volume: bar.volume + 1_000 })

test('history and live are what the store has at the end: a whole session, corrections in it, a restart amid it', async () => {
  const controller = new AbortController()
  const client = createClient({ url: server.url })
  const minutes = minutesOfSession()
  expect(minutes).toHaveLength(270)
  const [history, live] = [minutes.slice(0, HISTORY_MINUTES), minutes.slice(HISTORY_MINUTES)]
  await client.createBars('1m', history.flat())

  const publisher = await client.publish('kmin')
  const early = listen(client, { since: date }, controller.signal)
  const small = listen(client, { since: date, bufferBarsMax: 1 }, controller.signal)
  let late: Listener | undefined
  let place: LivePosition | undefined
  const restartAt = Math.floor(live.length / 2) + 2
  let sending: Promise<PublishAck>[] = []
  for (const [index, bars] of live.entries()) {
    const correction = minutes[(index * 31) % (HISTORY_MINUTES + index)]?.slice(0, 3).map(corrected) ?? []
    sending.push(publisher.send(bars, { done: bars[0]?.ts ?? '' }))
    if (index % CORRECTION_MINUTES === 0) sending.push(publisher.send(correction))
    // What was sent just now is under way when the server goes.
    if (index === restartAt) {
      await server.close()
      server = await start(new URL(server.url).port)
    }
    if (index === restartAt + 20) late = listen(client, { since: date }, controller.signal)
    if (index % MINUTES_UNDER_WAY > 0 && index < live.length - 1) continue
    for (const ack of await Promise.all(sending)) place = { epoch: ack.epoch, seq: ack.seq }
    sending = []
  }
  if (place === undefined || late === undefined) throw new Error('nothing was published')
  await publisher.close()

  const columns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const
  const stored = await client
    .bars(undefined, {
      interval: '1m',
      start: date,
      columns: [...columns, 'final', 'source', 'known_at'],
      limit: 5_000,
    })
    .toArray()
  const content = new Map(stored.map((bar) => [`${bar.instrument} ${bar.ts}`, bar]))
  expect(content.size).toBe(minutes.flat().length)
  for (const listener of [early, small, late]) {
    await listener.reached(place)
    expect(contentOf(listener.messages)).toEqual(content)
  }
  const marks = early.messages.flatMap((message) => (message.kind === 'done' ? message.ts : []))
  expect(marks).toEqual([...new Set(marks)].sort())
  expect(marks.at(-1)).toBe(minutes.at(-1)?.[0]?.ts)
  expect(early.messages.some(({ kind }) => kind === 'corrections')).toBe(true)
  controller.abort()
})

test('a key that may not listen ends the stream with what the server says, and so does none', async () => {
  const answer = await fetch(`${server.url}/v1/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.ownerKey}` },
    body: JSON.stringify({ name: 'writer', scopes: ['write'] }),
  })
  const { data } = (await answer.json()) as { data: { key: string } }
  const next = (key?: string) =>
    createClient({ url: server.url, ...(key !== undefined && { key }) })
      .stream('kmin')
      .next()
  await expect(next(data.key)).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
  await expect(next()).rejects.toMatchObject({ code: 'UNAUTHORIZED_ACCESS' })
  const publisher = createClient({ url: server.url, key: data.key }).publish('kmin')
  await expect(publisher).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
})
