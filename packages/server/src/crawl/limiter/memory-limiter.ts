import { type Clock, systemClock } from './clock.js'
import { createLedgerLimiter, type LedgerLimiterOptions } from './ledger-limiter.js'
import type { Limiter } from './limiter.js'
import { limiterDefaults } from './limiter-defaults.js'
import { createMemoryLedger } from './memory-ledger.js'

export interface MemoryLimiterOptions extends Partial<Omit<LedgerLimiterOptions, 'ledger'>> {
  readonly clock?: Clock
  /**
   * Windows up to this long hold across a restart of this process as well: nothing is granted on them before the
   * process is one window old. 0 turns this off. In milliseconds.
   */
  readonly quietMsMax?: number
}

/** Limits the requests of this process. For several processes see `createRedisLimiter`. */
export function createMemoryLimiter(options: MemoryLimiterOptions = {}): Limiter {
  const settings = { clock: systemClock, ...limiterDefaults, ...options }
  const ledger = createMemoryLedger({ now: settings.clock.now, quietMsMax: settings.quietMsMax })
  return createLedgerLimiter({ ...settings, ledger })
}
