import { BarkeepError, type JsonObject, type Task } from '@barkeep/core'
import type { TaskRow, TaskTable } from '../../store/tasks/task-table.js'
import { GroupCommit } from '../group-commit.js'
import type { Clock } from '../limiter/clock.js'
import { crawlsIn, type TaskCounters, TaskDraft, type TaskEnd } from './store-task-draft.js'
import { type HeldTask, StoreTaskLine } from './store-task-line.js'
import { taskKey } from './task-key.js'
import type { DeadTask, Lease, QueuedTask, TaskCounts, TaskQueue } from './task-queue.js'

/** Rows of tasks of a connector that are read into memory at once; the others wait in the table. */
const READY_MAX = 500
/** Tasks that are added, and rows that are revived, in one stroke. */
const ADDED_MAX = 1_000
/** Changes that make one group. */
const GROUP_MAX = 500

/** The queue of one process, whose tasks survive it in the store. */
export async function createStoreTaskQueue(table: TaskTable, clock: Clock): Promise<TaskQueue> {
  return new StoreTaskQueue(table, clock, await table.last())
}

type Change =
  | { readonly kind: 'add'; readonly crawl: number; readonly tasks: readonly Task[] }
  | { readonly kind: 'end'; readonly held: HeldTask; readonly end: TaskEnd }

/**
 * Whatever changes tasks, or reads some into memory, does so alone, and changes that come meanwhile are the next group:
 * so two crawls that want the same page find each other, and memory says of the tasks in it what the table says.
 */
class StoreTaskQueue implements TaskQueue {
  readonly #table: TaskTable
  readonly #clock: Clock
  readonly #counters: TaskCounters
  readonly #changes: GroupCommit<Change>
  readonly #lines = new Map<string, StoreTaskLine>()
  /** By key. */
  readonly #held = new Map<string, HeldTask>()
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(table: TaskTable, clock: Clock, last: TaskCounters) {
    this.#table = table
    this.#clock = clock
    this.#counters = { ...last }
    this.#changes = new GroupCommit(GROUP_MAX, (changes) => this.#alone(() => this.#carryOut(changes)))
  }

  async add(crawl: number, tasks: Iterable<Task>): Promise<void> {
    let some: Task[] = []
    for (const task of tasks) {
      if (some.push(task) < ADDED_MAX) continue
      await this.#changes.add({ kind: 'add', crawl, tasks: some })
      some = []
    }
    if (some.length > 0) await this.#changes.add({ kind: 'add', crawl, tasks: some })
  }

