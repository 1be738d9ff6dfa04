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
  /**
   * What leaves bars of a night out of a question about sessions, ` AND …`: their calendar dates are not those of their
   * sessions, and may be none. Empty, and costs nothing, where the exchange rests at night.
   */
  andRegular(instant: string): string
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
  const dateOf = (instant: string) => `toDate(${instant}, ${zone})`
  const minuteOf = (instant: string) => `(toHour(${instant}, ${zone}) * 60 + toMinute(${instant}, ${zone}))`
  return {
    date: dateOf,
    minute: minuteOf,
    openMinute: (date) => byDate(date, 'open'),
    closeMinute: (date) => byDate(date, 'close'),
    openInstant(date) {
      // Midnight plus the minutes is off by an hour on a day whose night changes the clock: put that right.
      const midnight = `toDateTime(${date}, ${zone})`
      const guess = `(${midnight} + ${byDate(date, 'open')} * 60)`
      return `toTimeZone(${guess} + (timeZoneOffset(${midnight}) - timeZoneOffset(${guess})), 'UTC')`
    },
    andRegular(instant) {
      if (exchange.sessions.every(({ night }) => night === undefined)) return ''
      const [date, minute] = [dateOf(instant), minuteOf(instant)]
      return ` AND ${minute} >= ${byDate(date, 'open')} AND ${minute} < ${byDate(date, 'close')}`
    },
  }
}
