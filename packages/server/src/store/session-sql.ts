import { type Exchange, minuteOfDay } from '@barkeep/core'

/**
 * SQL for the clock of an exchange: what core's session.ts computes for one bar, for millions at once.
 * Codes, zones and hours come from validated exchange definitions, never from a request.
 */
export interface SessionSql {
  /** The session date of an instant, a Date32-free `Date`. */
  date(instant: string): string
  /** Minutes since midnight at the exchange. */
  minute(instant: string): string
  /** Minutes since midnight at which the session of a date opens, and closes. */
  openMinute(date: string): string
  closeMinute(date: string): string
  /** The instant at which the session of a date opens. */
  openInstant(date: string): string
}

export function sessionSql(exchange: Exchange): SessionSql {
  const zone = `'${exchange.timeZone}'`
  const byDate = (date: string, pick: 'open' | 'close') => {
    const [first, ...later] = exchange.sessions
    const fallback = String(minuteOfDay(first?.[pick] ?? '00:00'))
    if (later.length === 0) return fallback
    const branches = later
      .toReversed()
      .map((hours) => `${date} >= toDate('${hours.since}'), ${minuteOfDay(hours[pick])}`)
    return `multiIf(${branches.join(', ')}, ${fallback})`
  }
  return {
    date: (instant) => `toDate(${instant}, ${zone})`,
    minute: (instant) => `(toHour(${instant}, ${zone}) * 60 + toMinute(${instant}, ${zone}))`,
    openMinute: (date) => byDate(date, 'open'),
    closeMinute: (date) => byDate(date, 'close'),
    openInstant(date) {
      // Midnight plus the minutes is off by an hour on a day whose night changes the clock: put that right.
      const midnight = `toDateTime(${date}, ${zone})`
      const guess = `(${midnight} + ${byDate(date, 'open')} * 60)`
      return `toTimeZone(${guess} + (timeZoneOffset(${midnight}) - timeZoneOffset(${guess})), 'UTC')`
    },
  }
}
