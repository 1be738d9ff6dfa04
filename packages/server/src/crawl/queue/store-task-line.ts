import type { Clock } from '../limiter/clock.js'

/** A task that was read from the table and has not ended. */
export interface HeldTask {
  readonly connector: string
  readonly key: string
  readonly handler: string
  /** JSON. */
  readonly params: string
  /** Who wants it; empty when all who did have dropped it. */
  crawls: ReadonlySet<number>
  /** Position in the queue. */
  place: number
  attempts: number
  /** Milliseconds since the epoch. */
  notBeforeMs: number
}

/** What is in memory of the tasks of one connector. */
export class StoreTaskLine {
  readonly active = new Set<HeldTask>()
  /** Everything in the table up to here was read. */
  readPlace = 0
  /** Whether nothing is behind it. */
  isExhausted = false
  /** Due, in order. */
  readonly #ready: HeldTask[] = []
  /** To be tried again later. */
  #delayed: HeldTask[] = []
  #bell = newBell()

  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  put(task: HeldTask, nowMs: number): void {
    if (task.notBeforeMs > nowMs) this.#delayed.push(task)
    else this.#ready.push(task)
  }

  /** Comes back in its time, before what was never tried. */
  delay(task: HeldTask): void {
    this.#delayed.push(task)
  }

  /** The next task that is due; undefined when none is. Tasks that nobody wants any more are told to `forget`. */
  next(nowMs: number, forget: (task: HeldTask) => void): HeldTask | undefined {
    for (;;) {
      const dueAt = this.#delayed.findIndex(({ notBeforeMs }) => notBeforeMs <= nowMs)
      const task = dueAt === -1 ? this.#ready.shift() : this.#delayed.splice(dueAt, 1)[0]
      if (task === undefined || task.crawls.size > 0) return task
      forget(task)
    }
  }

  /** Wakes all who wait for a task. */
  ring(): void {
    this.#bell.ring()
    this.#bell = newBell()
  }

  async untilSomethingIsDue(clock: Clock, signal: AbortSignal): Promise<void> {
    const nextMs = Math.min(...this.#delayed.map(({ notBeforeMs }) => notBeforeMs))
    const stop = new AbortController()
    const ends = AbortSignal.any([signal, stop.signal])
    const waits: Promise<unknown>[] = [this.#bell.rung, aborted(ends)]
    if (Number.isFinite(nextMs)) waits.push(clock.sleep(Math.max(0, nextMs - clock.now()), ends).catch(() => undefined))
    await Promise.race(waits)
    stop.abort()
  }
}

function newBell(): { ring: () => void; rung: Promise<void> } {
  let ring = () => {}
  const rung = new Promise<void>((resolve) => {
    ring = resolve
  })
  return { ring, rung }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
