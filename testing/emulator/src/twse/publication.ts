import { addDays, taipeiDate, taipeiMinute } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'

/** When the pages of a session are there, minutes since midnight in Taipei. The exchange's own hour is not known. */
export const PUBLISHED_MINUTE = 15 * 60

/** The last date of which the after-hours pages may tell. */
export function publishedThrough(nowMs: number): string {
  const today = taipeiDate(nowMs)
  return taipeiMinute(nowMs) >= PUBLISHED_MINUTE ? today : addDays(today, -1)
}

/** The last session of which they tell; undefined before the first. */
export function latestSession(truth: Truth, nowMs: number): string | undefined {
  const through = publishedThrough(nowMs)
  return truth.calendar.sessions(addDays(through, -30), addDays(through, 1)).at(-1)
}
