import { join } from 'node:path'
import type { Bench, BenchContext } from '../bench.js'
import { startService } from '../child.js'
import { openStage, type Way, wayNames } from '../fan-out-stage.js'
import { cpuSecondsOf, forgetPeakOf, peakBytesOf } from '../memory.js'
import { startRedisProcess } from '../redis-process.js'
import { rounded } from '../report.js'
import { type Heard, listeners } from '../tasks/listeners.js'

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
const BYTES_PER_KIB = 1_024
const NS_PER_MS = 1e6
const MS_PER_SECOND = 1_000

const columns = [
  'subscribers',
  'way',
  'bytes',
  'p50 ms',
  'p99 ms',
  'CPU ms a message',
  'deliveries / CPU s',
  'KiB a subscriber',
]

export const bench: Bench = {
  name: 'fan-out',
  summary:
    'bars published to 1, 100, 1,000 and 4,000 subscribers, sending alone, and plain `ws` sending the same bytes',
  async run(context) {
    const { report } = context
    const redis = await startRedisProcess()
    const ways: readonly Way[] = redis === undefined ? ['live', 'ws'] : ['live', 'relay', 'ws']
    try {
      for (const { bars, burst, crowds } of cases) {
        const table: (string | number)[][] = []
        for (const crowd of crowds) {
          let sample = ''
          for (const way of ways) {
            const wish = { context, crowd, bars, burst, sample, ...(redis !== undefined && { redisUrl: redis.url }) }
            const best = await bestOf(way, wish)
            sample = best.sample
            const figures = [best.p50Ms, best.p99Ms, best.cpuSecondsEach * MS_PER_SECOND, crowd / best.cpuSecondsEach]
            const kib = best.bytesEach / BYTES_PER_KIB
            table.push([crowd, wayNames[way], best.bytes, ...[...figures, kib].map(rounded)])
          }
        }
        // One table for each, so that a run that breaks off has shown what it measured.
        report.table(`Fan-out: messages of ${bars}, ${burst} together`, columns, table)
      }
    } finally {
      await redis?.stop()
    }
  },
}

async function bestOf(way: Way, wish: Omit<Wish, 'name'>): Promise<Run> {
  const runs: Run[] = []
  for (let round = 0; round < wish.context.rounds; round++) {
    runs.push(await measure(way, { ...wish, name: `${way}-${wish.bars}-${wish.burst}-${wish.crowd}-${round}` }))
    process.stderr.write('.')
  }
  return runs.reduce((best, run) => (run.cpuSecondsEach < best.cpuSecondsEach ? run : best))
}

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
  readonly redisUrl?: string
}

/** Publishes one message after the other, each when all listeners have had the one before. */
async function measure(way: Way, { context, crowd, bars, burst, name, ...rest }: Wish): Promise<Run> {
  const stage = await openStage(way, { directory: join(context.directory, name), ...rest })
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
