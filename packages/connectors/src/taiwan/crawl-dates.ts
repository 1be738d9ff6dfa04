import type { CrawlRequest } from '@barkeep/core'
import { addDays, datesIn, earlier, later, monthsIn, weekdayOf } from '../date-steps.js'
import { todayInTaipei } from './sessions.js'

/** Until this date Saturdays that made up for a holiday had sessions; the last was 2018-12-22. */
const SATURDAYS_UNTIL = '2019-01-01'

/** The date in Taipei on which a crawl is ordered. */
export function todayOf({ nowMs }: CrawlRequest): string {
  return todayInTaipei(nowMs)
}

/** The end of the request, or tomorrow where that is earlier: nobody has pages of the future. */
export function pastOnly(request: CrawlRequest): string {
  return earlier(request.end, addDays(todayOf(request), 1))
}

/**
 * The dates of a request, from `since` on, that can have a session: no Sundays, and Saturdays only as long as some had
 * one.
 */
export function* tradableDates(request: CrawlRequest, since: string): Generator<string> {
  for (const date of datesIn(later(request.start, since), pastOnly(request))) {
    const weekday = weekdayOf(date)
    if (weekday !== 0 && (weekday !== 6 || date < SATURDAYS_UNTIL)) yield date
  }
}

/** A month a page of each instrument of an exchange, from `since` on, as long as it was listed. */
export function* stockMonths(
  request: CrawlRequest,
  exchange: string,
  since: string,
): Generator<{ readonly instrument: string; readonly month: string }> {
  for (const { instrument, exchange: its, listed, delisted } of request.instruments) {
    if (its !== exchange) continue
    const start = later(later(request.start, listed), since)
    const end = earlier(pastOnly(request), delisted === null ? null : addDays(delisted, 1))
    for (const month of monthsIn(start, end)) yield { instrument, month }
  }
}
