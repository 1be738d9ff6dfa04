import type { Connector } from '@barkeep/core'
import type { Config } from '../config.js'
import type { Contents } from '../store/contents.js'
import { CrawlTable } from '../store/crawl-table.js'
import { CrawlTables } from '../store/crawl-tables.js'
import type { Store } from '../store/store.js'
import { TaskTable } from '../store/task-table.js'
import { Backfill } from './backfill.js'
import { type ConnectorSetup, setUpConnector } from './connector-setup.js'
import { CrawlEngine, type EngineParts } from './crawl-engine.js'
import { type CrawlSink, createStoreSink } from './crawl-sink.js'
import { Crawls, unknownName } from './crawls.js'
import { Gaps } from './gaps.js'
import { createFailedTasks } from './gaps-failed.js'
import { type Clock, systemClock } from './limiter/clock.js'
import type { Limiter } from './limiter/limiter.js'
import { createMemoryLimiter } from './limiter/memory-limiter.js'
import { createRedisLimiter } from './limiter/redis-limiter.js'
import { createRedisTaskQueue, requireSameStore } from './redis-task-queue.js'
import { type ReparseReport, reparse } from './reparse.js'
import { readSchedules } from './schedule-definition.js'
import { ScheduleTable } from './schedule-table.js'
import { Schedules } from './schedules.js'
import { createStoreTaskQueue } from './store-task-queue.js'
import type { TaskQueue } from './task-queue.js'
import { openRedis } from './worker-redis.js'

/** Everything that crawls. */
export interface Crawl {
  readonly crawls: Crawls
  readonly engine: CrawlEngine
  readonly queue: TaskQueue
  /** Keeps what workers send. */
  readonly sink: CrawlSink
  readonly gaps: Gaps
  readonly backfill: Backfill
  readonly schedules: Schedules
  readonly connectors: readonly Connector[]
  /** Reads the archived pages of a connector again. Throws NOT_FOUND. */
  reparse(connector: string, signal: AbortSignal): Promise<ReparseReport>
  close(): Promise<void>
}

export const wallClock: Clock = { now: Date.now, sleep: systemClock.sleep }

/** Starts to work on what is in the queue. */
export async function openCrawl(
  store: Store,
  contents: Contents,
  config: Config,
  connectors: readonly Connector[],
  clock: Clock = wallClock,
): Promise<Crawl> {
  const { queue, limiter, disconnect } =
    config['redis.url'] === '' ? await ownWork(store, clock) : await sharedWork(config, store)
  const tables = new CrawlTables(store, contents.catalog)
  const sink = createStoreSink(contents, tables, connectors)
  const engine = createEngine(config, connectors, { queue, limiter, sink, clock })
  const table = new CrawlTable(store)
  const crawls = new Crawls({
    setups: setUp(config, connectors),
    queue,
    table,
    catalog: contents.catalog,
    now: clock.now,
    tasksMax: config['crawl.tasksMax'],
  })
  const gaps = new Gaps({
    store,
    contents,
    failedTasks: createFailedTasks(queue, table, connectors),
    now: clock.now,
    settleMs: config['gaps.settleMs'],
  })
  const backfill = new Backfill({ store, catalog: contents.catalog, gaps, crawls, connectors, now: clock.now })
  const schedules = await Schedules.open({
    table: new ScheduleTable(store),
    crawls,
    backfill,
    exchange: (code) => contents.catalog.exchange(code),
    clock,
    declared: readSchedules(config.schedules),
  })
  await crawls.resume()
  schedules.start()
  if (config['crawl.worksHere']) engine.start()
  return {
    crawls,
    engine,
    queue,
    sink,
    gaps,
    backfill,
    schedules,
    connectors,
    async reparse(id, signal) {
      const connector = connectors.find((one) => one.id === id)
      if (connector !== undefined) return reparse(connector, tables, sink, signal)
      throw unknownName(
        'connector',
        id,
        connectors.map((one) => one.id),
      )
    },
    async close() {
      await schedules.close()
      disconnect('if it is away')
      await Promise.all([engine.close(), crawls.close(), limiter.close()])
      await queue.close()
      disconnect('now')
    },
  }
}

/** The engine as the settings want it. */
export function createEngine(
  config: Config,
  connectors: readonly Connector[],
  parts: Pick<EngineParts, 'queue' | 'limiter' | 'sink'> & Partial<Pick<EngineParts, 'clock'>>,
): CrawlEngine {
  return new CrawlEngine({
    clock: wallClock,
    ...parts,
    setups: setUp(config, connectors),
    random: Math.random,
    settings: {
      attemptsMax: config['crawl.attemptsMax'],
      failuresMax: config['crawl.failuresMax'],
      restMs: config['crawl.restMs'],
      concurrencyMax: config['crawl.concurrencyMax'],
      uncommittedMax: config['crawl.uncommittedMax'],
      timeoutMs: config['crawl.timeoutMs'],
      pageBytesMax: config['crawl.pageBytesMax'],
    },
  })
}

function setUp(config: Config, connectors: readonly Connector[]): ConnectorSetup[] {
  return connectors.map((connector) =>
    setUpConnector(connector, config.connectors[connector.id] ?? { baseUrl: '', limits: undefined, accounts: {} }),
  )
}

interface Work {
  readonly queue: TaskQueue
  readonly limiter: Limiter
  /** Commands to a Redis that is away would be waited for without end. */
  disconnect(when: 'now' | 'if it is away'): void
}

/** Tasks and limits of this process. */
async function ownWork(store: Store, clock: Clock): Promise<Work> {
  const queue = await createStoreTaskQueue(new TaskTable(store), clock)
  return { queue, limiter: createMemoryLimiter(), disconnect: () => {} }
}

/** Tasks and limits that this process shares with workers. */
async function sharedWork(config: Config, store: Store): Promise<Work> {
  const redis = await openRedis(config['redis.url'])
  const [last] = await new CrawlTable(store).newest(1)
  await requireSameStore(redis.forQueue, last?.id ?? 0).catch((error: unknown) => {
    redis.disconnect()
    throw error
  })
  return {
    queue: createRedisTaskQueue({ redis: redis.forQueue }),
    limiter: createRedisLimiter({ redis: redis.forLimiter }),
    disconnect(when) {
      if (when === 'now' || redis.forQueue.status !== 'ready') redis.disconnect()
    },
  }
}
