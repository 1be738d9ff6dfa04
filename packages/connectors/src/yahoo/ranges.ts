import type { KeptInterval } from '@barkeep/core'

interface Range {
  /** What Yahoo calls the interval, first in the question; its answers may use any of the names. */
  readonly names: readonly [string, ...string[]]
  /** Dates in one request; null where one brings all of them. */
  readonly daysPerRequest: number | null
  /** How many days before today the oldest bars are; null where all are kept. */
  readonly daysBack: number | null
}

/**
 * What Yahoo lets be asked, by interval. One day less than its own limits (8 days a request within 30 for minutes, 730 for
 * hours): a week in which clocks go back is an hour longer than its days, and a task may wait in a queue over midnight.
 */
export const ranges = {
  '1m': { names: ['1m'], daysPerRequest: 7, daysBack: 29 },
  '1h': { names: ['1h', '60m'], daysPerRequest: 365, daysBack: 729 },
  '1d': { names: ['1d'], daysPerRequest: null, daysBack: null },
} as const satisfies Record<KeptInterval, Range>
