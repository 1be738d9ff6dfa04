/** The limiter's own limits; each is an option of `createMemoryLimiter` and `createRedisLimiter`. */
export const limiterDefaults = {
  /** A slot whose holder died comes back after so long; a living holder renews it. */
  leaseMs: 10_000,
  /** A slot held for longer is taken back; longer than any request may take. */
  holdMsMax: 600_000,
  /** Who waits asks again at least this often, which tells others that it lives. */
  heartbeatMs: 1_000,
  /** Who has not asked for so long is dead and loses its place in the queue. */
  waiterTtlMs: 5_000,
  /** How many may wait in one process. */
  waitersMax: 10_000,
  /** Windows up to this long hold through a loss of state; see docs/guide/limits.md. */
  quietMsMax: 60_000,
} as const
