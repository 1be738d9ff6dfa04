import { builtInExchanges, formatInstant, type LiveBar, sessionOf } from '@barkeep/core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { LiveClock } from './live-clock.js'
import type { LivePacket } from './live-packet.js'
import type { LiveSink } from './live-subscription.js'
import type { ReplayWish } from './replay.js'
import { ReplayDesk } from './replay-desk.js'
import { SocketReplays } from './replay-socket.js'
import type { ReplayDay, ReplayStep } from './replay-source.js'

const exchange = (code: string) => builtInExchanges.find((one) => one.code === code)
const sim = exchange('SIM')
if (sim === undefined) throw new Error('The simulated exchange is built in.')
const { openMs } = sessionOf(sim, '2026-11-19')
const minuteMs = 60_000

/** Time that passes when the replay waits, and when a test says so. */
let nowMs: number
/** Steps that were read from the store. */
let read: number
let controller: AbortController

beforeEach(() => {
  nowMs = 0
  read = 0
  controller = new AbortController()
})

const clock: LiveClock = {
  now: () => nowMs,
  after(delayMs, work) {
    nowMs += delayMs
    queueMicrotask(work)
    return () => {}
  },
}

const bar = (name: string, minute: number): LiveBar => {
  const numbers = { open: 1, high: 1, low: 1, close: 1, volume: 1, turnover: null, trades: null }
  const ts = formatInstant(openMs + minute * minuteMs)
  return { instrument: `SIM:${name}`, ts, ...numbers, final: true, source: 'test', known_at: ts }
}

/** A session whose minutes have these instruments, by their letters. */
const sourceOf = (...minutes: string[]) => ({
  async *steps({ fromMs }: ReplayDay): AsyncGenerator<ReplayStep, void, undefined> {
    for (const [minute, names] of minutes.entries()) {
      const startMs = openMs + minute * minuteMs
      read += 1
      const bars = [...names].map((name) => bar(name, minute))
      if (startMs >= fromMs) yield { startMs, endMs: startMs + minuteMs, bars }
    }
  },
})

const deskOf = (minutes: string[], replaysMax = 10) =>
  new ReplayDesk({ source: sourceOf(...minutes), clock, exchange, replaysMax })
const wish = (more: Partial<ReplayWish> = {}): ReplayWish => ({
  ...{ topic: 'kmin', instruments: undefined, date: '2026-11-19', fromMs: Number.NEGATIVE_INFINITY, speed: 0 },
  signal: controller.signal,
  ...more,
})

interface Told {
  readonly seq: number
  readonly ts: string
  readonly bars?: readonly LiveBar[]
  readonly instruments?: number
  readonly missing?: readonly string[]
}
/** The event of a packet and what it carries. */
const open = (packet: LivePacket) => JSON.parse(packet.socketText.slice(1)) as [event: string, data: Told]

describe('by the clock', () => {
  const timesOf = async (minutes: string[], speed: number, taken: (packet: LivePacket) => void = () => {}) => {
    const times: string[] = []
    for await (const packet of deskOf(minutes).open(wish({ speed })).packets) {
      if (packet === undefined) continue
      const [event, { seq }] = open(packet)
      times.push(`${nowMs} ${event} ${seq}`)
      taken(packet)
    }
    return times
  }

  test('a bar comes at its end, at the speed that was asked for', async () => {
    const minutes = ['AB', 'AB', 'A']
    expect(await timesOf(minutes, 60)).toEqual([
      '1000 kmin 1',
      '1000 kmin_done 2',
      '2000 kmin 3',
      '2000 kmin_done 4',
      '3000 kmin 5',
      '3000 kmin_done 6',
      '3000 kmin_end 6',
    ])
    nowMs = 0
    expect((await timesOf(minutes, 1)).at(-1)).toBe('180000 kmin_end 6')
    nowMs = 0
    expect((await timesOf(minutes, 0)).at(-1)).toBe('0 kmin_end 6')
  })

  test('what is taken late delays the rest, and nothing is made up for', async () => {
    const late = (packet: LivePacket) => {
      if (open(packet)[1].seq === 2) nowMs += 10_000
    }
    expect(await timesOf(['A', 'A', 'A'], 60, late)).toEqual([
      '1000 kmin 1',
      '1000 kmin_done 2',
      '11000 kmin 3',
      '11000 kmin_done 4',
      '12000 kmin 5',
      '12000 kmin_done 6',
      '12000 kmin_end 6',
    ])
  })

  test('a minute without a bar is done in its turn, and hours before the first bar are not waited for', async () => {
    const done: string[] = []
    const note = (packet: LivePacket) => {
      const [event, { instruments, missing }] = open(packet)
      if (event === 'kmin_done') done.push(`${nowMs} ${instruments} ${missing?.join()}`)
    }
    await timesOf(['', '', 'AB', '', 'A'], 60, note)
    expect(done).toEqual(['1000 2 ', '2000 0 SIM:A,SIM:B', '3000 1 SIM:B'])
  })

  test('signs of life come while there is nothing to tell', async () => {
    const { packets } = deskOf(['A']).open(wish({ speed: 1, idleMs: 25_000 }))
    const kinds: string[] = []
    for await (const packet of packets) kinds.push(`${nowMs} ${packet === undefined ? 'idle' : open(packet)[0]}`)
    expect(kinds).toEqual(['25000 idle', '50000 idle', '60000 kmin', '60000 kmin_done', '60000 kmin_end'])
  })
})

