import type { Task } from '@barkeep/core'
import type { TaskRow, TaskState } from '../../store/tasks/task-table.js'
import type { HeldTask } from './store-task-line.js'
import { taskKey } from './task-key.js'

/** How a task ended that was worked on; waiting when it is to be tried again. */
export interface TaskEnd {
  readonly state: 'done' | 'dead' | 'waiting'
  readonly attempts: number
  readonly notBeforeMs: number
  readonly error: string
  readonly next: readonly Task[]
}

/** One task as it will be. */
export interface DraftTask extends Pick<TaskRow, 'connector' | 'key' | 'handler' | 'params'> {
  place: number
  attempts: number
  notBeforeMs: number
  error: string
  /** By crawl. */
  readonly states: Map<number, TaskState>
  /** Crawls for which something changed. */
  readonly changed: Set<number>
}

/** Numbers that only grow. */
export interface TaskCounters {
  place: number
  version: number
}

/**
 * Changes of the queue that are written in one stroke: each sees what those before it have done. Nothing else may change
 * the tasks from the moment at which `rows` were read until `rows()` are written.
 */
export class TaskDraft {
  readonly #tasks = new Map<string, DraftTask>()
  readonly #counters: TaskCounters

  /** `rows` are all rows of the tasks that will be added, `held` of those that end. */
  constructor(rows: readonly TaskRow[], held: Iterable<HeldTask>, counters: TaskCounters) {
    this.#counters = counters
    for (const { connector, key, handler, params, place, attempts, notBeforeMs, crawl, state } of rows) {
      const task = this.#tasks.get(key) ?? blank({ connector, key, handler, params })
      // Only those that wait say where the task stands; they all say the same.
      if (state === 'waiting') Object.assign(task, { place, attempts, notBeforeMs })
      task.states.set(crawl, state)
      this.#tasks.set(key, task)
    }
    for (const { connector, key, handler, params, crawls, place, attempts, notBeforeMs } of held) {
      const task = this.#tasks.get(key) ?? blank({ connector, key, handler, params })
      Object.assign(task, { place, attempts, notBeforeMs })
      for (const crawl of crawls) task.states.set(crawl, 'waiting')
      this.#tasks.set(key, task)
    }
  }

  get tasks(): Iterable<DraftTask> {
    return this.#tasks.values()
  }

  /** Nothing happens where the crawl waits for the task already, or the task ended in it. */
  add(crawl: number, { connector, handler, params }: Task): void {
    const key = taskKey({ connector, handler, params })
    const task = this.#tasks.get(key) ?? blank({ connector, key, handler, params: JSON.stringify(params) })
    this.#tasks.set(key, task)
    const state = task.states.get(crawl)
    if (state !== undefined && state !== 'dropped') return
    if (crawlsIn(task, 'waiting').length === 0) {
      Object.assign(task, { place: ++this.#counters.place, attempts: 0, notBeforeMs: 0, error: '' })
      // A dead task that is wanted anew lives again for all who wanted it.
      setStates(task, crawlsIn(task, 'dead'), 'waiting')
    }
    setStates(task, [crawl], 'waiting')
  }

  /** Ends a task for all who want it, in the order in which they came to; each wants its next tasks, too. */
  end({ key }: HeldTask, { state, next, ...how }: TaskEnd): void {
    const task = this.#tasks.get(key)
    if (task === undefined) return
    const crawls = crawlsIn(task, 'waiting')
    Object.assign(task, how)
    setStates(task, crawls, state)
    for (const crawl of crawls) {
      for (const one of next) this.add(crawl, one)
    }
  }

  rows(): TaskRow[] {
    return [...this.#tasks.values()].flatMap(({ states, changed, ...task }) => {
      const version = ++this.#counters.version
      return [...changed].map((crawl) => ({ ...task, crawl, state: states.get(crawl) ?? 'dropped', version }))
    })
  }
}

export function crawlsIn({ states }: DraftTask, wanted: TaskState): number[] {
  return [...states].filter(([, state]) => state === wanted).map(([crawl]) => crawl)
}

function setStates({ states, changed }: DraftTask, crawls: readonly number[], state: TaskState): void {
  for (const crawl of crawls) {
    states.set(crawl, state)
    changed.add(crawl)
  }
}

function blank(named: Pick<TaskRow, 'connector' | 'key' | 'handler' | 'params'>): DraftTask {
  return { ...named, place: 0, attempts: 0, notBeforeMs: 0, error: '', states: new Map(), changed: new Set() }
}
