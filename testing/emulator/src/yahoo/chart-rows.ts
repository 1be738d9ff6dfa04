import { FIRST_DATE } from '../market/calendar.js'
import {
  addDays,
  instantOf,
  laterDate,
  MS_PER_DAY,
  MS_PER_MINUTE,
  OPEN_MINUTE,
  taipeiDate,
  weekdayOf,
} from '../market/taipei-time.js'
import { tapeOf } from '../market/ticker.js'
import type { Truth } from '../market/truth.js'
import { type ChartWindow, minutesOf } from './chart-window.js'
import { splitRatioAfter, type YahooBar, type YahooTruth } from './yahoo-truth.js'

/** One stamp of a chart; no bar is written as nulls. */
export interface ChartRow {
  readonly atSeconds: number
  readonly bar: YahooBar | undefined
  /** The stamp is there and so is the rest of the bar, but its close is null. */
  readonly closeMissing?: boolean
}

/** How late the market of Taiwan is shown. */
export const DELAY_MS = 20 * MS_PER_MINUTE
const SESSION_MINUTES_SHOWN = 265

interface RowsInput {
  readonly truth: Truth
  readonly yahoo: YahooTruth
  readonly symbol: string
  readonly window: ChartWindow
  readonly nowMs: number
}

/** The rows of a window, ascending, with what Yahoo adds on the day itself. */
export function chartRows(input: RowsInput): ChartRow[] {
  const { window, nowMs } = input
  const minutes = minutesOf(window.interval)
  const rows = minutes === undefined ? dayRows(input) : minuteRows(input, minutes)
  const asked = rows.filter(({ atSeconds }) => atSeconds * 1_000 >= window.startMs && atSeconds * 1_000 < window.endMs)
  // The last trade of today comes as a row of its own, off the grid, even where the window ends before the open.
  const todayMs = instantOf(taipeiDate(nowMs), 0)
  if (window.endMs <= todayMs || window.startMs > nowMs) return asked
  const last = lastTradeRow(input, rows)
  return last === undefined ? asked : [...asked, last]
}

/** The last trade of the session of today, or undefined where there is none yet. */
export function lastTradeMs(truth: Truth, symbol: string, nowMs: number): number | undefined {
  const atMs = tapeOf(truth, symbol, taipeiDate(nowMs), nowMs - DELAY_MS).lastAtMs
  // Yahoo stamps it a second late.
  return atMs === null ? undefined : atMs + 1_000
}

function lastTradeRow({ truth, symbol, nowMs }: RowsInput, rows: readonly ChartRow[]): ChartRow | undefined {
  const atMs = lastTradeMs(truth, symbol, nowMs)
  const bar = rows.findLast((row) => row.bar !== undefined)?.bar
  if (atMs === undefined || bar === undefined || taipeiDate(bar.tsMs) !== taipeiDate(nowMs)) return undefined
  return { atSeconds: Math.floor(atMs / 1_000), bar }
}

function minuteRows({ truth, yahoo, symbol, window, nowMs }: RowsInput, minutes: number): ChartRow[] {
  const dates = truth.calendar.sessions(taipeiDate(window.startMs), addDays(taipeiDate(window.endMs), 1))
  return dates.flatMap((date) => {
    if (truth.day(symbol, date) === undefined) return []
    const openMs = instantOf(date, OPEN_MINUTE)
    const bars = new Map(yahoo.bars(symbol, date, minutes).map((bar) => [bar.tsMs, bar]))
    const lastMs = Math.max(openMs + (SESSION_MINUTES_SHOWN - 1) * MS_PER_MINUTE, ...bars.keys())
    const rows: ChartRow[] = []
    for (let tsMs = openMs; tsMs <= lastMs; tsMs += minutes * MS_PER_MINUTE) {
      // A bar shows once it is over; one in the making would need trades that are still to come.
      if (tsMs + minutes * MS_PER_MINUTE > nowMs - DELAY_MS) break
      rows.push({ atSeconds: tsMs / 1_000, bar: bars.get(tsMs) })
    }
    return rows
  })
}

function dayRows(input: RowsInput): ChartRow[] {
  const { truth, yahoo, symbol, window, nowMs } = input
  const listed = truth.listing(symbol)?.listed ?? ''
  const start = startOfPeriod(taipeiDate(window.startMs), window.interval)
  const end = addDays(taipeiDate(Math.min(window.endMs, nowMs)), 1)
  const bars = new Map(yahoo.days(symbol, start, end).map((bar) => [taipeiDate(bar.tsMs), bar]))
  const today = taipeiDate(nowMs)
  const rows: ChartRow[] = []
  for (const date of weekdaysBetween(truth, laterDate(start, laterDate(listed, FIRST_DATE)), end)) {
    const atSeconds = instantOf(date, OPEN_MINUTE) / 1_000
    if (date < today) rows.push({ atSeconds, bar: bars.get(date) })
    else if (date === today) {
      const bar = barSoFar(input, date)
      if (bar !== undefined) rows.push({ atSeconds, bar, closeMissing: true })
    }
  }
  return window.interval === '1d' ? rows : periodRows(rows, window.interval)
}

/** Sessions, and typhoon days: Yahoo knows their schedule only and shows them empty. */
function weekdaysBetween(truth: Truth, start: string, end: string): string[] {
  const dates: string[] = []
  for (let date = start; date < end; date = addDays(date, 1)) {
    const closure = truth.calendar.closure(date)
    if (closure === undefined || closure === 'typhoon') dates.push(date)
  }
  return dates
}

/** The order book's bar of a session under way or just over; the exchange's own figure of the day counts more. */
export function barSoFar(
  { truth, symbol, nowMs }: Pick<RowsInput, 'truth' | 'symbol' | 'nowMs'>,
  date: string,
): YahooBar | undefined {
  const { open, high, low, last, volumeShares } = tapeOf(truth, symbol, date, nowMs - DELAY_MS)
  if (open === null || high === null || low === null || last === null) return undefined
  const ratio = splitRatioAfter(truth, symbol, date)
  return {
    tsMs: instantOf(date, OPEN_MINUTE),
    open: open / ratio,
    high: high / ratio,
    low: low / ratio,
    close: last / ratio,
    volumeShares: volumeShares * ratio,
  }
}

/** Weeks from Monday, months and quarters from their first day, stamped at midnight in Taipei. */
function periodRows(rows: readonly ChartRow[], interval: ChartWindow['interval']): ChartRow[] {
  const periods = new Map<string, YahooBar>()
  for (const { atSeconds, bar } of rows) {
    if (bar === undefined) continue
    const first = startOfPeriod(taipeiDate(atSeconds * 1_000), interval)
    const before = periods.get(first)
    const tsMs = instantOf(first, 0)
    periods.set(
      first,
      before === undefined
        ? { ...bar, tsMs }
        : {
            ...before,
            high: Math.max(before.high, bar.high),
            low: Math.min(before.low, bar.low),
            close: bar.close,
            volumeShares: before.volumeShares + bar.volumeShares,
          },
    )
  }
  return [...periods.values()].map((bar) => ({ atSeconds: bar.tsMs / 1_000, bar }))
}

function startOfPeriod(date: string, interval: ChartWindow['interval']): string {
  if (interval === '1mo') return `${date.slice(0, 7)}-01`
  if (interval === '3mo') {
    const month = Number(date.slice(5, 7))
    return `${date.slice(0, 4)}-${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`
  }
  if (interval !== '5d' && interval !== '1wk') return date
  return new Date(Date.parse(`${date}T00:00:00Z`) - ((weekdayOf(date) + 6) % 7) * MS_PER_DAY).toISOString().slice(0, 10)
}
