import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@barkeep/client'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type RedisServer,
  redisMissing,
  startRedis,
} from '../packages/server/src/crawl/limiter/redis-server.contract.js'
import { Hearsay, StreamListener, WordListener } from './chaos-listeners.js'
import {
  checkContent,
  checkLogs,
  checkTold,
  createRandom,
  date,
  instruments,
  reachAll,
  session,
  storedBars,
} from './chaos-outcome.js'
import { kill, Newsroom, Processes } from './chaos-processes.js'
import { type ClickhouseFront, startClickhouseFront } from './clickhouse-front/clickhouse-front.js'
import { type RoughNetwork, startRoughNetwork } from './rough-network.js'

const rounds = Number(process.env.BARKEEP_CHAOS_ROUNDS ?? 1)
const seed = Number(process.env.BARKEEP_CHAOS_SEED ?? 20261122)
const streams = Number(process.env.BARKEEP_CHAOS_STREAMS ?? (rounds > 1 ? 100 : 24))
/** Of those that hold the servers to their word, without the SDK. */
const WORDS = 12
/** Each server that commits is another machine then, and all of them reach the store over the network. */
const sharesStore = process.env.BARKEEP_CHAOS_STORE === 'clickhouse'
const TICK_MS = 120
const PAUSE_MS_MAX = 400
const PROGRESS_TICKS_MAX = 10

const blows = [
  ...['kill the one that commits', 'kill the one that passes on', 'restart Redis', 'empty Redis'],
  ...['kill a publisher', 'stop a publisher', 'let publishers go on', 'let publishers go on'],
  ...['cut all', 'cut some', 'cut some', 'slow', 'stuck', 'recover', 'recover'],
  ...['cut Redis', 'slow Redis', 'stuck Redis', 'recover Redis', 'recover Redis'],
] as const
type Blow = (typeof blows)[number]

describe.skipIf(redisMissing)('two servers on one Redis', () => {
  let directory: string
  let redis: RedisServer
  let processes: Processes
  let networks: RoughNetwork[]
  let ears: (StreamListener | WordListener)[]
  let store: ClickhouseFront | undefined

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-chaos-'))
    // It comes back with what it wrote to its disk, and may lack the end of it.
    redis = await startRedis('--appendonly', 'yes')
    processes = new Processes()
    networks = []
    ears = []
  })
  afterEach(async () => {
    for (const ear of ears) ear.end()
    await processes.killAll()
    for (const network of networks) network.close()
    await store?.close()
    await redis.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  test(`whatever is killed, emptied, stopped, cut or slow, ${streams + WORDS} subscribers of both have each bar once, in order, and what the store has`, {
    timeout: 300_000 + rounds * 60_000,
  }, async () => {
    const random = createRandom(seed)
    const laid = async (portOf: (words: string) => number) => {
      const network = await startRoughNetwork(portOf, random)
      networks.push(network)
      return network
    }
    const wires = await laid(() => redis.port)
    const start = (name: string, flags: object = {}) =>
      processes.startServer({
        ...{ data: join(directory, name), port: '0', 'live.windowDates': '0', 'live.builds': 'false' },
        ...{ 'redis.url': `redis://127.0.0.1:${wires.port}`, 'crawl.worksHere': 'false' },
        ...{ 'live.outboxBytesMax': '40000', 'live.conflateMs': '100', 'live.slowMsMax': '2000' },
        ...{ 'live.leaseMs': '1500', 'live.heartbeatMs': '500', ...flags },
      })
    if (sharesStore) store = await startClickhouseFront({ directory: join(directory, 'clickhouse') })
    let writers = 0
    const startWriter = () => {
      if (store === undefined) return start('commits')
      writers += 1
      return start(`commits-${writers}`, { 'store.url': store.url })
    }
    const startRelay = () => start('passes-on', { 'live.publishes': 'false' })
    let [writer, relay] = await Promise.all([startWriter(), startRelay()])
    const desk = await laid(() => writer.port)
    // Whoever comes back comes to either of them; all reads go to the one that has the store.
    const isLive = (words: string) => words.startsWith('GET /socket.io/')
    const front = await laid((words) => (isLive(words) && random() < 0.5 ? relay : writer).port)

    const hearsay = new Hearsay()
    const url = `http://127.0.0.1:${desk.port}`
    const frontUrl = `http://127.0.0.1:${front.port}`
    const client = createClient({ url: frontUrl })
    const listeners = Array.from({ length: streams }, () => new StreamListener(client, date, hearsay))
    const words = Array.from({ length: WORDS }, () => new WordListener(frontUrl, hearsay, () => 20 + random() * 200))
    ears = [...listeners, ...words]
    await Promise.all(listeners.map(({ opened }) => opened))
    const flags = { url, instruments, openMs: session.openMs, startedMs: Date.now(), tickMs: TICK_MS, takeovers: true }
    const newsroom = new Newsroom(processes, 2, flags)
    while (newsroom.told.length === 0) await pause(TICK_MS)

    const someDesk = () => (random() < 0.5 ? 0 : 1)
    const strikes: Readonly<Record<Blow, () => unknown>> = {
      'kill the one that commits': async () => {
        await kill(writer.child)
        // A server ends at once where it does not reach Redis; it is started when it does.
        wires.recover()
        writer = await startWriter()
      },
      'kill the one that passes on': async () => {
        await kill(relay.child)
        wires.recover()
        relay = await startRelay()
      },
      'restart Redis': () => redis.restart(),
      'empty Redis': () => emptyRedis(redis),
      'kill a publisher': () => newsroom.replace(someDesk()),
      'stop a publisher': () => newsroom.signal(someDesk(), 'SIGSTOP'),
      'let publishers go on': () => {
        for (const each of [0, 1]) newsroom.signal(each, 'SIGCONT')
      },
      'cut all': () => [desk, front].map((network) => network.cut(1)),
      'cut some': () => [desk, front].map((network) => network.cut(0.3)),
      slow: () => [desk, front].map((network) => network.strike(0.2, 'slow')),
      stuck: () => [desk, front].map((network) => network.strike(0.2, 'stuck')),
      recover: () => [desk, front].map((network) => network.recover()),
      'cut Redis': () => wires.cut(0.5),
      'slow Redis': () => wires.strike(0.5, 'slow'),
      'stuck Redis': () => wires.strike(0.5, 'stuck'),
      'recover Redis': () => wires.recover(),
    }
    for (let round = 0; round < rounds; round++) {
      const order = blows.map((blow) => ({ blow, place: random() })).sort((a, b) => a.place - b.place)
      for (const { blow } of order) {
        await strikes[blow]()
        await pause(random() * PAUSE_MS_MAX)
        // On a machine that has much to do, blows would come faster than anything is told between them.
        const known = newsroom.told.length
        for (let left = PROGRESS_TICKS_MAX; left > 0 && newsroom.told.length === known; left--) await pause(TICK_MS)
      }
    }
    for (const network of networks) network.recover()
    await newsroom.close()

    await reachAll(url, listeners, hearsay)
    const stored = await storedBars(url)
    checkContent(listeners, stored, hearsay)
    const messages = checkLogs(hearsay)
    checkTold(newsroom.told, stored)
    console.info(
      `Seed ${seed}: ${stored.length} bars in the store, ${newsroom.told.length} messages acknowledged, ${messages} heard by words in ${hearsay.logs.size} logs.`,
    )
    expect(newsroom.told.length).toBeGreaterThan(0)
  })
})

/** What was in it is lost while everybody stays connected. */
async function emptyRedis({ port }: RedisServer): Promise<void> {
  const redis = new Redis(port)
  await redis.flushall()
  await redis.quit()
}
