import { dateOfWallClock, wallClockOfDate } from '@barkeep/core'

const MS_PER_DAY = 86_400_000

export interface SessionDatesOptions {
  /** `YYYY-MM-DD`; the last session date, or where that is no session the one before. */
  readonly until: string
  /** How far back to go; fractions are allowed. */
  readonly years: number
}

/** What the exchange's holiday schedule lists, as `MM-DD` of every year. The typhoon is not in it. */
export const simulatedHolidays: Readonly<Record<string, string>> = {
  '01-01': 'Founding Day',
  '02-28': 'Peace Memorial Day',
  '04-04': "Children's Day",
  '04-05': 'Tomb Sweeping Day',
  '05-01': 'Labour Day',
  '10-10': 'National Day',
}

/**
 * Session dates `YYYY-MM-DD`, ascending: weekdays less simulatedHolidays and one typhoon day.
 * Throws RangeError where `until` is no date or the stretch is too short to hold a typhoon (three weekdays).
 */
export function simulatedSessionDates(options: SessionDatesOptions): string[] {
  const scheduled = scheduledDates(options)
  const typhoon = typhoonAmong(scheduled)
  return scheduled.filter((date) => date !== typhoon)
}

/** The weekday, `YYYY-MM-DD`, on which a typhoon closed the exchange although its schedule lists a session. */
export function typhoonDate(options: SessionDatesOptions): string {
  return typhoonAmong(scheduledDates(options))
}

/**
 * The first Wednesday from 20 September on, so a later `until` leaves it where it was;
 * in a stretch that has none before its last date, the date in the middle.
 */
function typhoonAmong(scheduled: readonly string[]): string {
  const inSeason = scheduled.slice(1, -1).find((date) => {
    const monthDay = date.slice(5)
    return monthDay >= '09-20' && monthDay <= '09-30' && new Date(date).getUTCDay() === 3
  })
  const typhoon = inSeason ?? scheduled[Math.floor(scheduled.length / 2)]
  if (typhoon === undefined || scheduled.length < 3) {
    throw new RangeError('A simulated market needs at least three weekdays. Raise `years`.')
  }
  return typhoon
}

function scheduledDates({ until, years }: SessionDatesOptions): string[] {
  const lastMs = wallClockOfDate(until)
  if (lastMs === undefined) throw new RangeError(`until: '${until}' is not a date such as 2026-11-20.`)
  const dates: string[] = []
  for (let days = Math.round(years * 365.25) - 1; days >= 0; days--) {
    const wallMs = lastMs - days * MS_PER_DAY
    const weekday = new Date(wallMs).getUTCDay()
    const date = dateOfWallClock(wallMs)
    if (weekday !== 0 && weekday !== 6 && simulatedHolidays[date.slice(5)] === undefined) dates.push(date)
  }
  return dates
}
