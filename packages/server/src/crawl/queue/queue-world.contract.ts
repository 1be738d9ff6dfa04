import type { Task } from '@barkeep/core'
import { afterEach, beforeEach } from 'vitest'
import type { Lease, TaskQueue } from './task-queue.js'

/** A queue on something that outlives it. */
export interface TaskQueueRig {
  readonly queue: TaskQueue
  /** The time by which tasks are due, in milliseconds. */
  now(): number
  /** Lets the process of `queue` end without a word, and gives the queue of the next one. */
  crash(): Promise<TaskQueue>
  /** Takes away everything. */
  close(): Promise<void>
}

/** A queue under test, new for each test, and what tests do with it. */
export interface QueueWorld {
  /** That of the process which lives. */
  readonly queue: TaskQueue
  /** The time by which tasks are due, in milliseconds. */
  now(): number
  crash(): Promise<void>
  take(connector?: string): Promise<Lease>
  /** Takes and ends tasks until one that stands behind all others comes; gives the numbers of the pages. */
  drain(connector?: string): Promise<unknown[]>
}

/** `open` gives a new, empty queue. */
export function queueWorld(open: () => Promise<TaskQueueRig>): QueueWorld {
  let rig: TaskQueueRig
  let queue: TaskQueue
  let drains = 0

  beforeEach(async () => {
    rig = await open()
    queue = rig.queue
  })
  afterEach(() => rig.close())

  const take = (connector = 'twse') => queue.take(connector, AbortSignal.timeout(240_000))
  return {
    get queue() {
      return queue
    },
    now: () => rig.now(),
    async crash() {
      queue = await rig.crash()
    },
    take,
    async drain(connector = 'twse') {
      const last = `last ${++drains}`
      await queue.add(999, [page(last, connector)])
      const taken: unknown[] = []
      for (;;) {
        const lease = await take(connector)
        await lease.done([])
        if (lease.queued.task.params.page === last) return taken
        taken.push(lease.queued.task.params.page)
      }
    },
  }
}

/** The numbers of the pages of tasks. */
export function pages(...leases: readonly Lease[]): unknown[] {
  return leases.map(({ queued }) => queued.task.params.page)
}

export function task(params: Task['params'], connector = 'twse'): Task {
  return { connector, handler: 'dailyBars', params }
}

export function page(number: number | string, connector = 'twse'): Task {
  return task({ page: number }, connector)
}
