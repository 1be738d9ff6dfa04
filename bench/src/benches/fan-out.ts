import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient, type Publisher } from '@barkeep/client'
import type { Bar } from '@barkeep/core'
import { WebSocket } from 'ws'
import type { Bench, BenchContext } from '../bench.js'
import { type Service, startService } from '../child.js'
import { cpuSecondsOf, forgetPeakOf, peakBytesOf } from '../memory.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { type Heard, listeners } from '../tasks/listeners.js'
import { plainWs } from '../tasks/plain-ws.js'

/** Bars of a message, messages that are published together, and to how many. */
const cases = [
  { bars: 1, burst: 1, crowds: [1, 100, 1_000, 4_000] },
  { bars: 1, burst: 20, crowds: [1, 1_000] },
  { bars: 100, burst: 1, crowds: [1, 1_000] },
] as const
const WARM_BURSTS = 5
const DELIVERIES = 50_000
const BURSTS_MIN = 15
const BURSTS_MAX = 200
/** What is sent while some listeners take nothing: a large market, until it is more than the system buffers for a connection. */
const FROZEN = 10
const FROZEN_BARS = 1_000
const FROZEN_MESSAGES = 400
const BYTES_PER_KIB = 1_024
const NS_PER_MS = 1e6

export const bench: Bench = {
  name: 'fan-out',
  summary:
    'bars published to 1, 100, 1,000 and 4,000 subscribers, and plain `ws` sending the same bytes; ones that take nothing',
  async run(context) {
    const { report, rounds } = context
    const table: (string | number)[][] = []
    for (const { bars, burst, crowds } of cases) {
      const alone: Partial<Record<string, number>> = {}
      for (const crowd of crowds) {
        let sample = ''
        for (const way of ['live', 'ws'] as const) {
          const runs: Run[] = []
          for (let round = 0; round < rounds; round++) {
            const run = await measure(way, {
              context,
              crowd,
              bars,
              burst,
              sample,
              name: `${bars}-${burst}-${crowd}-${round}`,
            })
            sample = run.sample
            runs.push(run)
            process.stderr.write('.')
          }
          const best = runs.toSorted((a, b) => a.cpuSecondsEach - b.cpuSecondsEach)[0]
          if (best === undefined) continue
          if (crowd === 1) alone[way] = best.cpuSecondsEach
          const further = best.cpuSecondsEach - (alone[way] ?? 0)
          table.push([
            ...[bars, burst, best.bytes, crowd, way === 'live' ? 'Barkeep' : 'plain `ws`'],
            ...[best.p50Ms, best.p99Ms, crowd / best.cpuSecondsEach].map(rounded),
            crowd === 1 ? '–' : rounded((crowd - 1) / further),
            rounded(best.bytesEach / BYTES_PER_KIB),
          ])
        }
      }
    }
    const columns = ['bars', 'together', 'bytes', 'subscribers', 'way', 'p50 ms', 'p99 ms', 'deliveries / CPU s']
    report.table('Fan-out', [...columns, 'beyond the first', 'KiB a subscriber'], table)
    const frozen: (string | number)[][] = []
    for (const way of ['live', 'ws'] as const) frozen.push(await freeze(way, context))
    const sent = [
      'way',
      'frozen',
      'MiB sent to each',
      'MiB before',
      'MiB after',
      'MiB after, none frozen',
      'KiB a frozen one',
    ]
    report.table('Subscribers that take nothing', sent, frozen)
  },
}

type Way = 'live' | 'ws'

interface Run {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the server, for one message to all listeners. */
  readonly cpuSecondsEach: number
  /** Memory of the server for one listener. */
  readonly bytesEach: number
  /** Of a message. */
  readonly bytes: number
  readonly sample: string
}

interface Wish {
  readonly context: BenchContext
  readonly crowd: number
  readonly bars: number
  /** Messages that are published together: bars of as many starts. */
  readonly burst: number
  /** A message as Barkeep sent it, which `ws` sends again. */
  readonly sample: string
  readonly name: string
}

