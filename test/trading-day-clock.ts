import type { ServerClock } from '@barkeep/server'
import { SimulatedClock } from '../packages/server/src/crawl/limiter/simulated-clock.contract.js'

/** The time of a server and of its upstreams, which passes as the test says. */
export class DayClock implements ServerClock {
  readonly #clock: SimulatedClock
  readonly now: () => number
  readonly sleep: ServerClock['sleep']
  readonly steady: ServerClock['steady']

  constructor(startMs: number) {
    this.#clock = new SimulatedClock(startMs)
    this.now = this.#clock.now
    this.sleep = this.#clock.sleep
    this.steady = this.#clock
  }

  after(delayMs: number, work: () => void): () => void {
    const cancelled = new AbortController()
    this.sleep(delayMs, cancelled.signal).then(work, () => undefined)
    return () => cancelled.abort()
  }

  /** Lets time pass until an instant. Work on sockets and in the store goes on beside it. */
  async until(atMs: number): Promise<void> {
    if (atMs > this.now()) await this.#clock.pass(atMs - this.now())
  }
}
