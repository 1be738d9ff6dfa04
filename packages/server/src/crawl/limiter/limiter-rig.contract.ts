import type { LedgerLimiterOptions } from './ledger-limiter.js'
import type { Limit, Limiter } from './limiter.js'
import type { SimulatedClock } from './simulated-clock.contract.js'

/** One world with a clock of its own, in which nothing was granted yet and nothing is quiet any more. */
export interface LimiterRig {
  readonly clock: SimulatedClock
  /** A limiter as one more process has it; of a limiter in this process there is only one. */
  limiter(options?: Partial<Pick<LedgerLimiterOptions, 'waitersMax' | 'holdMsMax'>>): Limiter
}

export interface LimiterContract {
  readonly name: string
  openRig(): Promise<LimiterRig>
  /** How many random histories the law is tried with. */
  readonly histories: number
}

/** The figures that the mission gives. */
export const ninePerSecond: Limit = { key: 'api', requests: 9, perMs: 1_000 }
