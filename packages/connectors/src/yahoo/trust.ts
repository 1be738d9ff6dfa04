import { type Exchange, sessionDateOf } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import type { Trust } from '../spoken-for.js'

/**
 * What a page that came at `nowMs` can be believed about. The day of the exchange that is not over at midnight is never
 * settled: Yahoo is some 20 minutes late, and tells today by the ticker and not by the exchange's own figures. A day that
 * is missing counts as silent one day later.
 */
export function trustAt(exchange: Exchange, nowMs: number): Trust {
  const settledThrough = addDays(sessionDateOf(exchange, nowMs), -1)
  return { settledThrough, silentThrough: addDays(settledThrough, -1) }
}
