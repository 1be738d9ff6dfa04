import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { sendProblem, startFakeServer } from './fake-server.contract.js'
import type { StreamMessage } from './stream-message.js'

const ts = (minute: number) => `2026-11-19T01:${String(minute).padStart(2, '0')}:00Z`
const bar = (minute: number, wide = '') => ({ instrument: `SIM:A${wide}`, ts: ts(minute), close: minute })
const event = (name: string, data: object) => `event: ${name}\nid: x-1\ndata: ${JSON.stringify(data)}\n\n`
const bars = (seq: number, minute: number, wide = '') =>
  event('kmin', { epoch: 'e', seq, ts: ts(minute), bars: [bar(minute, wide)] })
const done = (seq: number, minute: number, exchange = 'SIM') =>
  event('kmin_done', { epoch: 'e', seq, ts: ts(minute), exchange, instruments: 1, missing: [] })
const end = event('kmin_end', { epoch: 'e', seq: 9, date: '2026-11-19', messages: 9, bars: 3 })
const start = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })
const told = (message: StreamMessage) => `${message.kind} ${message.ts}`
const replay = { date: '2026-11-19', speed: 60 }

test('a replay that breaks goes on with the last start it told, and tells nothing twice', async () => {
  const { client, seen } = await startFakeServer((_, response, number) => {
    start(response)
    if (number === 1) response.write(bars(1, 0) + done(2, 0) + bars(3, 1), () => response.destroy())
    else if (number === 2) response.write(bars(1, 1), () => response.destroy())
    else response.end(`:\n\n${bars(1, 1)}${done(2, 1)}${done(3, 1, 'TWSE')}${bars(4, 2)}${end}`)
  })
  const states: string[] = []
  const given: string[] = []
  const options = { replay, onState: (state: string) => void states.push(state) }
  for await (const message of client.stream('kmin', ['SIM:A'], options)) given.push(told(message))
  expect(given).toEqual([
    `bars ${ts(0)}`,
    `done ${ts(0)}`,
    `bars ${ts(1)}`,
    `done ${ts(1)}`,
    `done ${ts(1)}`,
    `bars ${ts(2)}`,
  ])
  const query = 'topic=kmin&instruments=SIM:A&replay=2026-11-19&speed=60'
  const after = `${query}&start=${ts(1)}`
  expect(seen.map(({ path, query: asked }) => `${path}?${asked}`)).toEqual(
    [query, after, after].map((asked) => `/v1/stream?${asked}`),
  )
  expect(states).toEqual(['connecting', 'live', 'waiting', 'connecting', 'live', 'waiting', 'connecting', 'live'])
})

test('an end without word of it is a break, and a refusal ends the replay', async () => {
  const { client } = await startFakeServer((_, response, number) => {
    if (number === 1) start(response).end(bars(1, 0))
    else sendProblem(response, 'INSUFFICIENT_SCOPE')
  })
  const messages = client.stream('kmin', undefined, { replay })
  expect((await messages.next()).value).toMatchObject({ kind: 'bars', ts: ts(0) })
  await expect(messages.next()).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
})

test('a loop that stands still makes the server wait, and then gets everything', async () => {
  const minutes = 60
  const wide = 'w'.repeat(1_000_000)
  let written = 0
  const { client } = await startFakeServer(async (_, response) => {
    start(response)
    for (let minute = 0; minute < minutes; minute++) {
      if (!response.write(bars(minute + 1, minute, wide))) {
        await new Promise((resolve) => response.once('drain', resolve))
      }
      written = minute + 1
    }
    response.end(end)
  })
  /** Lets the two exchange what they will. */
  const standStill = async () => {
    for (let turns = 0, before = written; turns < 1_000; turns++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (written !== before) turns = 0
      before = written
    }
  }
  let count = 0
  for await (const message of client.stream('kmin', undefined, { replay })) {
    if (count === 0) {
      await standStill()
      expect(written).toBeLessThan(minutes / 2)
    }
    expect(message).toMatchObject({ kind: 'bars', ts: ts(count) })
    count += 1
  }
  expect(count).toBe(minutes)
})
