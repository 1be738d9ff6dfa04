import { BarkeepError, builtInExchanges, formatInstant, sessionDateOf, sessionOf } from '@barkeep/core'
import { beforeEach, expect, test } from 'vitest'
import type { BarsAppend } from '../store/bars/bars-append.js'
import type { BarsIngest } from '../store/bars/bars-ingest.js'
import { LiveDoor } from './live-door.js'
import type { LiveLog, LogRecord } from './live-log.js'
import { createMemoryLiveLog } from './memory-live-log.js'
import { MemoryPublisherLease } from './memory-publisher-lease.js'
import { Watermark } from './watermark.js'

const nowMs = Date.UTC(2026, 10, 20, 2)
const exchange = (code: string) => builtInExchanges.find((one) => one.code === code)
const sim = builtInExchanges.find(({ code }) => code === 'SIM')
if (sim === undefined) throw new Error('The simulated exchange is built in.')
const { openMs } = sessionOf(sim, sessionDateOf(sim, nowMs))

let commits: BarsAppend[]
/** Lets the commit go on that has begun. */
let finish: (() => void)[]
let heard: LogRecord[]
let log: LiveLog
let lease: MemoryPublisherLease
let door: LiveDoor

beforeEach(async () => {
  commits = []
  finish = []
  heard = []
  lease = new MemoryPublisherLease({ now: () => nowMs, leaseMs: 10_000 })
  const holds = (topic: 'kmin' | 'khour' | 'kday', token: number) => lease.holds(topic, token)
  log = createMemoryLiveLog({ epoch: 'one', holds, messagesMax: 100, bytesMax: 100_000 })
  await log.follow({ appended: (_topic, records) => void heard.push(...records), restarted: () => {} })
  const ingest = {
    append: async (append: BarsAppend) => {
      commits.push(append)
      await new Promise<void>((resolve) => finish.push(resolve))
      if (append.bars.some(({ close }) => close === 0)) throw new Error('The store refuses this.')
      return { ...append, knownAtMs: nowMs + commits.length, createdInstruments: [] }
    },
  } as unknown as BarsIngest // the door needs nothing else of it
  const watermark = (topic: 'kmin' | 'khour' | 'kday') =>
    new Watermark({ topic, exchange, doneMs: 5_000, now: () => nowMs })
  door = new LiveDoor({
    ingest,
    log,
    lease,
    window: { filter: (bars) => [...bars], sinceSeconds: () => 0 },
    watermarks: { kmin: watermark('kmin'), khour: watermark('khour'), kday: watermark('kday') },
    onBroadcast: () => {},
    onPublished: () => {},
  })
})

const publication = (token: number, minute: number, close: number) => {
  const bar = { instrument: 'SIM:A', ts: formatInstant(openMs + minute * 60_000), open: close, high: close, low: close }
  return { source: 'test', token, bars: [{ ...bar, close, volume: 1, turnover: null, trades: null }] }
}
const closes = () =>
  heard.filter(({ kind }) => kind === 'bars').map(({ body }) => Number(/"close":(\d+)/.exec(body)?.[1]))
/** Lets a number of commits happen. */
const commitAll = async (count: number) => {
  for (let done = 0; done < count; done++) {
    while (finish.length === 0) await Promise.resolve()
    finish.shift()?.()
  }
}

test('what comes while the store writes is written together in the next stroke, in its order', async () => {
  const { token } = await lease.acquire('kmin')
  const published = [1, 2, 3, 4].map((minute) => door.publish('kmin', publication(token, minute, minute)))
  await commitAll(1)
  const [first] = await Promise.all(published)
  expect(commits.map(({ bars }) => bars.length)).toEqual([4])
  expect(first?.position).toEqual({ epoch: 'one', seq: heard.length })
  const more = door.publish('kmin', publication(token, 5, 5))
  while (finish.length === 0) await Promise.resolve()
  const rest = [6, 7].map((minute) => door.publish('kmin', publication(token, minute, minute)))
  await commitAll(2)
  await Promise.all([more, ...rest])
  expect(commits.map(({ bars }) => bars.length)).toEqual([4, 1, 2])
  expect(closes()).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('a lease changes hands between two strokes: what its holder had under way is committed and told, or refused before', async () => {
  const old = await lease.acquire('kmin')
  const first = door.publish('kmin', publication(old.token, 1, 1))
  while (finish.length === 0) await Promise.resolve()
  const waiting = door.publish('kmin', publication(old.token, 2, 2))
  const stolen = door.withLease('kmin', (held) => held.acquire('kmin', { takeover: true }))
  const late = door.publish('kmin', publication(old.token, 3, 3))
  late.catch(() => {})
  await commitAll(2)
  await Promise.all([first, waiting])
  const { token } = await stolen
  await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' })
  const next = door.publish('kmin', publication(token, 4, 4))
  await commitAll(1)
  await next
  expect(commits.map(({ bars }) => bars[0]?.close)).toEqual([1, 2, 4])
  expect(closes()).toEqual([1, 2, 4])
})

test('of several publications that are written together, only the one that fails is refused', async () => {
  const { token } = await lease.acquire('kmin')
  const published = [1, 0, 2].map((close, minute) => door.publish('kmin', publication(token, minute, close)))
  const outcomes = Promise.allSettled(published)
  await commitAll(4)
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(closes()).toEqual([1, 2])
})

test('while the log is out of reach, what was written together is refused together, and written once', async () => {
  const { token } = await lease.acquire('kmin')
  log.append = () => Promise.reject(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The log is away.' }))
  const published = [1, 2, 3].map((close, minute) => door.publish('kmin', publication(token, minute, close)))
  const outcomes = Promise.allSettled(published)
  await commitAll(1)
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'SERVICE_UNAVAILABLE' } })
  expect(commits).toHaveLength(1)
})

test('topics do not wait for each other', async () => {
  const [minutes, hours] = [await lease.acquire('kmin'), await lease.acquire('khour')]
  const minute = door.publish('kmin', publication(minutes.token, 0, 1))
  while (finish.length < 1) await Promise.resolve()
  const hour = door.publish('khour', publication(hours.token, 0, 2))
  while (finish.length < 2) await Promise.resolve()
  finish[1]?.()
  await hour
  finish[0]?.()
  await minute
  expect(closes()).toEqual([2, 1])
})
