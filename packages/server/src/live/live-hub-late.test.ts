import { beforeEach, describe, expect, test } from 'vitest'
import { LiveHub } from './live-hub.js'
import type { LiveLog, LogFollower, LogRecord } from './live-log.js'
import { barsEntry } from './live-record.js'
import { bar, Reader, seqs, ts, turns } from './reader.contract.js'

describe('a log that others append to, of which this server hears late', () => {
  let hub: LiveHub
  let shared: LogRecord[]
  let follower: LogFollower
  /** Answers of the log that are on their way. */
  let answers: (() => void)[]
  const place = (epoch: string, seq: number) => ({ epoch, seq })
  const write = (epoch: string, ...numbers: number[]) => {
    const written = numbers.map((seq) => ({ epoch, seq, ...barsEntry(ts(seq), [bar('A', seq)]) }))
    shared.push(...written)
    return written
  }
  const arrive = async () => {
    for (const answer of answers.splice(0)) answer()
    await turns()
  }

  beforeEach(async () => {
    shared = []
    answers = []
    const begin = place('one', 0)
    const late: LiveLog = {
      append: () => Promise.reject(new Error('others append')),
      since: (_topic, { epoch, seq }) => {
        const answer = shared.filter((record) => record.epoch === epoch && record.seq > seq)
        return new Promise((resolve) => answers.push(() => resolve(answer)))
      },
      size: () => Promise.reject(new Error('nobody asks')),
      close: () => Promise.resolve(),
      async follow(who) {
        follower = who
        return { kmin: begin, khour: begin, kday: begin }
      },
    }
    hub = await LiveHub.open(late, { outboxBytesMax: 2_000, conflateMs: 1_000, slowMsMax: 30_000, now: () => 0 })
  })
  const resume = async (since: { epoch: string; seq: number }) => {
    const reader = new Reader()
    const opening = hub.subscribe({ topic: 'kmin', sink: reader, instruments: null, since })
    await arrive()
    const { start } = await opening
    start()
    return reader
  }

  test('what came out of the log before is not sent again', async () => {
    const written = write('one', 1, 2, 3)
    follower.appended('kmin', written.slice(0, 1))
    const reader = await resume(place('one', 0))
    await arrive()
    expect(seqs(reader)).toEqual([1, 2, 3])
    follower.appended('kmin', written.slice(1))
    follower.appended('kmin', write('one', 4))
    expect(seqs(reader)).toEqual([1, 2, 3, 4])
  })

  test('who comes with a place that this server has not reached is sent what follows it', async () => {
    const written = write('one', 1, 2, 3)
    const reader = await resume(place('one', 2))
    follower.appended('kmin', written)
    await arrive()
    follower.appended('kmin', write('one', 4))
    expect(seqs(reader)).toEqual([3, 4])
  })

  test('who comes with a place in a log that is new to this server goes on in it, without a gap', async () => {
    const written = write('two', 1, 2)
    const reader = await resume(place('two', 2))
    await arrive()
    follower.restarted('kmin', place('two', 0))
    follower.appended('kmin', written)
    await arrive()
    follower.appended('kmin', write('two', 3))
    expect(reader.got.map(({ event, data }) => [event, data.seq])).toEqual([['kmin', 3]])
  })

  test('and also when the server hears of it while the log is being read', async () => {
    const written = write('two', 1, 2)
    const reader = await resume(place('two', 2))
    follower.restarted('kmin', place('two', 0))
    follower.appended('kmin', written)
    await arrive()
    follower.appended('kmin', write('two', 3))
    await arrive()
    expect(reader.got.map(({ event, data }) => [event, data.seq])).toEqual([['kmin', 3]])
  })
})
