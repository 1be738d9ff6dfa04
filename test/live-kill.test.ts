import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type StreamMessage } from '@barkeep/client'
import type { PublishAck } from '@barkeep/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { date, session, storedBars } from './chaos-outcome.js'
import { kill, Processes } from './chaos-processes.js'
import { barAt } from './live-rig.js'

const MINUTES = 60
const SYMBOLS = ['A', 'B', 'C']
/** At these minutes the server is killed, with that minute and those before it under way. */
const KILLS = [15, 30, 31, 45]
const UNDER_WAY = 5

let directory: string
let processes: Processes
let controller: AbortController

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-live-kill-'))
  processes = new Processes()
  controller = new AbortController()
})
afterEach(async () => {
  controller.abort()
  await processes.killAll()
  rmSync(directory, { recursive: true, force: true })
})

test('across kill -9 of the server, the stream of the SDK gives each bar that is kept once, and so does its publisher', async () => {
  const flags = { data: directory, 'live.windowDates': '0', 'live.builds': 'false' }
  let server = await processes.startServer({ ...flags, port: '0' })
  const url = `http://127.0.0.1:${server.port}`
  const client = createClient({ url })
  const bars = (minute: number) => SYMBOLS.map((symbol) => barAt(session, symbol, minute, 10 + minute))
  // What stands in the store before anybody listens.
  await client.createBars('1m', [...bars(0), ...bars(1)])

  const messages: StreamMessage[] = []
  let onMessage = () => {}
  const listening = (async () => {
    for await (const message of client.stream('kmin', undefined, { since: date, signal: controller.signal })) {
      messages.push(message)
      onMessage()
    }
  })()
  listening.catch(() => {})
  const publisher = await client.publish('kmin', { source: 'desk' })
  let sending: Promise<PublishAck>[] = []
  for (let minute = 2; minute < MINUTES; minute++) {
    const first = bars(minute)[0]
    sending.push(publisher.send(bars(minute), first === undefined ? {} : { done: first.ts }))
    if (KILLS.includes(minute)) {
      await kill(server.child)
      server = await processes.startServer({ ...flags, port: String(server.port) })
    }
    if (sending.length < UNDER_WAY) continue
    await Promise.all(sending)
    sending = []
  }
  const acks = await Promise.all(sending)
  await publisher.close()
  const last = acks.at(-1)
  await new Promise<void>((resolve) => {
    onMessage = () => {
      const at = messages.at(-1)?.position
      if (at?.epoch === last?.epoch && at !== undefined && last !== undefined && at !== null && at.seq >= last.seq)
        resolve()
    }
    onMessage()
  })

  const stored = await storedBars(url)
  expect(stored).toHaveLength(MINUTES * SYMBOLS.length)
  const key = ({ instrument, ts }: { instrument: string; ts: string }) => `${instrument} ${ts}`
  const given = messages.flatMap((message) => {
    if (message.kind === 'done') return []
    expect(message.kind).toBe('bars')
    return message.bars
  })
  expect(new Set(given.map(key)).size).toBe(given.length)
  expect(new Map(given.map((bar) => [key(bar), bar]))).toEqual(new Map(stored.map((bar) => [key(bar), bar])))
  // History comes in the order of the store; of each stock, the bars come in the order of their time all the same.
  for (const symbol of SYMBOLS) {
    const starts = given.filter(({ instrument }) => instrument === `SIM:${symbol}`).map(({ ts }) => ts)
    expect(starts).toEqual(starts.toSorted())
  }
})
