import { invalidParameter } from './errors.js'
import { wallClockOfDate } from './zone.js'

/** A point on the time axis as a caller writes it: a session date (to be read at the exchange) or an instant. */
export type TimeBound =
  | { readonly kind: 'date'; readonly date: string }
  | { readonly kind: 'instant'; readonly ms: number }

const instantShape =
  /^(\d{4}-\d{2}-\d{2})[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/

/** Years that the store can hold in a UInt32 of seconds, with a margin. */
const YEAR_MIN = 1970
const YEAR_MAX = 2105

/**
 * Reads `2026-11-20` (a session date) or `2026-11-20T01:00:00Z` (an instant, with an offset).
 * Throws INVALID_PARAMETER for anything else: a time without an offset could mean two instants.
 */
export function parseTimeBound(text: string, parameter: string): TimeBound {
  const match = instantShape.exec(text)
  const date = match?.[1] ?? text
  if (wallClockOfDate(date) === undefined) {
    throw invalidParameter(
      parameter,
      text,
      `'${text.slice(0, 40)}' is neither a session date such as 2026-11-20 nor an instant such as 2026-11-20T01:00:00Z.`,
    )
  }
  const year = Number(date.slice(0, 4))
  if (year < YEAR_MIN || year > YEAR_MAX) {
    throw invalidParameter(parameter, text, `the year must lie between ${YEAR_MIN} and ${YEAR_MAX}.`)
  }
  if (match === null) return { kind: 'date', date }
  if (match[3] === undefined) {
    throw invalidParameter(parameter, text, `'${text}' has no offset. Add Z or an offset such as +08:00.`)
  }
  return { kind: 'instant', ms: Date.parse(text.replace(' ', 'T')) }
}

/** `2026-11-20T01:00:00Z`, without milliseconds where they are zero: how the wire writes instants. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
