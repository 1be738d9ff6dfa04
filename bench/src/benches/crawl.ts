import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { Redis } from 'ioredis'
import type { Bench } from '../bench.js'
import { meterOf } from '../meter.js'
import { startRedisProcess } from '../redis-process.js'
import { startServerProcess } from '../server-process.js'
import { type Contestant, sideBySide } from '../side-by-side.js'

const MONTH_PAGES = 24
/** The limits are lifted: what is measured is the engine, not its patience. */
const noLimits = JSON.stringify([{ requests: 8, perMs: 1 }])

export const bench: Bench = {
  name: 'crawl',
  summary:
    'pages of an upstream without limits through the whole engine into the store, with the tasks in it and on Redis, beside fetching them alone',
  async run({ report, rounds, directory }) {
    const redis = await startRedisProcess()
    for (const stocks of [5, 50]) {
      const emulator = await startEmulator({ limits: { twse: [] }, stocks })
      try {
        const ways = [
          throughEngine('crawl, until all is kept', directory, emulator, stocks),
          ...(redis === undefined
            ? []
            : [throughEngine('crawl with Redis, until all is kept', directory, emulator, stocks, redis.url)]),
          fetchAlone(emulator, stocks),
        ]
        report.results(`${stocks * MONTH_PAGES} pages`, await sideBySide(ways, rounds))
      } finally {
        await emulator.close()
      }
    }
    await redis?.stop()
  },
}

const symbolsOf = (emulator: Emulator, stocks: number) =>
  emulator.truth
    .listings()
    .filter(({ kind }) => kind === 'stock')
    .slice(0, stocks)
    .map(({ symbol }) => symbol)

/** Tasks planned, pages fetched, archived and parsed, bars and coverage kept; `rows` are pages. */
function throughEngine(
  name: string,
  directory: string,
  emulator: Emulator,
  stocks: number,
  redisUrl?: string,
): Contestant {
  return {
    name,
    async run() {
      const data = join(directory, 'crawl')
      await mkdir(data)
      const flags = ['--connectors.twse.baseUrl', emulator.url('twse'), '--connectors.twse.limits', noLimits]
      // Who follows is told of the end as soon as it is there.
      flags.push('--crawl.eventsMs', '20')
      if (redisUrl !== undefined) {
        await forgetTasks(redisUrl)
        flags.push('--redis.url', redisUrl)
      }
      const server = await startServerProcess(data, flags)
      const client = createClient({ url: server.url })
      const before = emulator.arrivals('twse').length
      const measurement = await meterOf(server.pid, async () => {
        const startedMs = performance.now()
        const { id } = await client.crawl({
          connector: 'twse',
          plan: 'daily-bars',
          instruments: symbolsOf(emulator, stocks).map((symbol) => `TWSE:${symbol}`),
          start: '2023-01-01',
          end: '2025-01-01',
        })
        for await (const { state } of client.followCrawl(id)) if (state === 'done') break
        const rows = emulator.arrivals('twse').length - before
        return { seconds: (performance.now() - startedMs) / 1_000, rows }
      })
      await server.stop()
      await rm(data, { recursive: true })
      return measurement
    },
  }
}

/** Each store is new, so Redis must not know of the crawls of the one before. */
async function forgetTasks(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.flushall()
  redis.disconnect()
}

/** The same questions, eight at a time, and nothing done with the answers. */
function fetchAlone(emulator: Emulator, stocks: number): Contestant {
  return {
    name: 'fetch alone',
    async run() {
      const urls = symbolsOf(emulator, stocks).flatMap((symbol) =>
        Array.from({ length: MONTH_PAGES }, (_, index) => {
          const month = new Date(Date.UTC(2023, index, 1)).toISOString().slice(0, 7).replace('-', '')
          return `${emulator.url('twse')}/rwd/zh/afterTrading/STOCK_DAY?date=${month}01&stockNo=${symbol}&response=json`
        }),
      )
      const rows = urls.length
      const startedMs = performance.now()
      const walker = async () => {
        for (let url = urls.pop(); url !== undefined; url = urls.pop()) await (await fetch(url)).text()
      }
      await Promise.all(Array.from({ length: 8 }, walker))
      return { seconds: (performance.now() - startedMs) / 1_000, rows }
    },
  }
}