test('each event says where to go on, and who goes on there is told nothing twice once its minute is done', async () => {
  const ids = async (fromMs: number) => {
    const found: string[] = []
    for await (const packet of deskOf(['A', 'A']).open(wish({ fromMs })).packets) {
      found.push(/^id: (.*)$/m.exec(packet?.streamEvent.toString() ?? '')?.[1] ?? '')
    }
    return found
  }
  const seconds = openMs / 1_000
  const all = [
    `replay-${seconds}`,
    `replay-${seconds + 1}`,
    `replay-${seconds + 60}`,
    `replay-${seconds + 61}`,
    'replay_end-0',
  ]
  expect(await ids(Number.NEGATIVE_INFINITY)).toEqual(all)
  expect(await ids((seconds + 1) * 1_000)).toEqual(all.slice(2))
  expect(await ids(seconds * 1_000)).toEqual(all)
})

describe('on a connection', () => {
  /** A connection whose other end takes what it gets only when told to. */
  class Reader implements LiveSink {
    readonly got: string[] = []
    #waiting: number[] = []

    pendingBytes(): number {
      return this.#waiting.reduce((sum, bytes) => sum + bytes, 0)
    }
    send(packet: LivePacket): number {
      this.got.push(open(packet)[0])
      this.#waiting.push(packet.socketFrame.length)
      return packet.socketFrame.length
    }
    end(): void {}
    takeAll(): void {
      this.#waiting = []
    }
  }

  const outboxBytesMax = 2_000
  const minutes = Array.from({ length: 200 }, () => 'ABC')
  /** Lets everything happen that can. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const rig = (replaysMax = 10) => {
    const sink = new Reader()
    const desk = deskOf(minutes, replaysMax)
    const errors: unknown[] = []
    const replays = new SocketReplays({ desk, sink, outboxBytesMax, onError: (_, error) => errors.push(error) })
    return { sink, desk, replays, errors }
  }
  const { signal: _, ...day } = { ...wishOfDay() }
  function wishOfDay(): ReplayWish {
    return {
      ...{ topic: 'kmin', instruments: undefined, date: '2026-11-19', fromMs: 0, speed: 0 },
      signal: AbortSignal.abort(),
    }
  }

  test('who takes nothing stops its own replay: no more is read from the store, and half of the outbox stays free', async () => {
    const { sink, replays } = rig()
    replays.start(day, () => {})
    await settle()
    const [sent, readBefore] = [sink.got.length, read]
    expect(sent).toBeGreaterThan(1)
    expect(readBefore).toBeLessThan(10)
    expect(sink.pendingBytes()).toBeLessThanOrEqual(outboxBytesMax)
    replays.drained()
    await settle()
    expect([sink.got.length, read]).toEqual([sent, readBefore])

    while (replays.has('kmin')) {
      sink.takeAll()
      replays.drained()
      await settle()
      expect(sink.pendingBytes()).toBeLessThanOrEqual(outboxBytesMax)
    }
    expect(sink.got.filter((event) => event === 'kmin')).toHaveLength(minutes.length)
    expect(sink.got.at(-1)).toBe('kmin_end')
  })

  test('a replay that is left gives its place back at once, also one that waits for its reader', async () => {
    const { desk, replays, errors } = rig(1)
    replays.start(day, () => {})
    expect(() => replays.start({ ...day, topic: 'khour' }, () => {})).toThrow(/live\.replaysMax/)
    await settle()
    expect(desk.size).toBe(1)
    expect(replays.stop('kmin')).toBe(true)
    expect(replays.stop('kmin')).toBe(false)
    expect(desk.size).toBe(0)
    replays.start({ ...day, topic: 'khour' }, () => {})
    replays.end()
    await settle()
    expect([desk.size, errors]).toEqual([0, []])
  })
})

test('a store that fails ends the replay and is told', async () => {
  const source = {
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    async *steps(): AsyncGenerator<ReplayStep, void, undefined> {
      throw new Error('away')
    },
  }
  const desk = new ReplayDesk({ source, clock, exchange, replaysMax: 1 })
  const told = new Promise((resolve) => {
    const sink = { pendingBytes: () => 0, send: () => 0, end: () => {} }
    const replays = new SocketReplays({ desk, sink, outboxBytesMax: 1, onError: (_, error) => resolve(error) })
    const { signal: _, ...day } = wish()
    replays.start(day, () => {})
  })
  expect(await told).toMatchObject({ message: 'away' })
  expect(desk.size).toBe(0)
})
