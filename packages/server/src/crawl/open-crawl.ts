import type { Connector } from '@barkeep/core'
import type { Config } from '../config.js'
import { readSourceOrder } from '../store/bars/source-order.js'
import type { Contents } from '../store/contents.js'
import type { Store } from '../store/store.js'
import { CrawlTable } from '../store/tasks/crawl-table.js'
import { CrawlTables } from '../store/tasks/crawl-tables.js'
import { TaskTable } from '../store/tasks/task-table.js'
import { type AskNow, createAskNow } from './ask-now.js'
import { type ConnectorSetup, setUpConnector } from './connector-setup.js'
import { CrawlEngine, type EngineParts } from './crawl-engine.js'
import { type CrawlSink, createStoreSink } from './crawl-sink.js'
import { Crawls, unknownName } from './crawls.js'
import { Backfill } from './gaps/backfill.js'
import { Gaps } from './gaps/gaps.js'
import { createFailedTasks } from './gaps/gaps-failed.js'
import { type Clock, systemClock } from './limiter/clock.js'
import type { Limiter } from './limiter/limiter.js'
import { createMemoryLimiter } from './limiter/memory-limiter.js'
import { createRedisLimiter } from './limiter/redis-limiter.js'
import { LiveSources } from './live/live-sources.js'
import { createLocalContext } from './local-context.js'
import { MarketPlanner } from './market/market-plan.js'
import { readMarkets } from './market/market-sentence.js'
import { Markets, type MarketsParts } from './market/markets.js'
import { createRedisTaskQueue, requireSameStore } from './queue/redis-task-queue.js'
import { createStoreTaskQueue } from './queue/store-task-queue.js'
import type { TaskQueue } from './queue/task-queue.js'
import { type ReparseReport, reparse } from './reparse.js'
import { readSchedules } from './schedule/schedule-definition.js'
import { ScheduleTable } from './schedule/schedule-table.js'
import { Schedules } from './schedule/schedules.js'
import { openRedis, type RedisConnections } from './worker/worker-redis.js'

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
  readonly markets: Markets
  /** Not started yet: what they tell is for a server that listens. */
  readonly liveSources: LiveSources
  readonly connectors: readonly Connector[]
  /** Carries out a task while somebody waits for it. */
  readonly askNow: AskNow
  /** Reads the archived pages of a connector again. Throws NOT_FOUND. */
  reparse(connector: string, signal: AbortSignal): Promise<ReparseReport>
  /** From now on nothing waits for a Redis that is away: requests that are still answered must not either. */
  stopWaiting(): void
  close(): Promise<void>
}

export const wallClock: Clock = { now: Date.now, sleep: systemClock.sleep }

/** Starts to work on what is in the queue. `steady` counts the windows of limits, and never goes back. */
export async function openCrawl(
  store: Store,
  contents: Contents,
  config: Config,
  connectors: readonly Connector[],
  clock: Clock = wallClock,
  onLiveError: (error: unknown, connector: string) => void = () => {},
  steady: Clock = systemClock,
): Promise<Crawl> {
  const { queue, limiter, stopWaiting, disconnect } =
    config['redis.url'] === '' ? await ownWork(store, clock, steady) : await sharedWork(config, store)
  const tables = new CrawlTables(store, contents.catalog)
  const sink = createStoreSink({ store, contents, tables, connectors, now: clock.now })
  const engine = createEngine(config, connectors, {
    queue,
    limiter,
    sink,
    clock,
    local: ({ connector, settings }) => createLocalContext(connector, settings, store, contents),
  })
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
  const liveSources = new LiveSources({
    setups: setUp(config, connectors),
    wishes: new Map(
      Object.entries(config.connectors).flatMap(([id, { live }]) => (live === undefined ? [] : [[id, live]])),
    ),
    ...{ limiter, clock, random: Math.random, ingest: contents.ingest, onError: onLiveError },
    settings: {
      timeoutMs: config['crawl.timeoutMs'],
      pageBytesMax: config['crawl.pageBytesMax'],
      restMs: config['crawl.restMs'],
    },
  })
  const telling = () => liveSources.telling()
  const markets = await openMarkets(config, { contents, crawls, gaps, backfill, connectors, engine, clock, telling })
  await crawls.resume()
  schedules.start()
  markets.start()
  engine.start(config['crawl.worksHere'] ? 'all' : 'local')
  return {
    crawls,
    engine,
    queue,
    sink,
    gaps,
    backfill,
    schedules,
    markets,
    liveSources,
    connectors,
    askNow: createAskNow({
      setups: setUp(config, connectors),
      limiter,
      sink,
      status: (connector) => engine.status(connector),
      now: clock.now,
      settings: {
        timeoutMs: config['crawl.timeoutMs'],
        pageBytesMax: config['crawl.pageBytesMax'],
        restMs: config['crawl.restMs'],
      },
    }),
    async reparse(id, signal) {
      const connector = connectors.find((one) => one.id === id)
      if (connector !== undefined) return reparse(connector, tables, sink, signal)
      throw unknownName(
        'connector',
        id,
        connectors.map((one) => one.id),
      )
    },
    stopWaiting,
    async close() {
      stopWaiting()
      await Promise.all([schedules.close(), markets.close(), liveSources.close()])
      await Promise.all([engine.close(), crawls.close(), limiter.close()])
      await queue.close()
      disconnect()
    },
  }
}

function openMarkets(
  config: Config,
  {
    contents: { catalog },
    engine,
    ...parts
  }: Pick<Crawl, 'crawls' | 'gaps' | 'backfill' | 'connectors' | 'engine'> &
    Pick<MarketsParts, 'clock' | 'telling'> & { contents: Contents },
): Promise<Markets> {
  const order = readSourceOrder(config.sources)
  const stateOf = (connector: string) => engine.status(connector)
  const patienceMs = config['markets.patienceMs']
  const shared = { ...parts, catalog, order, stateOf }
  return Markets.open({
    ...shared,
    lines: readMarkets(config.markets),
    planner: new MarketPlanner({ ...shared, now: parts.clock.now, patienceMs }),
    settings: {
      lookMs: config['markets.lookMs'],
      pollMs: config['markets.pollMs'],
      patienceMs,
      settleMs: config['gaps.settleMs'],
    },
  })
}

/** The engine as the settings want it. */
export function createEngine(
  config: Config,
  connectors: readonly Connector[],
  parts: Pick<EngineParts, 'queue' | 'limiter' | 'sink' | 'local'> & Partial<Pick<EngineParts, 'clock'>>,
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
    setUpConnector(
      connector,
      config.connectors[connector.id] ?? { baseUrl: '', limits: undefined, accounts: {}, settings: {} },
    ),
  )
}

interface Work extends Pick<RedisConnections, 'stopWaiting' | 'disconnect'> {
  readonly queue: TaskQueue
  readonly limiter: Limiter
}

/** Tasks and limits of this process. */
async function ownWork(store: Store, clock: Clock, steady: Clock): Promise<Work> {
  const queue = await createStoreTaskQueue(new TaskTable(store), clock)
  return { queue, limiter: createMemoryLimiter({ clock: steady }), stopWaiting: () => {}, disconnect: () => {} }
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
    stopWaiting: redis.stopWaiting,
    disconnect: redis.disconnect,
  }
}