  async take(connector: string, signal: AbortSignal): Promise<Lease> {
    const line = this.#line(connector)
    while (true) {
      signal.throwIfAborted()
      if (this.#isClosed) throw closed()
      const task = line.next(this.#clock.now(), ({ key }) => this.#held.delete(key))
      if (task !== undefined) {
        line.active.add(task)
        return this.#lease(task)
      }
      if (line.isExhausted) await line.untilSomethingIsDue(this.#clock, signal)
      else await this.#alone(() => this.#read(connector, line))
    }
  }

  async counts(crawl: number): Promise<TaskCounts> {
    const { waiting, done, dead } = await this.#table.counts(crawl)
    const active = [...this.#lines.values()]
      .flatMap((line) => [...line.active])
      .filter(({ crawls }) => crawls.has(crawl)).length
    // In the table what is being worked on is still waiting.
    return { waiting: Math.max(0, waiting - active), active, done, dead }
  }

  async dead(connector: string | undefined, limit: number): Promise<DeadTask[]> {
    const rows = await this.#table.dead(connector, limit)
    return rows.map(({ crawl, error, ...row }) => ({ ...queuedOf(row, crawl), error }))
  }

  async revive(connector: string): Promise<number> {
    let revived = 0
    while (true) {
      const some = await this.#alone(() => this.#reviveSome(connector))
      if (some === 0) return revived
      revived += some
    }
  }

  drop(crawl: number): Promise<void> {
    return this.#alone(async () => {
      await this.#table.drop(crawl, ++this.#counters.version)
      for (const task of this.#held.values()) task.crawls = without(task.crawls, crawl)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const line of this.#lines.values()) line.ring()
    await this.#changes.drain()
    await this.#turn
  }

  /** One after the other, in the order of the calls. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #carryOut(changes: readonly Change[]): Promise<void> {
    const added = changes.flatMap((change) => (change.kind === 'add' ? change.tasks : change.end.next))
    const rows = await this.#table.ofTasks(
      [...new Set(added.map(({ connector }) => connector))],
      [...new Set(added.map(taskKey))],
    )
    const ended = changes.flatMap((change) => (change.kind === 'end' ? change.held : []))
    const draft = new TaskDraft(rows, ended, this.#counters)
    for (const change of changes) {
      if (change.kind === 'end') draft.end(change.held, change.end)
      else for (const task of change.tasks) draft.add(change.crawl, task)
    }
    await this.#table.write(draft.rows())
    for (const task of draft.tasks) {
      const held = this.#held.get(task.key)
      if (held === undefined) continue
      const { place, attempts, notBeforeMs } = task
      Object.assign(held, { place, attempts, notBeforeMs, crawls: new Set(crawlsIn(task, 'waiting')) })
    }
    for (const change of changes) {
      if (change.kind === 'end') this.#release(change.held, change.end.state === 'waiting')
    }
    for (const connector of new Set([...draft.tasks].map((task) => task.connector))) this.#announce(connector)
  }

  /** What is not to be tried again, or is wanted anew, is read from the table where it waits. */
  #release(held: HeldTask, isTriedAgain: boolean): void {
    const line = this.#line(held.connector)
    line.active.delete(held)
    if (isTriedAgain && held.crawls.size > 0) line.delay(held)
    else this.#held.delete(held.key)
  }

  /** Reads tasks that wait behind those that were read before. */
  async #read(connector: string, line: StoreTaskLine): Promise<void> {
    // Another who waited for a task may have read some.
    if (line.isExhausted || line.hasReady) return
    const rows = await this.#table.waiting(connector, line.readPlace, READY_MAX)
    for (const row of rows) {
      const known = this.#held.get(row.key)
      if (known !== undefined) known.crawls = new Set([...known.crawls, row.crawl])
      else this.#hold(row)
    }
    line.readPlace = rows.at(-1)?.place ?? line.readPlace
    // A full answer may have more behind it.
    line.isExhausted = rows.length < READY_MAX
  }

  async #reviveSome(connector: string): Promise<number> {
    const places = new Map<string, number>()
    const rows = (await this.#table.someDead(connector, ADDED_MAX)).map((row): TaskRow => {
      const place = places.get(row.key) ?? ++this.#counters.place
      places.set(row.key, place)
      const version = ++this.#counters.version
      return { ...row, state: 'waiting', attempts: 0, notBeforeMs: 0, error: '', place, version }
    })
    await this.#table.write(rows)
    this.#announce(connector)
    return places.size
  }

  #hold({ connector, key, handler, params, crawl, place, attempts, notBeforeMs }: TaskRow): void {
    const held: HeldTask = { connector, key, handler, params, crawls: new Set([crawl]), place, attempts, notBeforeMs }
    this.#held.set(key, held)
    this.#line(connector).put(held, this.#clock.now())
  }

  #lease(held: HeldTask): Lease {
    const { attempts } = held
    const [crawl = 0] = held.crawls
    const end = (how: Omit<TaskEnd, 'next' | 'notBeforeMs'> & Partial<TaskEnd>) =>
      this.#changes.add({ kind: 'end', held, end: { next: [], notBeforeMs: 0, ...how } })
    const again = (failed: number, afterMs: number, error: string) =>
      end({ state: 'waiting', attempts: failed, notBeforeMs: this.#clock.now() + afterMs, error })
    return {
      queued: queuedOf(held, crawl),
      done: (next) => end({ state: 'done', attempts, error: '', next }),
      retry: (afterMs, error) => again(attempts + 1, afterMs, error),
      postpone: (afterMs, error) => again(attempts, afterMs, error),
      bury: (error) => end({ state: 'dead', attempts: attempts + 1, error }),
    }
  }

  #line(connector: string): StoreTaskLine {
    let line = this.#lines.get(connector)
    if (line === undefined) {
      line = new StoreTaskLine()
      this.#lines.set(connector, line)
    }
    return line
  }

  /** There may be something new in the table. */
  #announce(connector: string): void {
    const line = this.#line(connector)
    line.isExhausted = false
    line.ring()
  }
}

function queuedOf(
  { key, connector, handler, params, attempts }: Pick<TaskRow, 'key' | 'connector' | 'handler' | 'params' | 'attempts'>,
  crawl: number,
): QueuedTask {
  return { key, crawl, attempts, task: { connector, handler, params: JSON.parse(params) as JsonObject } } // written by TaskDraft
}

function without(crawls: ReadonlySet<number>, crawl: number): ReadonlySet<number> {
  return crawls.has(crawl) ? new Set([...crawls].filter((other) => other !== crawl)) : crawls
}

function closed(): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The queue is closing.', retry: { afterMs: 1_000 } })
}
