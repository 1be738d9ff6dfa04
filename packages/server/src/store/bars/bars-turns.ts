import type { KeptInterval } from '@barkeep/core'

/** Which bars a write touches, by their starts: seconds since the epoch, both inclusive. */
export interface BarsReach {
  readonly interval: KeptInterval
  readonly firstSeconds: number
  readonly lastSeconds: number
}

/**
 * Writes that touch the same bars, one after the other, in the order in which they came; others run beside them, so that
 * a live bar does not wait for the history that is being compared.
 */
export class BarsTurns {
  readonly #ahead = new Map<Promise<unknown>, BarsReach>()

  take<Result>(reach: BarsReach, work: () => Promise<Result>): Promise<Result> {
    const before = [...this.#ahead].filter(([, other]) => meets(reach, other)).map(([done]) => done)
    const working = Promise.all(before).then(work)
    // Whoever waits for it does so for its end alone.
    const done: Promise<unknown> = working.catch(() => undefined).then(() => this.#ahead.delete(done))
    this.#ahead.set(done, reach)
    return working
  }
}

/** Whether two writes touch bars of the same time. */
export function meets(one: BarsReach, other: BarsReach): boolean {
  return (
    one.interval === other.interval && one.firstSeconds <= other.lastSeconds && other.firstSeconds <= one.lastSeconds
  )
}
