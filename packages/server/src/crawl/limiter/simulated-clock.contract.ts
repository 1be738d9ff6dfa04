import type { Clock } from './clock.js'

interface Timer {
  readonly atMs: number
  fire(): void
}

/** A clock for tests that jumps from one timer to the next as soon as nothing else is left to do. */
export class SimulatedClock implements Clock {
  /** What was slept, in order, in milliseconds. */
  readonly slept: number[] = []
  #nowMs: number
  #timers: Timer[] = []
  /** Called after every jump, before any timer fires. */
  onJump: (nowMs: number) => Promise<void> = async () => {}
  /** False while work goes on outside this process. */
  isIdle: () => boolean = () => true

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now = (): number => this.#nowMs

  sleep = (delayMs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      this.slept.push(delayMs)
      const onAbort = () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
        reject(signal?.reason)
      }
      const timer: Timer = {
        atMs: this.#nowMs + delayMs,
        fire() {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      const index = this.#timers.findLastIndex((other) => other.atMs <= timer.atMs)
      this.#timers.splice(index + 1, 0, timer)
    })

  /** Lets time pass until `work` has ended. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let ended = false
    const end = () => {
      ended = true
    }
    work.then(end, end)
    for (;;) {
      await this.settle()
      if (ended) return work
      const next = this.#timers[0]
      if (next === undefined) throw new Error('The work waits, and no timer will wake it.')
      await this.#jump(next.atMs)
    }
  }

  /** Lets so much time pass, whatever happens in it. */
  async pass(delayMs: number): Promise<void> {
    await this.run(this.sleep(delayMs))
  }

  /** Waits until everything that can go on without time passing has done so. */
  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!this.isIdle())
  }

  async #jump(atMs: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, atMs)
    await this.onJump(this.#nowMs)
    const due = this.#timers.filter((timer) => timer.atMs <= this.#nowMs)
    this.#timers = this.#timers.slice(due.length)
    for (const timer of due) timer.fire()
  }
}
