import { BarkeepError, type JsonObject, type Task } from '@barkeep/core'
import type { TaskRow, TaskTable } from '../store/task-table.js'
import { GroupCommit } from './group-commit.js'
import type { Clock } from './limiter/clock.js'
import { taskKey } from './task-key.js'
import type { DeadTask, Lease, QueuedTask, TaskCounts, TaskQueue } from './task-queue.js'

/** Tasks of a connector that are held in memory; the others wait in the table. */
const READY_MAX = 500
/** Tasks that are added in one stroke. */
const ADDED_MAX = 1_000
/** Writes that make one group. */
const GROUP_MAX = 500

/** The queue of one process, whose tasks survive it in the store. */
export async function createStoreTaskQueue(table: TaskTable, clock: Clock): Promise<TaskQueue> {
  return new StoreTaskQueue(table, clock, await table.last())
}

/** What is in memory of the tasks of one connector. */
interface Line {
  /** Due, in order. */
  ready: TaskRow[]
  /** To be tried again later. */
  delayed: TaskRow[]
  /** Key and crawl of what is being worked on. */
  readonly active: Map<string, number>
  /** Everything in the table up to here was loaded. */
  loadedPlace: number
  isExhausted: boolean
  loading: Promise<void> | undefined
  /** Wakes who waits for a task. */
  wake: () => void
  woken: Promise<void>
}

