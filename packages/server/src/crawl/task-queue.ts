import type { Task } from '@barkeep/core'

/** A task in the queue, for one crawl. */
export interface QueuedTask {
  readonly key: string
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
  /** Finished: `next` take its place in the same stroke. */
  done(next: readonly Task[]): Promise<void>
  /** To be tried again, `afterMs` from now. */
  retry(afterMs: number, error: string): Promise<void>
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
 * Tasks on their way, each once: a task that is waiting or done in its crawl is not added again. They survive a crash:
 * what was done stays done, what was being worked on is waiting again.
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
  /** Drops what waits of a crawl. */
  drop(crawl: number): Promise<void>
  close(): Promise<void>
}
