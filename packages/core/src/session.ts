import type { Exchange, SessionHours } from './exchange.js'
import { dateOfWallClock, instantOfWallClock, wallClockOfDate, wallClockOfInstant } from './zone.js'

const MS_PER_MINUTE = 60_000
const MINUTES_PER_DAY = 1_440

/** The regular session of one date: instants in UTC, milliseconds. */
export interface Session {
  readonly date: string
  readonly openMs: number
  readonly closeMs: number
}

/** Minutes since midnight of `HH:MM`. */
export function minuteOfDay(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
}

/** The hours that hold on a date. */
export function hoursOn(exchange: Exchange, date: string): SessionHours {
  const hours = exchange.sessions.findLast(({ since }) => since <= date) ?? exchange.sessions[0]
  if (hours === undefined) throw new RangeError(`Exchange ${exchange.code} has no session hours.`)
  return hours
}

/** The regular session that `date` would have; whether it has one is for the calendar to say. */
export function sessionOf(exchange: Exchange, date: string): Session {
  const midnight = wallClockOfDate(date)
  if (midnight === undefined) throw new RangeError(`'${date}' is not a date.`)
  const { open, close } = hoursOn(exchange, date)
  return {
    date,
    openMs: instantOfWallClock(exchange.timeZone, midnight + minuteOfDay(open) * MS_PER_MINUTE),
    closeMs: instantOfWallClock(exchange.timeZone, midnight + minuteOfDay(close) * MS_PER_MINUTE),
  }
}

/**
 * The night that belongs to the session of `date`: it begins on the evening of the session before, which only a calendar
 * knows, since a night before a holiday belongs to the day after it. Undefined where the exchange has none.
 * Throws RangeError where `before` is no date, or none before `date`.
 */
export function nightSessionOf(exchange: Exchange, date: string, before: string): Session | undefined {
  const evening = wallClockOfDate(before)
  if (evening === undefined || before >= date) throw new RangeError(`'${before}' is no date before ${date}.`)
  const { night } = hoursOn(exchange, date)
  if (night === undefined) return undefined
  const at = (clock: string, days: number): number =>
    instantOfWallClock(exchange.timeZone, evening + (days * MINUTES_PER_DAY + minuteOfDay(clock)) * MS_PER_MINUTE)
  return { date, openMs: at(night.open, 0), closeMs: at(night.close, 1) }
}

/** The date that the exchange's calendar shows at an instant; of a night, those of its evening and its morning. */
export function sessionDateOf(exchange: Exchange, instantMs: number): string {
  return dateOfWallClock(wallClockOfInstant(exchange.timeZone, instantMs))
}
