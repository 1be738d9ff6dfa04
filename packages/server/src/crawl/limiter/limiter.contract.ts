import { arrivalsContract } from './arrivals.contract.js'
import { blockingContract } from './blocking.contract.js'
import type { LimiterContract } from './limiter-rig.contract.js'
import { severalLimitsContract } from './several-limits.contract.js'
import { waitingContract } from './waiting.contract.js'

/** What every limiter must do, wherever it counts. */
export function limiterContract(contract: LimiterContract): void {
  arrivalsContract(contract)
  severalLimitsContract(contract)
  waitingContract(contract)
  blockingContract(contract)
}
