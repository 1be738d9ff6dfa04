import { instantOfWallClock, nightSessionOf, type Session, sessionOf, wallClockOfDate } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { taiwanExchange } from '../taiwan/sessions.js'

const MS_PER_MINUTE = 60_000
const NOON_SECONDS = 12 * 3_600
/** Contracts on currencies and others go on after the stock indices have closed; the longest until then. */
const LONGEST_DAY_CLOSE_MINUTE = 16 * 60 + 15

export interface TickPlace {
  /** The start of its minute bar, ms since the epoch. */
  readonly tsMs: number
  /** The date on which its night began; absent by day. */
  readonly evening?: string
}

/**
 * Where the matches in the file of a session date belong: to its day, or to a night that began on some evening before it.
 * `date` is the calendar's, `second` counts from midnight, both in Taipei; undefined outside of either.
 */
export function tickPlaces(sessionDate: string): (date: string, second: number) => TickPlace | undefined {
  const exchange = taiwanExchange('TAIFEX')
  const day = sessionOf(exchange, sessionDate)
  const dayEndMs = midnightOf(sessionDate) + LONGEST_DAY_CLOSE_MINUTE * MS_PER_MINUTE
  const midnights = new Map<string, number>()
  const nights = new Map<string, Session | undefined>()
  return (date, second) => {
    const midnightMs = midnights.get(date) ?? midnightOf(date)
    midnights.set(date, midnightMs)
    const atMs = midnightMs + second * 1_000
    if (date === sessionDate && atMs >= day.openMs && atMs <= dayEndMs) return { tsMs: minuteOf(atMs, day.closeMs) }
    const evening = second >= NOON_SECONDS ? date : addDays(date, -1)
    if (evening >= sessionDate) return undefined
    const night = nights.get(evening) ?? nightSessionOf(exchange, sessionDate, evening)
    nights.set(evening, night)
    if (night === undefined || atMs < night.openMs || atMs > night.closeMs) return undefined
    return { tsMs: minuteOf(atMs, night.closeMs), evening }
  }
}

/** What is printed at the very close belongs to the last bar. */
function minuteOf(atMs: number, closeMs: number): number {
  return Math.floor((atMs === closeMs ? atMs - 1 : atMs) / MS_PER_MINUTE) * MS_PER_MINUTE
}

function midnightOf(date: string): number {
  return instantOfWallClock('Asia/Taipei', wallClockOfDate(date) ?? Number.NaN)
}
