import { type Answer, jsonAnswer } from '../http/answer.js'
import { lastSession, minutesSoFar } from '../market/minutes-so-far.js'
import { addDays, isDate, MS_PER_MINUTE, taipeiClock, taipeiDate } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { matchesSoFar } from './matches.js'

const DAYS_MAX = 30
const SNAPSHOTS_MAX = 500
const NS_PER_MS = 1_000_000
const TAIPEI_OFFSET_MS = 8 * 3_600_000

export interface Question {
  readonly contract?: { readonly security_type?: string; readonly exchange?: string; readonly code?: string }
  readonly contracts?: readonly { readonly code?: string }[]
  readonly start?: string
  readonly end?: string
  readonly date?: string
}

export function refusal(code: number, message: string): Answer {
  return jsonAnswer({ code, message, details: null }, { status: code })
}

/** The clock on the wall, without a zone. */
export function wallOf(ms: number): string {
  return `${taipeiDate(ms)}T${taipeiClock(ms)}`
}

/** Labelled by their end; a silent minute carries the price before it on. */
export function kbars(
  truth: Truth,
  { contract, start = '', end = '' }: Question,
  nowMs: number,
  isOver: boolean,
): Answer {
  if (!isDate(start) || !isDate(end)) return refusal(400, 'Invalid date')
  if (addDays(start, DAYS_MAX) < end) return refusal(400, 'Kbars date range must not exceed 30 days')
  const told = isOver
    ? []
    : truth.calendar
        .sessions(start, addDays(end, 1))
        .flatMap((date) => minutesOf(truth, contract?.code ?? '', date, nowMs))
  const column = <Value>(read: (row: (typeof told)[number]) => Value) => told.map(read)
  return jsonAnswer({
    datetime: column(({ labelMs }) => wallOf(labelMs + MS_PER_MINUTE)),
    Open: column(({ open }) => open),
    High: column(({ high }) => high),
    Low: column(({ low }) => low),
    Close: column(({ close }) => close),
    Volume: column(({ lots }) => lots),
    Amount: column(({ turnover }) => turnover),
  })
}

function minutesOf(truth: Truth, symbol: string, date: string, nowMs: number) {
  const rows: {
    labelMs: number
    open: number
    high: number
    low: number
    close: number
    lots: number
    turnover: number
  }[] = []
  for (const { minute, lots } of minutesSoFar(truth, symbol, date, nowMs)) {
    const before = rows.at(-1)
    if (before !== undefined && before.labelMs + MS_PER_MINUTE < minute.tsMs) {
      const { close } = before
      const labelMs = before.labelMs + MS_PER_MINUTE
      rows.push({ labelMs, open: close, high: close, low: close, close, lots: 0, turnover: 0 })
    }
    const { open, high, low, close, turnover } = minute
    rows.push({ labelMs: minute.tsMs, open, high, low, close, lots, turnover })
  }
  return rows
}

export function ticks(truth: Truth, { contract, date = '' }: Question, nowMs: number, isOver: boolean): Answer {
  if (!isDate(date)) return refusal(400, 'Invalid date')
  const told = isOver ? [] : matchesSoFar(truth, contract?.code ?? '', date, nowMs).filter(({ isTrial }) => !isTrial)
  const column = <Value>(read: (row: (typeof told)[number]) => Value) => told.map(read)
  return jsonAnswer({
    // Nanoseconds of the clock on the wall, as if it were UTC.
    ts: column(({ atMs }) => (atMs + TAIPEI_OFFSET_MS) * NS_PER_MS),
    close: column(({ price }) => price),
    volume: column(({ lots }) => lots),
    bid_price: column(({ price }) => price),
    bid_volume: column(() => 1),
    ask_price: column(({ price }) => price),
    ask_volume: column(() => 1),
    tick_type: column((_row) => 1),
  })
}

export function snapshots(truth: Truth, { contracts = [] }: Question, nowMs: number): Answer {
  if (contracts.length > SNAPSHOTS_MAX) return refusal(400, 'Too many contracts')
  const date = lastSession(truth, nowMs)
  const rows = contracts.flatMap(({ code = '' }) => {
    const matches = matchesSoFar(truth, code, date, nowMs).filter(({ isTrial }) => !isTrial)
    const last = matches.at(-1)
    if (last === undefined) return []
    const prices = matches.map(({ price }) => price)
    return [
      {
        ts: (last.atMs + TAIPEI_OFFSET_MS) * NS_PER_MS,
        code,
        exchange: 'TSE',
        open: prices[0],
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: last.price,
        total_volume: last.totalLots,
        total_amount: matches.reduce((sum, { amount }) => sum + amount, 0),
        buy_price: last.price,
        sell_price: last.price,
      },
    ]
  })
  return jsonAnswer(rows)
}
