import { BarkeepError, type Task } from '@barkeep/core'
import type { Redis } from 'ioredis'
import { askingOf, closing, type TaskJob, type TaskJobData, TaskLine } from './redis-task-queue-line.js'
import { type Asking, lastCrawlKey, TaskRecords } from './redis-task-queue-records.js'
import { taskKey } from './task-key.js'
import type { DeadTask, Lease, QueuedTask, TaskCounts, TaskQueue } from './task-queue.js'

/** The queue's own limits; each is an option of `createRedisTaskQueue`. */
export const redisTaskQueueDefaults = {
  /** A task whose process died comes back after so long; a living process renews it. */
  lockMs: 30_000,
  /** How often each process looks for such tasks. */
  stalledMs: 10_000,
  /** Processes that may die while they work on a task before it is dead, too. */
  deathsMax: 5,
  /** How long dead tasks are kept, and what ended of a crawl after its last task. */
  keepMs: 30 * 24 * 3_600_000,
} as const

export interface RedisTaskQueueOptions extends Partial<Record<keyof typeof redisTaskQueueDefaults, number>> {
  /** A connection with `maxRetriesPerRequest: null`. The queue neither opens nor closes it. */
  readonly redis: Redis
  /** Starts the name of every key. Its part in braces keeps all keys on one node of a cluster. */
  readonly prefix?: string
}

const PREFIX = '{barkeep}:crawl:'
/** Tasks that are added in one stroke. */
const ADDED_MAX = 1_000
/** Dead tasks that are looked at together. */
const DEAD_MAX = 1_000

/** The queue of all processes that share a Redis: BullMQ moves the tasks, records say who wants them. */
export function createRedisTaskQueue({ redis, prefix = PREFIX, ...options }: RedisTaskQueueOptions): TaskQueue {
  return new RedisTaskQueue(redis, prefix, { ...redisTaskQueueDefaults, ...options })
}

/**
 * Redis numbers its tasks by the crawls of one store. With those of another store, whose crawls have the same numbers,
 * new pages would count as done. Throws INVALID_SETTING where Redis knows crawls that come after `lastCrawl`.
 */
export async function requireSameStore(redis: Redis, lastCrawl: number, prefix = PREFIX): Promise<void> {
  const known = Number(await redis.get(lastCrawlKey(prefix)))
  if (known <= lastCrawl) return
  throw new BarkeepError('INVALID_SETTING', {
    message:
      `redis.url has tasks of crawl ${known}, but this store has crawls up to ${lastCrawl}: they belong to another ` +
      'store. Use another database of Redis, such as redis://localhost:6379/1, or empty this one.',
  })
}

class RedisTaskQueue implements TaskQueue {
  readonly #records: TaskRecords
  readonly #lines = new Map<string, TaskLine>()
  readonly #newLine: (connector: string) => TaskLine
  #isClosed = false

  constructor(redis: Redis, prefix: string, options: Record<keyof typeof redisTaskQueueDefaults, number>) {
    this.#records = new TaskRecords(redis, prefix, options.keepMs)
    this.#newLine = (connector) => new TaskLine(connector, { ...options, redis, prefix: `${prefix}queue` })
  }

  async add(crawl: number, tasks: Iterable<Task>): Promise<void> {
    let some: Task[] = []
    for (const task of tasks) {
      if (some.push(task) < ADDED_MAX) continue
      await this.#addSome(crawl, some)
      some = []
    }
    if (some.length > 0) await this.#addSome(crawl, some)
  }

  async take(connector: string, signal: AbortSignal): Promise<Lease> {
    const line = this.#line(connector)
    for (;;) {
      const lease = await this.#leaseOf(line, await line.take(signal))
      if (lease !== undefined) return lease
    }
  }

  async counts(crawl: number): Promise<TaskCounts> {
    const lines = await this.#allLines()
    const active = await Promise.all(lines.map((line) => line.activeKeys()))
    return this.#records.counts(crawl, active.flat())
  }

