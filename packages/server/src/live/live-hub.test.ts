import { beforeEach, describe, expect, test } from 'vitest'
import { LiveHub } from './live-hub.js'
import type { LiveLog } from './live-log.js'
import { barsEntry, doneEntry } from './live-record.js'
import type { LiveSink } from './live-subscription.js'
import { createMemoryLiveLog } from './memory-live-log.js'
import { bar, Reader, seqs, ts, turns } from './reader.contract.js'

const outboxBytesMax = 2_000
const conflateMs = 1_000
const slowMsMax = 30_000

let nowMs: number
let log: LiveLog
let hub: LiveHub

beforeEach(async () => {
  nowMs = 0
  log = createMemoryLiveLog({ epoch: 'one', holds: () => true, messagesMax: 1_000, bytesMax: 1_000_000 })
  hub = await LiveHub.open(log, { outboxBytesMax, conflateMs, slowMsMax, now: () => nowMs })
})

const publish = (minute: number, names: string) =>
  log.append('kmin', [
    barsEntry(
      ts(minute),
      [...names].map((name) => bar(name, minute)),
    ),
  ])
const subscribe = async (sink: LiveSink, names?: string, since?: { epoch: string; seq: number }) => {
  const instruments = names === undefined ? null : new Set([...names].map((name) => `SIM:${name}`))
  const opened = await hub.subscribe({ topic: 'kmin', sink, instruments, ...(since !== undefined && { since }) })
  opened.start()
  return opened
}
const names = ({ got }: Reader) =>
  got.map(({ data }) => data.bars?.map(({ instrument }) => instrument.slice(4)).join(''))
const one = (seq: number) => ({ epoch: 'one', seq })

test('a message is sent with the bars that a subscriber wants, and not where it has none of them', async () => {
  const [all, some] = [new Reader(), new Reader()]
  await subscribe(all)
  await subscribe(some, 'BC')
  await publish(0, 'ABC')
  await publish(1, 'A')
  await publish(2, 'C')
  expect([seqs(all), names(all)]).toEqual([
    [1, 2, 3],
    ['ABC', 'A', 'C'],
  ])
  expect([seqs(some), names(some)]).toEqual([
    [1, 3],
    ['BC', 'C'],
  ])
})

test('what is done is told to everybody', async () => {
  const some = new Reader()
  await subscribe(some, 'Z')
  await publish(0, 'A')
  await log.append('kmin', [doneEntry({ ts: ts(0), exchange: 'SIM', instruments: 1, missing: [] })])
  expect(some.got).toMatchObject([{ event: 'kmin_done', data: { epoch: 'one', seq: 2, instruments: 1 } }])
})

test('who leaves or changes its wish is served accordingly from the next message on', async () => {
  const reader = new Reader()
  const { subscription } = await subscribe(reader, 'A')
  await publish(0, 'AB')
  hub.change(subscription, null)
  await publish(1, 'AB')
  hub.leave(subscription)
  await publish(2, 'AB')
  expect(names(reader)).toEqual(['A', 'AB'])
  expect(hub.subscribers('kmin')).toEqual({ live: 0, 'catching up': 0, behind: 0 })
})

describe('catching up', () => {
  test('no message is lost or doubled where the log ends and the stream begins', async () => {
    for (let minute = 0; minute < 5; minute++) await publish(minute, 'A')
    const reader = new Reader()
    const { start } = await hub.subscribe({ topic: 'kmin', sink: reader, instruments: null, since: one(2) })
    // These come while the log is being read.
    start()
    const coming = [publish(5, 'A'), publish(6, 'A')]
    await Promise.all(coming)
    await publish(7, 'A')
    await turns()
    expect(seqs(reader)).toEqual([3, 4, 5, 6, 7, 8])
  })

  test('it goes no faster than the reader takes', async () => {
    for (let minute = 0; minute < 50; minute++) await publish(minute, 'ABCDE')
    const reader = new Reader()
    reader.isFrozen = true
    const { subscription } = await subscribe(reader, undefined, one(0))
    await turns()
    const first = reader.got.length
    await publish(51, 'A')
    await turns()
    expect(reader.got.length).toBe(first)
    while (reader.got.length < 51) {
      reader.takeAll()
      hub.drained(subscription)
      await turns()
    }
    expect(reader.peakBytes).toBeLessThan(outboxBytesMax + 1_500)
    expect(seqs(reader)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1))
  })

  test('where the log does not reach back, it says so', async () => {
    await publish(0, 'A')
    const opened = await hub.subscribe({
      topic: 'kmin',
      sink: new Reader(),
      instruments: null,
      since: { epoch: 'other', seq: 0 },
    })
    expect([opened.gone, opened.subscription.position]).toEqual([true, one(1)])
  })
})

