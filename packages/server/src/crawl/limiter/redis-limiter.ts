import { type Clock, systemClock } from './clock.js'
import { createLedgerLimiter, type LedgerLimiterOptions } from './ledger-limiter.js'
import type { Limiter } from './limiter.js'
import { limiterDefaults } from './limiter-defaults.js'
import { createRedisLedger, type RedisLedgerOptions, type ScriptRunner } from './redis-ledger.js'

type Shared = Omit<LedgerLimiterOptions & RedisLedgerOptions, 'ledger' | 'redis'>

export interface RedisLimiterOptions extends Partial<Shared> {
  /**
   * A connection of ioredis; the limiter neither opens nor closes it. Its `maxRetriesPerRequest` must be a number, not
   * null as BullMQ wants it, or a step waits for ever while Redis is out of reach.
   */
  readonly redis: ScriptRunner
  readonly clock?: Clock
}

/**
 * Limits the requests of all processes that share a Redis and a `prefix`. They must agree on the other options, too.
 * What holds when Redis or a process fails: docs/guide/limits.md.
 */
export function createRedisLimiter(options: RedisLimiterOptions): Limiter {
  const settings = {
    clock: systemClock,
    prefix: '{barkeep}:limits:',
    patienceMs: 60_000,
    ...limiterDefaults,
    ...options,
  }
  return createLedgerLimiter({ ...settings, ledger: createRedisLedger(settings) })
}
