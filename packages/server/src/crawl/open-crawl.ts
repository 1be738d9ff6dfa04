import type { Connector } from '@barkeep/core'
import type { Config } from '../config.js'
import type { Contents } from '../store/contents.js'
import { CrawlTable } from '../store/crawl-table.js'
import { CrawlTables } from '../store/crawl-tables.js'
import type { Store } from '../store/store.js'
import { TaskTable } from '../store/task-table.js'
import { setUpConnector } from './connector-setup.js'
import { CrawlEngine } from './crawl-engine.js'
import { createStoreSink } from './crawl-sink.js'
import { Crawls, unknownName } from './crawls.js'
import type { Clock } from './limiter/clock.js'
import { systemClock } from './limiter/clock.js'
import { createMemoryLimiter } from './limiter/memory-limiter.js'
import { type ReparseReport, reparse } from './reparse.js'
import { createStoreTaskQueue } from './store-task-queue.js'
import type { TaskQueue } from './task-queue.js'

/** Everything that crawls. */
export interface Crawl {
  readonly crawls: Crawls
  readonly engine: CrawlEngine
  readonly queue: TaskQueue
  readonly connectors: readonly Connector[]
  /** Reads the archived pages of a connector again. Throws NOT_FOUND. */
  reparse(connector: string, signal: AbortSignal): Promise<ReparseReport>
  close(): Promise<void>
}

const wallClock: Clock = { now: Date.now, sleep: systemClock.sleep }

/** Starts to work on what is in the queue. */
export async function openCrawl(
  store: Store,
  contents: Contents,
  config: Config,
  connectors: readonly Connector[],
): Promise<Crawl> {
  const setups = connectors.map((connector) =>
    setUpConnector(connector, config.connectors[connector.id] ?? { baseUrl: '', limits: undefined, accounts: {} }),
  )
  const limiter = createMemoryLimiter()
  const queue = await createStoreTaskQueue(new TaskTable(store), wallClock)
  const tables = new CrawlTables(store, contents.catalog)
  const sink = createStoreSink(contents, tables, connectors)
  const engine = new CrawlEngine({
    setups,
    queue,
    limiter,
    sink,
    clock: wallClock,
    random: Math.random,
    settings: {
      attemptsMax: config['crawl.attemptsMax'],
      failuresMax: config['crawl.failuresMax'],
      restMs: config['crawl.restMs'],
      concurrencyMax: config['crawl.concurrencyMax'],
      timeoutMs: config['crawl.timeoutMs'],
      pageBytesMax: config['crawl.pageBytesMax'],
    },
  })
  const crawls = new Crawls({
    setups,
    queue,
    table: new CrawlTable(store),
    catalog: contents.catalog,
    now: wallClock.now,
    tasksMax: config['crawl.tasksMax'],
  })
  await crawls.resume()
  engine.start()
  return {
    crawls,
    engine,
    queue,
    connectors,
    async reparse(id, signal) {
      const setup = setups.find(({ connector }) => connector.id === id)
      if (setup === undefined)
        throw unknownName(
          'connector',
          id,
          connectors.map((connector) => connector.id),
        )
      return reparse(setup, tables, sink, signal)
    },
    async close() {
      await Promise.all([engine.close(), crawls.close(), limiter.close()])
      await queue.close()
    },
  }
}