class StoreTaskQueue implements TaskQueue {
  readonly #table: TaskTable
  readonly #clock: Clock
  readonly #writes: GroupCommit<readonly TaskRow[]>
  readonly #lines = new Map<string, Line>()
  readonly #dropped = new Set<number>()
  #place: number
  #version: number
  #adding: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(table: TaskTable, clock: Clock, last: { place: number; version: number }) {
    this.#table = table
    this.#clock = clock
    this.#place = last.place
    this.#version = last.version
    this.#writes = new GroupCommit(GROUP_MAX, (groups) => table.write(groups.flat()))
  }

  async add(crawl: number, tasks: Iterable<Task>): Promise<void> {
    let some: Task[] = []
    for (const task of tasks) {
      some.push(task)
      if (some.length < ADDED_MAX) continue
      await this.#addSome(crawl, some)
      some = []
    }
    await this.#addSome(crawl, some)
  }

  async take(connector: string, signal: AbortSignal): Promise<Lease> {
    const line = this.#line(connector)
    while (true) {
      signal.throwIfAborted()
      if (this.#isClosed) throw closed()
      const row = this.#nextDue(line)
      if (row !== undefined) {
        line.active.set(row.key, row.crawl)
        return this.#lease(line, row)
      }
      if (!line.isExhausted) await this.#load(connector, line)
      else await this.#untilSomethingIsDue(line, signal)
    }
  }

  async counts(crawl: number): Promise<TaskCounts> {
    const { waiting, done, dead } = await this.#table.counts(crawl)
    const active = [...this.#lines.values()]
      .flatMap((line) => [...line.active.values()])
      .filter((one) => one === crawl).length
    // In the table what is being worked on is still waiting.
    return { waiting: Math.max(0, waiting - active), active, done, dead }
  }

  async dead(connector: string | undefined, limit: number): Promise<DeadTask[]> {
    const rows = await this.#table.dead(connector, limit)
    return rows.map((row) => ({ ...queuedOf(row), error: row.error }))
  }

  async revive(connector: string): Promise<number> {
    let revived = 0
    while (true) {
      const rows = await this.#table.dead(connector, ADDED_MAX)
      if (rows.length === 0) return revived
      await this.#writes.add(
        rows.map((row) =>
          this.#changed({ ...row, state: 'waiting', attempts: 0, notBeforeMs: 0, place: ++this.#place }),
        ),
      )
      revived += rows.length
      this.#announce(connector)
    }
  }

  async drop(crawl: number): Promise<void> {
    this.#dropped.add(crawl)
    const rows = await this.#table.ofCrawl(crawl, 'waiting')
    await this.#writes.add(rows.map((row) => this.#changed({ ...row, state: 'dropped' })))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const connector of this.#lines.keys()) this.#announce(connector)
    await this.#writes.drain()
  }

  /** Adding is one after the other, so that two crawls that want the same page find each other's. */
  #addSome(crawl: number, tasks: readonly Task[]): Promise<void> {
    const added = this.#adding.then(async () => {
      const rows = await this.#newRows(crawl, tasks)
      await this.#writes.add(rows)
      for (const connector of new Set(rows.map((row) => row.connector))) this.#announce(connector)
    })
    this.#adding = added.catch(() => undefined)
    return added
  }

  /** Rows for those tasks that are neither waiting in any crawl nor ended in this one. */
  async #newRows(crawl: number, tasks: readonly Task[]): Promise<TaskRow[]> {
    const byKey = new Map(tasks.map((task) => [taskKey(task), task]))
    const known = await this.#table.states([...byKey.keys()])
    const isWanted = (key: string) => {
      const earlier = known.get(key)
      return earlier === undefined || (earlier.state !== 'waiting' && earlier.crawl !== crawl)
    }
    return [...byKey]
      .filter(([key]) => isWanted(key))
      .map(([key, { connector, handler, params }]) =>
        this.#changed({
          connector,
          key,
          crawl,
          handler,
          params: JSON.stringify(params),
          state: 'waiting',
          attempts: 0,
          notBeforeMs: 0,
          error: '',
          place: ++this.#place,
          version: 0,
        }),
      )
  }

  #nextDue(line: Line): TaskRow | undefined {
    const nowMs = this.#clock.now()
    const dueAt = line.delayed.findIndex(({ notBeforeMs }) => notBeforeMs <= nowMs)
    const row = dueAt === -1 ? line.ready.shift() : line.delayed.splice(dueAt, 1)[0]
    if (row === undefined || !this.#dropped.has(row.crawl)) return row
    return this.#nextDue(line)
  }

  /** One at a time: two that read the table from the same place would hand the same tasks out twice. */
  #load(connector: string, line: Line): Promise<void> {
    line.loading ??= this.#loadSome(connector, line).finally(() => {
      line.loading = undefined
    })
    return line.loading
  }

  async #loadSome(connector: string, line: Line): Promise<void> {
    line.isExhausted = true
    const rows = await this.#table.waiting(connector, line.loadedPlace, READY_MAX).catch((error: unknown) => {
      line.isExhausted = false
      throw error
    })
    const nowMs = this.#clock.now()
    for (const row of rows) {
      if (row.notBeforeMs > nowMs) line.delayed.push(row)
      else line.ready.push(row)
      line.loadedPlace = row.place
    }
    // A full answer may have more behind it; an empty one has been read to its end, unless rows came meanwhile.
    if (rows.length === READY_MAX) line.isExhausted = false
    // Others may have come to wait while the table was read.
    if (rows.length > 0) ring(line)
  }

  async #untilSomethingIsDue(line: Line, signal: AbortSignal): Promise<void> {
    const nextMs = Math.min(...line.delayed.map(({ notBeforeMs }) => notBeforeMs))
    const stop = new AbortController()
    const ends = AbortSignal.any([signal, stop.signal])
    const waits: Promise<unknown>[] = [line.woken, aborted(ends)]
    if (Number.isFinite(nextMs))
      waits.push(this.#clock.sleep(Math.max(0, nextMs - this.#clock.now()), ends).catch(() => undefined))
    await Promise.race(waits)
    stop.abort()
  }

  #lease(line: Line, row: TaskRow): Lease {
    const end = async (rows: readonly TaskRow[]) => {
      await this.#writes.add(rows)
      line.active.delete(row.key)
    }
    return {
      queued: queuedOf(row),
      done: async (next) => {
        // The rows of the next tasks go with the end of this one: a crash between would lose them.
        const ended = this.#adding.then(async () => {
          const rows = this.#dropped.has(row.crawl) ? [] : await this.#newRows(row.crawl, next)
          await end([this.#changed({ ...row, state: 'done', error: '' }), ...rows])
          for (const connector of new Set(rows.map((one) => one.connector))) this.#announce(connector)
        })
        this.#adding = next.length === 0 ? this.#adding : ended.catch(() => undefined)
        await ended
      },
      retry: async (afterMs, error) => {
        const notBeforeMs = this.#clock.now() + afterMs
        const state = this.#dropped.has(row.crawl) ? 'dropped' : 'waiting'
        const later = this.#changed({ ...row, state, attempts: row.attempts + 1, notBeforeMs, error })
        await end([later])
        line.delayed.push(later)
        this.#announce(row.connector)
      },
      bury: (error) => end([this.#changed({ ...row, state: 'dead', attempts: row.attempts + 1, error })]),
    }
  }

  #changed(row: TaskRow): TaskRow {
    return { ...row, version: ++this.#version }
  }

  #line(connector: string): Line {
    let line = this.#lines.get(connector)
    if (line === undefined) {
      const { wake, woken } = alarm()
      line = {
        ready: [],
        delayed: [],
        active: new Map(),
        loadedPlace: 0,
        isExhausted: false,
        loading: undefined,
        wake,
        woken,
      }
      this.#lines.set(connector, line)
    }
    return line
  }

  #announce(connector: string): void {
    const line = this.#line(connector)
    line.isExhausted = false
    ring(line)
  }
}

function queuedOf({ key, crawl, connector, handler, params, attempts }: TaskRow): QueuedTask {
  return { key, crawl, attempts, task: { connector, handler, params: JSON.parse(params) as JsonObject } } // written by #newRows
}

/** Wakes all who wait for a task of the line. */
function ring(line: Line): void {
  line.wake()
  Object.assign(line, alarm())
}

function alarm(): { wake: () => void; woken: Promise<void> } {
  let wake = () => {}
  const woken = new Promise<void>((resolve) => {
    wake = resolve
  })
  return { wake, woken }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function closed(): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The queue is closing.', retry: { afterMs: 1_000 } })
}