/** Publishes one message after the other, each when all listeners have had the one before. */
async function measure(way: Way, { context, crowd, bars, burst, sample, name }: Wish): Promise<Run> {
  const stage = await openStage(way, join(context.directory, name), sample)
  try {
    await forgetPeakOf(stage.pid)
    const before = (await peakBytesOf(stage.pid)) ?? 0
    const crowdProcess = await startService(listeners, { url: stage.url, listeners: crowd })
    await forgetPeakOf(stage.pid)
    const bytesEach = (((await peakBytesOf(stage.pid)) ?? 0) - before) / crowd
    const bursts = Math.max(BURSTS_MIN, Math.min(BURSTS_MAX, Math.ceil(DELIVERIES / crowd / burst)))
    const play = async (from: number, count: number) => {
      const latenciesMs: number[] = []
      let last: Heard | undefined
      for (let number = from; number < from + count; number++) {
        const heard = crowdProcess.ask({ until: crowd * burst })
        const sentMs = Number(process.hrtime.bigint()) / NS_PER_MS
        await stage.send(number, bars, burst)
        last = (await heard) as Heard // the task says nothing else
        if (last.numbers.some((each) => each !== number)) throw new Error('a listener got another message')
        for (const receivedMs of last.receivedMs) latenciesMs.push(receivedMs - sentMs)
      }
      if (last === undefined) throw new Error('nothing was sent')
      return { latenciesMs: latenciesMs.sort((a, b) => a - b), last }
    }
    await play(1, WARM_BURSTS)
    const cpuBefore = (await cpuSecondsOf(stage.pid)) ?? 0
    const { latenciesMs, last } = await play(WARM_BURSTS + 1, bursts)
    const cpuSeconds = ((await cpuSecondsOf(stage.pid)) ?? 0) - cpuBefore
    await crowdProcess.stop()
    const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0
    const bytes = Math.round(last.bytes / crowd / burst)
    const cpuSecondsEach = cpuSeconds / bursts / burst
    return { p50Ms: at(0.5), p99Ms: at(0.99), cpuSecondsEach, bytesEach, bytes, sample: last.sample }
  } finally {
    await stage.stop()
  }
}

/** What the server holds for listeners that take nothing, beside one whose listeners take all. */
async function freeze(way: Way, context: BenchContext): Promise<(string | number)[]> {
  const [still, awake] = [await flood(way, context, true), await flood(way, context, false)]
  const [label, mib] = [way === 'live' ? 'Barkeep' : 'plain `ws`', BYTES_PER_KIB ** 2]
  const each = (still.after - awake.after) / FROZEN / BYTES_PER_KIB
  return [
    label,
    FROZEN,
    ...[still.sent, still.before, still.after, awake.after].map((b) => Math.round(b / mib)),
    Math.round(each),
  ]
}

async function flood(way: Way, context: BenchContext, isFrozen: boolean) {
  const stage = await openStage(way, join(context.directory, `flood-${way}-${isFrozen}`), '')
  try {
    const one = await startService(listeners, { url: stage.url, listeners: 1 })
    const many = await startService(listeners, { url: stage.url, listeners: FROZEN, isFrozen })
    await forgetPeakOf(stage.pid)
    const before = (await peakBytesOf(stage.pid)) ?? 0
    let sent = 0
    for (let number = 1; number <= FROZEN_MESSAGES; number++) {
      const heard = one.ask({ until: 1 })
      await stage.send(number, FROZEN_BARS, 1)
      sent += ((await heard) as Heard).bytes // the task says nothing else
    }
    await forgetPeakOf(stage.pid)
    const after = (await peakBytesOf(stage.pid)) ?? 0
    await Promise.all([one.stop(), many.stop()])
    return { sent, before, after }
  } finally {
    await stage.stop()
  }
}

interface Stage {
  readonly url: string
  readonly pid: number
  /** Messages with a number; resolves when the server took them. */
  send(number: number, bars: number, burst: number): Promise<void>
  stop(): Promise<void>
}

async function openStage(way: Way, directory: string, sample: string): Promise<Stage> {
  if (way === 'ws') {
    const server: Service<string> = await startService(plainWs, {})
    const socket = new WebSocket(server.output, { perMessageDeflate: false })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return {
      url: server.output,
      pid: server.pid,
      async send(number, bars, burst) {
        const text = sample === '' ? JSON.stringify(barsOf(number, bars, 1)) : numbered(sample, number)
        for (let left = burst; left > 1; left--) socket.send(text)
        await new Promise((resolve) => socket.send(text, resolve))
      },
      async stop() {
        socket.terminate()
        await server.stop()
      },
    }
  }
  await mkdir(directory, { recursive: true })
  const flags = [
    '--live.windowDates',
    '0',
    '--live.builds',
    'false',
    '--live.leaseMs',
    '60000',
    '--live.heartbeatMs',
    '60000',
  ]
  const server = await startServerProcess(directory, flags)
  const publisher: Publisher = await createClient({ url: server.url }).publish('kmin')
  return {
    url: server.url,
    pid: server.pid,
    send: async (number, bars, burst) => void (await publisher.send(barsOf(number, bars, burst))),
    async stop() {
      await publisher.close()
      await server.stop()
    },
  }
}

/** The same message with another number, as many bytes as far as numbers have as many digits. */
function numbered(sample: string, number: number): string {
  return sample.replace(/"volume":\d+/, `"volume":${number}`)
}

const START_MS = Date.UTC(2026, 10, 20, 1)

/** Bars of so many instruments at so many starts. */
function barsOf(number: number, count: number, burst: number): Bar[] {
  const close = 100 + (number % 50) / 4
  const prices = { open: close - 0.25, high: close + 1.5, low: close - 1.25, close }
  return Array.from({ length: count * burst }, (_, at) => {
    const startMs = START_MS + (number * burst + Math.floor(at / count)) * 60_000
    const ts = new Date(startMs).toISOString().replace('.000', '')
    const instrument = `SIM:${1_001 + (at % count)}`
    return { instrument, ts, ...prices, volume: number, turnover: number * close, trades: 12 }
  })
}
