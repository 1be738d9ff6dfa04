import {
  dateOfWallClock,
  type Exchange,
  hoursOn,
  type KeptInterval,
  minuteOfDay,
  sessionOf,
  wallClockOfDate,
} from '@barkeep/core'
import { holidayAnswers, lastMinutes, sessionIntervals, silentDates } from '../../store/bars/calendar-sql.js'
import type { Contents } from '../../store/contents.js'
import type { BoundSql } from '../../store/gaps/coverage-sql.js'
import { type HolidaySchedule, readHolidaySchedule } from './gaps-holidays.js'

/**
 * What is known of one date at an exchange:
 * `session`, there are bars of it; `closed`; `missing`, it should have had a session and is over, but there is no bar of
 * any instrument; `expected`, it should have one and is not over, or its bars may still be on their way.
 */
export type DayState = 'session' | 'closed' | 'missing' | 'expected'

/**
 * Who says so: `bars`; `upstream`, asked for the day of the whole exchange, it answered that it was closed; `schedule`;
 * `silence`, several instruments were asked for and none had a bar; `weekday`, the rule that Monday to Friday are open.
 */
export type DaySource = 'bars' | 'upstream' | 'schedule' | 'silence' | 'weekday'

export interface MarketDay {
  readonly date: string
  readonly state: DayState
  readonly toldBy: DaySource
  /** Minutes since midnight at the exchange; of a half day the close that the schedule tells. */
  readonly openMinute: number
  readonly closeMinute: number
  /** Intervals of which any instrument has a bar. */
  readonly intervals: readonly KeptInterval[]
}

export interface CalendarOptions {
  /** Session dates, half-open; from the first bar, and to today, where absent. */
  readonly start?: string | undefined
  readonly end?: string | undefined
  readonly nowMs: number
  /** How long after its close bars of a session may still be on their way. */
  readonly settleMs: number
}

/** Instruments that must have been asked for a date before their silence closes it. */
const QUORUM = 5
const EARLIEST = '1970-01-01'

interface Asks {
  rows<Row>(sql: string, params?: BoundSql['params']): Promise<Row[]>
}

/** The dates of a window, ascending: bars decide; where there are none, upstreams, then the schedule, then the weekday. */
export async function marketCalendar(
  store: Asks,
  { catalog, datasets }: Pick<Contents, 'catalog' | 'datasets'>,
  exchange: Exchange,
  { start, end, nowMs, settleMs }: CalendarOptions,
): Promise<MarketDay[]> {
  const ids = catalog.idsOf(exchange.code)
  const until = end ?? dateAfter(dateOfWallClock(nowMs + 86_400_000))
  const ask = <Row>({ sql, params }: BoundSql) => store.rows<Row>(sql, params)
  const [sessions, holidays, schedule] = await Promise.all([
    ask<{ date: string; intervals: KeptInterval[] }>(sessionIntervals(exchange, ids, start ?? EARLIEST, until)),
    ask<{ start: string; end: string }>(holidayAnswers(exchange)),
    readHolidaySchedule(store, datasets, exchange),
  ])
  const from = start ?? sessions[0]?.date
  if (from === undefined) return []
  const held = new Map(sessions.map(({ date, intervals }) => [date, intervals]))
  const closedByUpstream = new Set(holidays.flatMap((range) => [...datesBetween(range.start, range.end)]))
  const days = [...datesBetween(from, until)].map((date): MarketDay => {
    const { open, close } = hoursOn(exchange, date)
    const early = schedule.closes.get(date)
    return {
      date,
      ...stateOf(date, held.has(date), closedByUpstream, schedule),
      openMinute: minuteOfDay(open),
      closeMinute: Math.min(minuteOfDay(close), early ?? Number.POSITIVE_INFINITY),
      intervals: held.get(date) ?? [],
    }
  })
  const inDoubt = days.filter(({ state }) => state === 'missing').map(({ date }) => date)
  const quorum = Math.max(1, Math.min(QUORUM, ids.length))
  const silent = inDoubt.length === 0 ? [] : await ask<{ date: string }>(silentDates(exchange, inDoubt, quorum))
  const closedBySilence = new Set(silent.map(({ date }) => date))
  return days.map((day) => {
    if (day.state !== 'missing') return day
    if (closedBySilence.has(day.date)) return { ...day, state: 'closed', toldBy: 'silence' }
    return isOver(exchange, day.date, nowMs, settleMs) ? day : { ...day, state: 'expected' }
  })
}

/** Whether all bars of a session should have come. */
export function isOver(exchange: Exchange, date: string, nowMs: number, settleMs: number): boolean {
  return sessionOf(exchange, date).closeMs + settleMs <= nowMs
}

/** Minutes since midnight at which the last minute bar of each session ends, of any instrument, by date. */
export async function lastMinuteEnds(
  store: Asks,
  { catalog }: Pick<Contents, 'catalog'>,
  exchange: Exchange,
  start: string,
  end: string,
): Promise<Map<string, number>> {
  const { sql, params } = lastMinutes(exchange, catalog.idsOf(exchange.code), start, end)
  const rows = await store.rows<{ date: string; minute: number }>(sql, params)
  return new Map(rows.map(({ date, minute }) => [date, minute + 1]))
}

function stateOf(
  date: string,
  hasBars: boolean,
  closedByUpstream: ReadonlySet<string>,
  { open, years }: HolidaySchedule,
): Pick<MarketDay, 'state' | 'toldBy'> {
  if (hasBars) return { state: 'session', toldBy: 'bars' }
  if (closedByUpstream.has(date)) return { state: 'closed', toldBy: 'upstream' }
  const scheduled = open.get(date)
  if (scheduled !== undefined) return { state: scheduled ? 'missing' : 'closed', toldBy: 'schedule' }
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
  if (weekday === 0 || weekday === 6) return { state: 'closed', toldBy: 'weekday' }
  return { state: 'missing', toldBy: years.has(date.slice(0, 4)) ? 'schedule' : 'weekday' }
}

export function* datesBetween(start: string, end: string): Generator<string> {
  for (let date = start; date < end; date = dateAfter(date)) yield date
}

export function dateAfter(date: string): string {
  const wallMs = wallClockOfDate(date)
  if (wallMs === undefined) throw new RangeError(`'${date}' is not a date.`)
  return dateOfWallClock(wallMs + 86_400_000)
}
