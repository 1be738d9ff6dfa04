import {
  barFault,
  type Exchange,
  formatInstant,
  intervalMinutes,
  type KeptInterval,
  type PageBars,
  type Refusal,
  sessionDateOf,
  sessionOf,
} from '@barkeep/core'
import type { Chart, ChartRow } from './parse-chart.js'
import { roundPrice, type Split, sharesSince } from './splits.js'

const MS_PER_MINUTE = 60_000

export interface ChartBars {
  readonly bars: PageBars['bars'][number][]
  readonly refused: Refusal[]
  /** The last session date with a bar. */
  readonly lastRow: string | undefined
}

export interface ChartBarsOptions {
  readonly instrument: string
  readonly exchange: Exchange
  readonly interval: KeptInterval
  /** Session dates, half-open; Yahoo adds the latest bar to charts that end before it, and that is left out. */
  readonly start: string
  readonly end: string
  /** All splits after `start`. */
  readonly splits: readonly Split[]
  readonly settledThrough: string
}

/**
 * Bars of a chart in Barkeep's convention: on the grid of the session, unadjusted, in the currency of the exchange.
 * - A row without prices is no bar: nobody traded in that minute, or the day is not over.
 * - The last row of a live chart is stamped with the second of the last trade and may tell a bar that is there again: it
 *   is merged into that one, at the close into the last of the session. Where there is none, nobody can say whether it is
 *   the beginning of a new bar, the closing auction or the bar before once more, and the same time asked for later comes
 *   without it: it is refused.
 * - Any other row off the grid, outside the session or of a time seen before is refused, and so is one of zeros, which
 *   Yahoo writes where it has lost the prices.
 */
export function chartBars(chart: Chart, options: ChartBarsOptions): ChartBars {
  const { exchange, interval, start, end, settledThrough } = options
  const slots = new Map<number, { date: string; row: ChartRow }>()
  const refused: ChartBars['refused'] = []
  for (const [index, row] of chart.rows.entries()) {
    const date = sessionDateOf(exchange, row.ms)
    if (date < start || date >= end || isEmpty(row)) continue
    const { slotMs, fault } = place(exchange, interval, date, row.ms)
    const known = slots.get(slotMs)
    const reason = fault ?? (known === undefined ? undefined : 'time repeats')
    const tellsAgain = known !== undefined && index === chart.rows.length - 1 && row.ms > known.row.ms
    if (reason === undefined) slots.set(slotMs, { date, row })
    else if (tellsAgain) slots.set(slotMs, { date, row: merge(known.row, row) })
    else refused.push({ row: textOfRow(row), reason })
  }

  const bars: ChartBars['bars'] = []
  let lastRow: string | undefined
  for (const [slotMs, { date, row }] of slots) {
    const isOpen = date > settledThrough
    const told = barOf(slotMs, date, row, chart, options)
    if (typeof told !== 'string') {
      bars.push(isOpen ? { ...told, final: false } : told)
      lastRow = date
      // What a day that is not over lacks may still come; what it tells wrongly is refused like that of any other.
    } else if (!isOpen || !isUnfinished(row)) {
      refused.push({ row: textOfRow(row), reason: told, bar: { instrument: options.instrument, interval, date } })
    }
  }
  return { bars, refused, lastRow }
}

/** The start of the bar that an instant belongs to, and what is wrong with the instant as a start. */
function place(
  exchange: Exchange,
  interval: KeptInterval,
  date: string,
  ms: number,
): { readonly slotMs: number; readonly fault: string | undefined } {
  const { openMs, closeMs } = sessionOf(exchange, date)
  const minutes = intervalMinutes(interval)
  // A day is a day whatever the time that it is stamped with; only a second row of it is out of place.
  if (minutes === undefined) return { slotMs: openMs, fault: undefined }
  if (ms < openMs) return { slotMs: openMs, fault: 'outside the session' }
  const stepMs = minutes * MS_PER_MINUTE
  // What is stamped at the close or after it belongs to the last bar, which is closed on both sides.
  const inSession = Math.min(ms, closeMs - 1)
  const slotMs = openMs + Math.floor((inSession - openMs) / stepMs) * stepMs
  if (ms >= closeMs) return { slotMs, fault: 'outside the session' }
  return { slotMs, fault: ms === slotMs ? undefined : 'off the grid' }
}

/** A bar with what a later row tells of it. The later one repeats its volume, so the larger counts and not the sum. */
function merge(known: ChartRow, later: ChartRow): ChartRow {
  return {
    ms: known.ms,
    open: known.open ?? later.open,
    high: extreme(Math.max, known.high, later.high),
    low: extreme(Math.min, known.low, later.low),
    close: later.close ?? known.close,
    volume: extreme(Math.max, known.volume, later.volume),
  }
}

function extreme(pick: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : pick(a, b)
}

function barOf(
  slotMs: number,
  date: string,
  { open, high, low, close, volume }: ChartRow,
  { unitsPerCurrency, priceHint }: Chart,
  { instrument, splits }: ChartBarsOptions,
): PageBars['bars'][number] | string {
  if (open === null || high === null || low === null || close === null) return 'a price is missing'
  if (volume === null) return 'the volume is missing'
  const shares = sharesSince(date, splits)
  const decimals = priceHint + Math.log10(unitsPerCurrency)
  const price = (told: number): number => roundPrice((told * shares) / unitsPerCurrency, decimals)
  const bar = {
    instrument,
    ts: formatInstant(slotMs),
    open: price(open),
    high: price(high),
    low: price(low),
    close: price(close),
    volume: Math.round(volume / shares),
    turnover: null,
    trades: null,
  }
  return barFault(bar) ?? bar
}

function isEmpty({ open, high, low, close }: ChartRow): boolean {
  return open === null && high === null && low === null && close === null
}

function isUnfinished({ open, high, low, close, volume }: ChartRow): boolean {
  return open === null || high === null || low === null || close === null || volume === null
}

function textOfRow({ ms, open, high, low, close, volume }: ChartRow): string {
  return [formatInstant(ms), open, high, low, close, volume].join(' ')
}