describe('a slow reader', () => {
  test('misses nothing of a burst that it takes soon', async () => {
    const reader = new Reader()
    reader.isFrozen = true
    const { subscription } = await subscribe(reader)
    for (let minute = 0; minute < 50; minute++) await publish(minute, 'AB')
    nowMs = conflateMs
    while (reader.got.length < 50) {
      reader.takeAll()
      hub.drained(subscription)
      await turns()
    }
    await publish(50, 'A')
    expect(seqs(reader)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1))
    expect(reader.peakBytes).toBeLessThan(outboxBytesMax + 500)
  })

  test('has bounded memory, then a gap and the latest bar of each instrument', async () => {
    const [slow, quick] = [new Reader(), new Reader()]
    slow.isFrozen = true
    const { subscription } = await subscribe(slow)
    await subscribe(quick)
    for (let minute = 0; minute < 60; minute++) await publish(minute, minute % 2 === 0 ? 'AB' : 'BC')
    const before = slow.got.length
    expect(before).toBeLessThan(15)
    expect(slow.peakBytes).toBeLessThan(outboxBytesMax + 500)
    expect(quick.got).toHaveLength(60)

    nowMs = conflateMs + 1
    slow.takeAll()
    hub.drained(subscription)
    const [gap, latest] = slow.got.slice(before)
    expect(gap).toMatchObject({
      event: 'gap',
      data: { topic: 'kmin', since: one(before), until: one(60), reason: 'slow' },
    })
    expect(latest).toMatchObject({ event: 'kmin', data: { ...one(60), ts: ts(59) } })
    const kept = latest?.data.bars?.map(({ instrument, close }) => [instrument, close])
    expect(new Map(kept as [string, number][])).toEqual(
      new Map([
        ['SIM:A', 58],
        ['SIM:B', 59],
        ['SIM:C', 59],
      ]),
    )
    slow.isFrozen = false
    await publish(3, 'A')
    expect(slow.got.at(-1)?.data.seq).toBe(61)
    expect(hub.tally.topics.kmin).toMatchObject({
      messages: slow.got.length + quick.got.length,
      gaps: { slow: 1, gone: 0 },
    })
  })

  test('can have what it missed, from the place that the gap names', async () => {
    const slow = new Reader()
    slow.isFrozen = true
    const { subscription } = await subscribe(slow)
    for (let minute = 0; minute < 40; minute++) await publish(minute, 'A')
    const missed = slow.got.length
    hub.leave(subscription)
    const again = new Reader()
    await subscribe(again, undefined, subscription.position)
    await turns()
    expect(seqs(again)).toEqual(Array.from({ length: 40 - missed }, (_, index) => missed + index + 1))
  })

  test('is disconnected when it stays behind', async () => {
    const slow = new Reader()
    slow.isFrozen = true
    await subscribe(slow)
    for (let minute = 0; minute < 30; minute++) await publish(minute, 'A')
    nowMs = slowMsMax
    await publish(31, 'A')
    expect(slow.hasEnded).toBe(false)
    nowMs += 1
    await publish(32, 'A')
    await publish(33, 'A')
    expect(slow.hasEnded).toBe(true)
    expect(hub.tally.cuts.slow).toBe(1)
    expect(hub.subscribers('kmin')).toMatchObject({ behind: 1 })
    expect(hub.outboxes()).toEqual({ bytes: slow.pendingBytes(), bytesMax: slow.pendingBytes() })
  })
})
