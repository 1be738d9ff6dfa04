import { BarkeepError } from '@barkeep/core'
import { expect, test } from 'vitest'
import { eventData } from '../event-data.js'
import { SimulatedClock } from '../limiter/simulated-clock.contract.js'
import { LiveInbox } from './live-inbox.js'
import { LiveWriter } from './live-writer.js'

const bar = (minute: number, close: number, more: object = {}) => ({
  ...{ instrument: 'TWSE:2330', ts: `2024-01-02T01:0${minute}:00Z`, open: 1, high: 9, low: 1, close },
  ...{ volume: 1, turnover: null, trades: null, ...more },
})

function rig(append: (bars: readonly { readonly close: number }[]) => Promise<unknown>) {
  const clock = new SimulatedClock(0)
  const strokes: number[][] = []
  const errors: unknown[] = []
  const signal = new AbortController().signal
  const writer = new LiveWriter({
    append: async ({ bars }) => {
      strokes.push(bars.map(({ close }) => close))
      await append(bars)
    },
    ...{ interval: '1m', source: 'acme', clock, onKept: () => {}, onError: (error) => errors.push(error) },
  })
  return { clock, strokes, errors, signal, writer }
}

test('what comes while a stroke is written is kept in the next one, of each bar the latest alone', async () => {
  const { clock, strokes, signal, writer } = rig(async () => {})
  for (const one of [bar(0, 1), bar(0, 2), bar(1, 3), bar(0, 4)]) await writer.add([one], signal)
  await clock.run(writer.drain())
  expect(strokes).toEqual([[1], [3, 4]])
  expect(clock.slept).toEqual([200, 200])
})

test('a stroke that the store cannot take is tried again, with what is newer in place of what it had', async () => {
  let isAway = true
  const { clock, strokes, errors, signal, writer } = rig(async () => {
    if (isAway) throw new BarkeepError('STORE_UNAVAILABLE', { message: 'away' })
  })
  await writer.add([bar(0, 1), bar(1, 2)], signal)
  await clock.settle()
  isAway = false
  await writer.add([bar(1, 3)], signal)
  await clock.run(writer.drain())
  expect(strokes).toEqual([
    [1, 2],
    [1, 3],
  ])
  expect(errors).toHaveLength(1)
})

test('a bar with a fault is left out, and told, and the others are kept', async () => {
  const { clock, strokes, errors, signal, writer } = rig(async (bars) => {
    if (bars.some(({ close }) => close === 2)) throw new BarkeepError('INVALID_ROWS', { message: 'a fault' })
  })
  await writer.add([bar(0, 1), bar(1, 2), bar(2, 3)], signal)
  await clock.run(writer.drain())
  expect(strokes).toEqual([[1, 2, 3], [1], [2], [3]])
  expect(errors).toHaveLength(2)
})

test('a connection gives its messages in order, a moment when there is none, and ends when it is silent', async () => {
  const clock = new SimulatedClock(0)
  const inbox = new LiveInbox(clock, 3_000)
  for (const text of ['a', 'b']) inbox.add(text)
  const told: (string | null)[] = []
  const reading = (async () => {
    for await (const text of inbox.messages(new AbortController().signal)) told.push(text)
  })()
  await expect(clock.run(reading)).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
  expect(told).toEqual(['a', 'b', null, null])
})

test('a connection that ended is read to its end first', async () => {
  const inbox = new LiveInbox(new SimulatedClock(0), 3_000)
  inbox.add('a')
  inbox.end(new Error('closed'))
  const messages = inbox.messages(new AbortController().signal)[Symbol.asyncIterator]()
  expect(await messages.next()).toEqual({ done: false, value: 'a' })
  await expect(messages.next()).rejects.toThrow('closed')
})

test.each([1, 2, 3, 7, 1_000])('events are read out of parts of %i bytes', async (size) => {
  const text = ': hello\n\nevent: tick\r\ndata: {"a":1}\r\n\r\ndata: one\ndata: 二\n\nid: 4\n\n'
  const bytes = new TextEncoder().encode(text)
  async function* parts() {
    for (let from = 0; from < bytes.length; from += size) yield bytes.slice(from, from + size)
  }
  const told: string[] = []
  for await (const data of eventData(parts(), 1_000)) told.push(data)
  expect(told).toEqual(['', '{"a":1}', 'one\n二'])
})
