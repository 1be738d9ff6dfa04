import { dateOfWallClock, wallClockOfDate } from '@barkeep/core'

const MS_PER_DAY = 86_400_000

/** `YYYY-MM-DD` moved by whole days. Throws RangeError when the text is no date. */
export function addDays(date: string, days: number): string {
  const wallMs = wallClockOfDate(date)
  if (wallMs === undefined) throw new RangeError(`'${date}' is not a date.`)
  return dateOfWallClock(wallMs + days * MS_PER_DAY)
}

/** The dates of `[start, end)`, ascending. */
export function* datesIn(start: string, end: string): Generator<string> {
  for (let date = start; date < end; date = addDays(date, 1)) yield date
}

/** 0 for Sunday to 6 for Saturday. */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay()
}

/** The months `YYYY-MM` that have a date of `[start, end)`, ascending. */
export function* monthsIn(start: string, end: string): Generator<string> {
  for (let month = start.slice(0, 7); start < end && `${month}-01` < end; month = nextMonth(month)) yield month
}

/** The month after `YYYY-MM`. */
export function nextMonth(month: string): string {
  return addDays(`${month}-01`, 31).slice(0, 7)
}

export function earlier(date: string, other: string | null): string {
  return other !== null && other < date ? other : date
}

export function later(date: string, other: string | null): string {
  return other !== null && other > date ? other : date
}

/** The windows of at most `daysMax` dates that `[start, end)` falls into, ascending. */
export function* windowsIn(start: string, end: string, daysMax: number): Generator<{ start: string; end: string }> {
  for (let from = start; from < end; ) {
    const to = earlier(addDays(from, daysMax), end)
    yield { start: from, end: to }
    from = to
  }
}
