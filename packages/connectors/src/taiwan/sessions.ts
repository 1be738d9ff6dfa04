import {
  builtInExchanges,
  dateOfWallClock,
  type Exchange,
  formatInstant,
  sessionOf,
  wallClockOfInstant,
} from '@barkeep/core'
import { addDays } from '../date-steps.js'
import type { Trust } from '../spoken-for.js'

const timeZone = 'Asia/Taipei'

/**
 * From this hour on a session's daily figures are taken as settled, exchange time. Trading after hours and in blocks ends
 * before it; the hour at which the pages are complete is not published, so this is a cautious choice.
 */
const SETTLED_HOUR = 18

/** How much later a day that is missing from a page counts as a day without trade: the page may just have been late. */
const SILENCE_DAYS = 1

const MS_PER_HOUR = 3_600_000

/** TWSE or TPEX. Throws RangeError for another code. */
export function taiwanExchange(code: string): Exchange {
  const exchange = builtInExchanges.find((known) => known.code === code && known.timeZone === timeZone)
  if (exchange === undefined) throw new RangeError(`'${code}' is no exchange of Taiwan.`)
  return exchange
}

/** The instant in UTC at which the session of a date opens, as the wire writes it. */
export function openOf(exchange: Exchange, date: string): string {
  return formatInstant(sessionOf(exchange, date).openMs)
}

/** What a page that came at `nowMs` can be believed about. */
export function trustAt(nowMs: number): Trust {
  const settledThrough = dateOfWallClock(wallClockOfInstant(timeZone, nowMs) - SETTLED_HOUR * MS_PER_HOUR)
  return { settledThrough, silentThrough: addDays(settledThrough, -SILENCE_DAYS) }
}

/** The date that calendars in Taipei show. */
export function todayInTaipei(nowMs: number): string {
  return dateOfWallClock(wallClockOfInstant(timeZone, nowMs))
}

/** An instant from a date and a clock of Taiwan, which has had no summer time since 1980. */
export function instantInTaipei(date: string, clock: string): string | undefined {
  const ms = Date.parse(`${date}T${clock}+08:00`)
  return Number.isNaN(ms) ? undefined : formatInstant(ms)
}
