import {
  type Bar,
  barFault,
  type Exchange,
  formatInstant,
  type PageBars,
  type Refusal,
  sessionOf,
  upstreamError,
  wallClockOfDate,
} from '@barkeep/core'
import { recordOf, textOf, type UnknownRecord } from '../read-json.js'

export interface History {
  readonly bars: PageBars['bars'][number][]
  readonly refused: Refusal[]
}

const columns = ['open', 'high', 'low', 'close', 'volume'] as const

/**
 * Daily bars of a history, by date in any order, between `start` and `end` (half-open). Its numbers are texts.
 * Throws UPSTREAM_CHANGED. Source: our notes on upstreams, 7.
 */
export function parseHistory(
  answer: UnknownRecord,
  options: { readonly instrument: string; readonly exchange: Exchange; readonly start: string; readonly end: string },
): History {
  const { instrument, exchange, start, end } = options
  const history = recordOf(answer.history, "'history' of World Trading Data")
  const bars: History['bars'] = []
  const refused: History['refused'] = []
  for (const [date, entry] of Object.entries(history).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (wallClockOfDate(date) === undefined)
      throw upstreamError('UPSTREAM_CHANGED', `history: '${date}' is not a date.`)
    if (date < start || date >= end) continue
    const day = recordOf(entry, `'${date}' of a history`)
    const [open = Number.NaN, high = Number.NaN, low = Number.NaN, close = Number.NaN, volume = Number.NaN] =
      columns.map((name) => numberOf(day, name, date))
    const ts = formatInstant(sessionOf(exchange, date).openMs)
    const bar: Bar = { instrument, ts, open, high, low, close, volume, turnover: null, trades: null }
    const fault = barFault(bar)
    if (fault === undefined) bars.push(bar)
    else {
      const row = `${date} ${columns.map((name) => textOf(day[name])).join(' ')}`
      refused.push({ row, reason: fault, bar: { instrument, interval: '1d', date } })
    }
  }
  return { bars, refused }
}

/** NaN for a text that is no number, which makes the row refused. */
function numberOf(day: UnknownRecord, name: string, date: string): number {
  if (day[name] === undefined) throw upstreamError('UPSTREAM_CHANGED', `history: '${name}' is missing on ${date}.`)
  const text = textOf(day[name])
  return text === '' ? Number.NaN : Number(text)
}