  async dead(connector: string | undefined, limit: number): Promise<DeadTask[]> {
    const lines = connector === undefined ? await this.#allLines() : [this.#line(connector)]
    const jobs = (await Promise.all(lines.map((line) => line.failed(limit, 'newest')))).flat()
    const known = await Promise.all(jobs.map((job) => this.#isDead(askingOf(job))))
    return jobs
      .filter((_, index) => known[index])
      .sort((a, b) => (b.finishedOn ?? 0) - (a.finishedOn ?? 0))
      .slice(0, limit)
      .map((job) => ({ ...queuedOf(job), error: job.data.error }))
  }

  async revive(connector: string): Promise<number> {
    const line = this.#line(connector)
    const startMs = Date.now()
    let revived = 0
    for (;;) {
      // What fails again while this goes on is left for the next time.
      const jobs = (await line.failed(DEAD_MAX, 'oldest')).filter(({ finishedOn = 0 }) => finishedOn <= startMs)
      if (jobs.length === 0) return revived
      for (const job of jobs) {
        const asking = askingOf(job)
        // The record comes first: a crash in between leaves a dead job that can be revived once more.
        if (await this.#records.revive(asking)) {
          await line.retryFailed(job)
          revived += 1
        } else await line.remove(asking)
      }
    }
  }

  /** The jobs stay until somebody takes them and finds them stale: to find one in a list of BullMQ takes as long as the list is. */
  drop(crawl: number): Promise<void> {
    return this.#records.leave(crawl)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#lines.values()].map((line) => line.close()))
  }

  /**
   * The record comes first, the job after it. After a crash in between, whoever adds the tasks does so again: the crawl
   * that is being planned, or the task that named them.
   */
  async #addSome(crawl: number, tasks: readonly Task[]): Promise<void> {
    const byKey = new Map(tasks.map((task) => [taskKey(task), task]))
    const connectors = new Set(tasks.map(({ connector }) => connector))
    for (const connector of connectors) await this.#records.addConnector(connector)
    const askings = await this.#records.join(crawl, [...byKey.keys()])
    for (const connector of connectors) {
      const jobs = askings.flatMap((asking) => {
        const task = byKey.get(asking.key)
        return task?.connector === connector ? { asking, data: { crawl, task, attempts: 0, error: '' } } : []
      })
      if (jobs.length > 0) await this.#line(connector).add(jobs)
    }
  }

  /** Undefined for a job that nobody wants, or that is dead. */
  async #leaseOf(line: TaskLine, job: TaskJob): Promise<Lease | undefined> {
    const asking = askingOf(job)
    const record = await this.#records.find(asking.key)
    if (record?.number !== asking.number) {
      await line.complete(job)
      return undefined
    }
    const lease: Lease = {
      queued: { ...queuedOf(job), crawl: record.crawls[0] ?? job.data.crawl },
      done: (next) => this.#done(line, job, next),
      retry: (afterMs) => line.delay(job, afterMs, { ...job.data, attempts: job.data.attempts + 1 }),
      postpone: (afterMs) => line.delay(job, afterMs, job.data),
      bury: (error) => this.#bury(line, job, error),
    }
    if (record.state === 'dead') {
      await line.fail(job)
      return undefined
    }
    if (job.deferredFailure) {
      await lease.bury('Every process that worked on the task ended before the task did.')
      return undefined
    }
    return lease
  }

  /** Next tasks come first, the end of this one after it: after a crash in between it is asked again and adds them again. */
  async #done(line: TaskLine, job: TaskJob, next: readonly Task[]): Promise<void> {
    const { key, number } = askingOf(job)
    const joined = new Set<number>()
    for (;;) {
      const record = await this.#records.find(key)
      if (record?.number !== number) break
      for (const crawl of record.crawls) {
        if (!joined.has(crawl)) await this.add(crawl, next)
        joined.add(crawl)
      }
      if (await this.#records.done(record)) break
    }
    await line.complete(job)
  }

  async #bury(line: TaskLine, job: TaskJob, error: string): Promise<void> {
    await line.update(job, { ...job.data, attempts: job.data.attempts + 1, error })
    await this.#records.bury(askingOf(job))
    await line.fail(job)
  }

  async #isDead({ key, number }: Asking): Promise<boolean> {
    return (await this.#records.find(key))?.number === number
  }

  async #allLines(): Promise<TaskLine[]> {
    return (await this.#records.connectors()).map((connector) => this.#line(connector))
  }

  #line(connector: string): TaskLine {
    if (this.#isClosed) throw closing()
    let line = this.#lines.get(connector)
    if (line === undefined) {
      line = this.#newLine(connector)
      this.#lines.set(connector, line)
    }
    return line
  }
}

function queuedOf(job: TaskJob): QueuedTask {
  const { crawl, task, attempts }: TaskJobData = job.data
  return { key: askingOf(job).key, crawl, task, attempts }
}
