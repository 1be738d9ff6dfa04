import { type Answer, jsonAnswer } from '../http/answer.js'
import { addDays, instantOf, MS_PER_DAY, MS_PER_MINUTE, taipeiDate } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'

/** What a chart is asked for. */
export interface ChartWindow {
  /** May be coarser than what was asked. */
  readonly interval: ChartInterval
  /** Half-open, ms since the epoch. */
  readonly startMs: number
  readonly endMs: number
  /** As asked; empty where periods were given. */
  readonly range: string
}

interface IntervalRule {
  /** Length in minutes; undefined for days and longer. */
  readonly minutes?: number
  /** How much one request may span, and how far back it may begin, in days. */
  readonly spanDaysMax?: number
  readonly historyDays?: number
}

const rules = {
  '1m': { minutes: 1, spanDaysMax: 8, historyDays: 30 },
  '2m': { minutes: 2, historyDays: 60 },
  '5m': { minutes: 5, historyDays: 60 },
  '15m': { minutes: 15, historyDays: 60 },
  '30m': { minutes: 30, historyDays: 60 },
  '60m': { minutes: 60, historyDays: 730 },
  '90m': { minutes: 90, historyDays: 60 },
  '1h': { minutes: 60, historyDays: 730 },
  '4h': { minutes: 240, historyDays: 730 },
  '1d': {},
  '5d': {},
  '1wk': {},
  '1mo': {},
  '3mo': {},
} as const satisfies Record<string, IntervalRule>
export type ChartInterval = keyof typeof rules

export const validRanges = ['1d', '5d', '1mo', '3mo', '6mo', '1y', '2y', '5y', '10y', 'ytd', 'max'] as const

/** Minutes of an interval within a day; undefined for days and longer. */
export function minutesOf(interval: ChartInterval): number | undefined {
  return (rules[interval] as IntervalRule).minutes
}

/** The window that a query means, or the error that Yahoo answers it with. */
export function chartWindow(query: URLSearchParams, truth: Truth, nowMs: number): ChartWindow | Answer {
  const interval = query.get('interval') ?? '1d'
  if (!isInterval(interval)) {
    const known = Object.keys(rules).join(', ')
    return chartError(422, `Invalid input - interval=${interval} is not supported. Valid intervals: [${known}]`)
  }
  const range = query.get('period1') === null ? (query.get('range') ?? '1d') : ''
  const span = range === '' ? periodsOf(query, nowMs) : rangeOf(range, truth, nowMs)
  if (span === undefined) {
    return chartError(422, `Invalid input - range=${range} is not supported. Valid ranges: [${validRanges.join(', ')}]`)
  }
  const { startMs, endMs } = span
  const [start, end] = [Math.floor(startMs / 1_000), Math.floor(endMs / 1_000)]
  if (!(startMs < endMs)) {
    return chartError(
      400,
      `Invalid input - start date cannot be after end date. startDate = ${start}, endDate = ${end}`,
    )
  }
  // Without a word, the whole history comes in coarse bars only.
  if (range === 'max') return { interval: '1mo', startMs, endMs, range }
  const { spanDaysMax, historyDays }: IntervalRule = rules[interval]
  const refused = `${interval} data not available for startTime=${start} and endTime=${end}.`
  if (historyDays !== undefined && startMs < nowMs - historyDays * MS_PER_DAY - MS_PER_MINUTE) {
    return chartError(422, `${refused} The requested range must be within the last ${historyDays} days.`)
  }
  if (spanDaysMax !== undefined && endMs - startMs > spanDaysMax * MS_PER_DAY) {
    const allowed = `Only ${spanDaysMax} days worth of ${interval} granularity data are allowed to be fetched per request.`
    return chartError(422, `${refused} ${allowed}`)
  }
  return { interval, startMs, endMs, range }
}

const codes = { 400: 'Bad Request', 404: 'Not Found', 422: 'Unprocessable Entity' } as const

export function chartError(status: keyof typeof codes, description: string): Answer {
  return jsonAnswer({ chart: { result: null, error: { code: codes[status], description } } }, { status })
}

export function isAnswer(value: ChartWindow | Answer): value is Answer {
  return 'status' in value
}

function isInterval(text: string): text is ChartInterval {
  return Object.hasOwn(rules, text)
}

/** Years 1900 and 2100 in seconds: beyond them there is no market, and dates lose their four digits. */
const EPOCH_MIN = -2_208_988_800
const EPOCH_MAX = 4_102_444_800

function periodsOf(query: URLSearchParams, nowMs: number): { startMs: number; endMs: number } {
  const seconds = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? Number.NaN)
    return Number.isFinite(value) ? Math.max(EPOCH_MIN, Math.min(value, EPOCH_MAX)) * 1_000 : otherwise
  }
  return { startMs: seconds('period1', 0), endMs: seconds('period2', nowMs) }
}

/** Days are sessions, counted back from the last that has begun; months and years are those of the calendar. */
function rangeOf(range: string, truth: Truth, nowMs: number): { startMs: number; endMs: number } | undefined {
  const today = taipeiDate(nowMs)
  const until = (startDate: string) => ({ startMs: instantOf(startDate, 0), endMs: nowMs + 1 })
  if (range === 'max') return until('1970-01-01')
  if (range === 'ytd') return until(`${today.slice(0, 4)}-01-01`)
  const match = /^(\d{1,3})(d|mo|y)$/.exec(range)
  const amount = Number(match?.[1] ?? 0)
  if (match === null || amount === 0) return undefined
  if (match[2] === 'd') {
    const sessions = truth.calendar.sessions(addDays(today, -2 * amount - 30), addDays(today, 1))
    const begun = sessions.filter((date) => instantOf(date, 9 * 60) <= nowMs)
    return until(begun.at(-amount) ?? begun[0] ?? today)
  }
  const date = new Date(`${today}T00:00:00Z`)
  date.setUTCMonth(date.getUTCMonth() - amount * (match[2] === 'y' ? 12 : 1))
  return until(date.toISOString().slice(0, 10))
}
