import type { Task } from '@barkeep/core'

/** A task in the queue. */
export interface QueuedTask {
  readonly key: string
  /** The first of those that want it. */
  readonly crawl: number
  readonly task: Task
  /** Attempts that failed so far. */
  readonly attempts: number
}

/** A task that failed for good, for a person to look at. */
export interface DeadTask extends QueuedTask {
  readonly error: string
}

/** A task that is being worked on; one of its methods ends that, and resolves when it would survive a crash. */
export interface Lease {
  readonly queued: QueuedTask
  /** Finished; `next` are added in the same stroke, behind all that wait already. */
  done(next: readonly Task[]): Promise<void>
  /** Failed: to be tried again, `afterMs` from now. */
  retry(afterMs: number, error: string): Promise<void>
  /** Could not be tried, for a reason that is not its own: again `afterMs` from now, and no attempt. */
  postpone(afterMs: number, error: string): Promise<void>
  /** Cannot succeed: into the dead-letter list. */
  bury(error: string): Promise<void>
}

export interface TaskCounts {
  readonly waiting: number
  readonly active: number
  readonly done: number
  readonly dead: number
}

/**
 * Tasks on their way, each once, however many crawls want it: all of them count it, its end is its end in all of them,
 * and each gets its next tasks. A task that waits or ended in a crawl is not added to it again. Tasks survive a crash: what
 * was done stays done, what was being worked on is waiting again.
 */
export interface TaskQueue {
  add(crawl: number, tasks: Iterable<Task>): Promise<void>
  /** The next task of a connector that is due; waits for one. Rejects with the signal's reason. */
  take(connector: string, signal: AbortSignal): Promise<Lease>
  counts(crawl: number): Promise<TaskCounts>
  /** Tasks that failed for good, newest first. */
  dead(connector: string | undefined, limit: number): Promise<DeadTask[]>
  /** Puts dead tasks back, all of a connector; gives how many. */
  revive(connector: string): Promise<number>
  /** A crawl wants nothing more of what waits or is being worked on; what another wants stays. */
  drop(crawl: number): Promise<void>
  close(): Promise<void>
}
