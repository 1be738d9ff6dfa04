import { createMemoryLimiter, createRedisLimiter } from '@barkeep/server'
import { Redis } from 'ioredis'
import type { Bench } from '../bench.js'
import { startRedisProcess } from '../redis-process.js'
import { type Contestant, sideBySide } from '../side-by-side.js'

const MEMORY_DECISIONS = 100_000
const REDIS_DECISIONS = 5_000
/** Who asks at the same time. */
const CALLERS = 8
/** Room for all, so that what is measured is the decision and not the wait; two limits, as connectors have them. */
const limits = [
  { key: 'bench', requests: 10_000_000, perMs: 1_000 },
  { key: 'bench', requests: 10_000_000, perMs: 60_000 },
]

export const bench: Bench = {
  name: 'limiter',
  summary: 'decisions of the limiter, granted at once, in memory and on Redis, beside a bare loop of as many calls',
  async run({ report, rounds }) {
    const memory = createMemoryLimiter({ quietMsMax: 0 })
    const bare = async () => {}
    report.results(
      'in memory',
      await sideBySide(
        [
          contestant('acquire and release, two limits', MEMORY_DECISIONS, async () => {
            await (await memory.acquire(limits)).release({ bytes: 1_000 })
          }),
          contestant('two calls that do nothing', MEMORY_DECISIONS, async () => {
            await bare()
            await bare()
          }),
        ],
        rounds,
      ),
    )
    await memory.close()

    const server = await startRedisProcess()
    if (server === undefined) return
    const redis = new Redis(server.url, { maxRetriesPerRequest: 1 })
    const shared = createRedisLimiter({ redis, quietMsMax: 0 })
    report.results(
      'on Redis',
      await sideBySide(
        [
          contestant('acquire and release, two limits', REDIS_DECISIONS, async () => {
            await (await shared.acquire(limits)).release({ bytes: 1_000 })
          }),
          contestant('two INCR of one key', REDIS_DECISIONS, async () => {
            await redis.incr('bare')
            await redis.incr('bare')
          }),
        ],
        rounds,
      ),
    )
    await shared.close()
    redis.disconnect()
    await server.stop()
  },
}

/** `rows` are decisions; of CPU that of this process. */
function contestant(name: string, decisions: number, decide: () => Promise<void>): Contestant {
  return {
    name,
    async run() {
      let left = decisions
      const cpu = process.cpuUsage()
      const startedMs = performance.now()
      const caller = async () => {
        while (left-- > 0) await decide()
      }
      await Promise.all(Array.from({ length: CALLERS }, caller))
      const seconds = (performance.now() - startedMs) / 1_000
      const { user, system } = process.cpuUsage(cpu)
      return { seconds, rows: decisions, cpuSeconds: (user + system) / 1_000_000 }
    },
  }
}
