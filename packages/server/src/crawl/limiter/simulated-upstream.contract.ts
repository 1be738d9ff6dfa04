import type { Limit, Limiter, WaitMode } from './limiter.js'
import type { SimulatedClock } from './simulated-clock.contract.js'

/** How long one request takes to reach the upstream, and its answer to come back. */
export interface Latency {
  readonly thereMs: number
  readonly backMs: number
}

/** An upstream that notes when requests arrive, and under which limits. */
export class SimulatedUpstream {
  readonly #arrivals: { readonly atMs: number; readonly limits: readonly Limit[] }[] = []
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  get count(): number {
    return this.#arrivals.length
  }

  /** When requests under `limit` arrived, in milliseconds of the clock. */
  arrivalsMs(limit: Limit): number[] {
    return this.#arrivals.filter(({ limits }) => limits.includes(limit)).map(({ atMs }) => atMs)
  }

  /** One request as a crawler sends it. Resolves when its slot is released. */
  async request(
    limiter: Limiter,
    limits: readonly Limit[],
    latency: Latency,
    mode: WaitMode = 'reserve',
  ): Promise<void> {
    const slot = await limiter.acquire(limits, { mode })
    await this.#clock.sleep(latency.thereMs)
    this.#arrivals.push({ atMs: this.#clock.now(), limits })
    await this.#clock.sleep(latency.backMs)
    await slot.release()
  }
}

/** The most arrivals in any window `[t, t + perMs)`. */
export function mostInAnyWindow(arrivalsMs: readonly number[], perMs: number): number {
  const sorted = arrivalsMs.toSorted((a, b) => a - b)
  let most = 0
  let first = 0
  sorted.forEach((atMs, index) => {
    while (atMs - (sorted[first] ?? atMs) >= perMs) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}
