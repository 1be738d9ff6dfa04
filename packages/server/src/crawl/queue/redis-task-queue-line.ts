import { randomUUID } from 'node:crypto'
import { once, setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { BarkeepError, type Task } from '@barkeep/core'
import { type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Asking } from './redis-task-queue-records.js'

/** What BullMQ keeps of a task. */
export interface TaskJobData {
  readonly crawl: number
  readonly task: Task
  /** Attempts that failed so far. */
  readonly attempts: number
  /** Why it is dead; empty while it is not. */
  readonly error: string
}

export type TaskJob = Job<TaskJobData>

export interface TaskLineOptions {
  readonly redis: Redis
  /** Starts the name of every key of BullMQ. */
  readonly prefix: string
  /** A task whose process died comes back after so long; a living process renews it. */
  readonly lockMs: number
  /** How often each process looks for such tasks. */
  readonly stalledMs: number
  /** Processes that may die while they work on a task before it is dead, too. */
  readonly deathsMax: number
  /** How long dead tasks are kept. */
  readonly keepMs: number
}

/** Events that BullMQ keeps for its own tools. */
const EVENTS_MAX = 1_000
/** What BullMQ throws when a job is no longer ours: gone, locked by nobody, in another state, locked by another. */
const lostCodes = [-1, -2, -3, -6]

/** The tasks of one connector, as jobs of one BullMQ queue. */
export class TaskLine {
  readonly #connector: string
  readonly #options: TaskLineOptions
  readonly #queue: Queue<TaskJobData>
  /** What this process works on, by id. */
  readonly #held = new Map<string, TaskJob>()
  #takers: { resolve: (job: TaskJob) => void; reject: (error: unknown) => void }[] = []
  #worker: Worker<TaskJobData> | undefined
  #renewing: NodeJS.Timeout | undefined
  #pulling: Promise<void> | undefined
  #isClosed = false

  constructor(connector: string, options: TaskLineOptions) {
    this.#connector = connector
    this.#options = options
    this.#queue = new Queue<TaskJobData>(connector, {
      connection: options.redis,
      prefix: options.prefix,
      streams: { events: { maxLen: EVENTS_MAX } },
      defaultJobOptions: {
        removeOnComplete: true,
        removeOnFail: { age: Math.ceil(options.keepMs / 1_000) },
        stackTraceLimit: 0,
      },
    })
    // Whoever runs a command is told of its failure; the connection tells of its own.
    this.#queue.on('error', () => {})
  }

  /** Adds what is not there yet, in order. */
  async add(jobs: readonly { readonly asking: Asking; readonly data: TaskJobData }[]): Promise<void> {
    await this.#queue.addBulk(
      jobs.map(({ asking, data }) => ({ name: data.task.handler, data, opts: { jobId: jobIdOf(asking) } })),
    )
  }

  /** The next job that is due; waits for one. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<TaskJob> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      // As many wait under one signal as tasks are worked on at a time: no leak.
      setMaxListeners(0, signal)
      const taker = {
        resolve: (job: TaskJob) => {
          signal.removeEventListener('abort', onAbort)
          resolve(job)
        },
        reject: (error: unknown) => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      const onAbort = () => {
        this.#takers = this.#takers.filter((other) => other !== taker)
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#takers.push(taker)
      this.#pulling ??= this.#pull()
    })
  }

  /** Takes a job off; each of these four ends the holding of a job. Nothing happens where another process has it by now. */
  complete(job: TaskJob): Promise<void> {
    return this.#end(job, (token) => job.moveToCompleted(null, token, false))
  }

  async delay(job: TaskJob, delayMs: number, data: TaskJobData): Promise<void> {
    await this.#end(job, async (token) => {
      await job.updateData(data)
      await job.moveToDelayed(Date.now() + delayMs, token)
    })
  }

  fail(job: TaskJob): Promise<void> {
    return this.#end(job, (token) => job.moveToFailed(new Error(job.data.error), token, false))
  }

  giveBack(job: TaskJob): Promise<void> {
    return this.#end(job, (token) => job.moveToWait(token))
  }

  /** Writes on a job that is held. */
  async update(job: TaskJob, data: TaskJobData): Promise<void> {
    await unlessLost(job.updateData(data))
  }

  async activeKeys(): Promise<string[]> {
    return (await this.#queue.getActive()).map((job) => askingOf(job).key)
  }

  /** Newest first, or oldest first. */
  failed(limit: number, order: 'newest' | 'oldest'): Promise<TaskJob[]> {
    return this.#queue.getJobs(['failed'], 0, limit - 1, order === 'oldest')
  }

  async retryFailed(job: TaskJob): Promise<void> {
    await unlessLost(job.updateData({ ...job.data, attempts: 0, error: '' }))
    await unlessLost(job.retry('failed'))
  }

  async remove(asking: Asking): Promise<void> {
    await this.#queue.remove(jobIdOf(asking))
  }

  /**
   * Gives back what is held. While Redis is away nothing can be given back, and BullMQ would wait for an answer without
   * end; what is held comes back by itself when its lock ends.
   */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#renewing)
    this.#rejectTakers(closing())
    const closed = new AbortController()
    await Promise.race([this.#closeGently(), this.#untilPointless(closed.signal)]).finally(() => closed.abort())
  }

  /** Resolves when Redis is away, at the latest when the locks of what is held have ended. */
  async #untilPointless(signal: AbortSignal): Promise<void> {
    const { redis, lockMs } = this.#options
    if (redis.status !== 'ready') return
    await Promise.race([once(redis, 'close', { signal }), sleep(lockMs, undefined, { signal })]).catch(() => undefined)
  }

  async #closeGently(): Promise<void> {
    await this.#worker?.close(true)
    await this.#pulling
    // Newest first, since each goes to the front.
    for (const job of [...this.#held.values()].reverse()) await this.giveBack(job)
    await this.#queue.close()
  }

  /** Takes jobs as long as somebody waits for one. One at a time, since a worker of BullMQ waits in one place. */
  async #pull(): Promise<void> {
    try {
      const worker = await this.#openWorker()
      while (this.#takers.length > 0 && !this.#isClosed) {
        const job = await worker.getNextJob(randomUUID())
        if (job === undefined) continue
        this.#held.set(job.id ?? '', job)
        const taker = this.#takers.shift()
        if (taker === undefined) await this.giveBack(job)
        else taker.resolve(job)
      }
    } catch (error) {
      this.#rejectTakers(error)
    } finally {
      this.#pulling = undefined
    }
  }

  async #openWorker(): Promise<Worker<TaskJobData>> {
    if (this.#worker !== undefined) return this.#worker
    const { redis, prefix, lockMs, stalledMs, deathsMax } = this.#options
    const worker = new Worker<TaskJobData>(this.#connector, null, {
      connection: redis,
      prefix,
      autorun: false,
      lockDuration: lockMs,
      stalledInterval: stalledMs,
      maxStalledCount: deathsMax,
    })
    worker.on('error', () => {})
    this.#worker = worker
    this.#renewing = setInterval(() => this.#renew(worker), lockMs / 3)
    await worker.startStalledCheckTimer()
    return worker
  }

  #renew(worker: Worker<TaskJobData>): void {
    const jobs = [...this.#held.values()]
    if (jobs.length === 0) return
    const ids = jobs.map(({ id = '' }) => id)
    const tokens = jobs.map(({ token = '' }) => token)
    // What fails now is tried again in a moment; what is lost is found out when it ends.
    worker.extendJobLocks(ids, tokens, this.#options.lockMs).catch(() => {})
  }

  async #end(job: TaskJob, move: (token: string) => Promise<unknown>): Promise<void> {
    await unlessLost(move(job.token ?? ''))
    // The same task may have come back to this process under another lock.
    if (this.#held.get(job.id ?? '') === job) this.#held.delete(job.id ?? '')
  }

  #rejectTakers(error: unknown): void {
    for (const { reject } of this.#takers.splice(0)) reject(error)
  }
}

/** BullMQ allows no colon in ids; keys of tasks have none. */
function jobIdOf({ key, number }: Asking): string {
  return `${key}~${number}`
}

export function askingOf({ id = '' }: Pick<Job, 'id'>): Asking {
  const at = id.lastIndexOf('~')
  return { key: id.slice(0, at), number: Number(id.slice(at + 1)) }
}

export function closing(): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The queue is closing.', retry: { afterMs: 1_000 } })
}

async function unlessLost(move: Promise<unknown>): Promise<void> {
  try {
    await move
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && lostCodes.includes(Number(error.code)))) throw error
  }
}
