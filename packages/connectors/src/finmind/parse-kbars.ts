import { type Bar, barFault, formatInstant, type Refusal, sessionOf } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import type { UnknownRecord } from '../read-json.js'
import { parseCell } from '../taiwan/cells.js'
import { instantInTaipei, taiwanExchange } from '../taiwan/sessions.js'
import { columnOf, dateWithin } from './columns.js'

const dataset = 'TaiwanStockKBar'
const MS_PER_MINUTE = 60_000

interface AskedMinutes {
  readonly exchange: string
  readonly symbol: string
  /** Session date. */
  readonly date: string
  /** Shares in a lot. */
  readonly lot: number
}

/**
 * Minute bars of one stock and date. They are labelled by their start, and the print of the closing auction has a label
 * of its own, the close: it belongs to the last minute. A minute without volume is no bar.
 * Throws UPSTREAM_CHANGED where a column is missing or a row is of another stock or date.
 */
export function parseKbars(
  rows: readonly UnknownRecord[],
  { exchange, symbol, date, lot }: AskedMinutes,
): { readonly bars: readonly Bar[]; readonly refused: readonly Refusal[] } {
  const { openMs, closeMs } = sessionOf(taiwanExchange(exchange), date)
  const instrument = `${exchange}:${symbol}`
  const bars = new Map<string, Bar>()
  const labels = new Set<number>()
  const refused: Refusal[] = []
  // The closing auction joins what came before it, in whatever order rows are told.
  const minuteOf = (row: UnknownRecord) => columnOf(row, 'minute', dataset)
  for (const row of rows.toSorted((a, b) => (minuteOf(a) < minuteOf(b) ? -1 : 1))) {
    dateWithin(row, dataset, { symbol, start: date, end: addDays(date, 1) })
    const label = Date.parse(instantInTaipei(date, minuteOf(row)) ?? '')
    const isNew = !labels.has(label)
    labels.add(label)
    const told = isNew
      ? barOf(row, instrument, label === closeMs ? closeMs - MS_PER_MINUTE : label, lot)
      : 'minute repeats'
    if (told === undefined) continue
    if (typeof told === 'string') {
      const missing = told === 'minute repeats' ? {} : { bar: { instrument, interval: '1m' as const, date } }
      refused.push({ row: JSON.stringify(row), reason: told, ...missing })
    } else if (label < openMs || label > closeMs)
      refused.push({ row: JSON.stringify(row), reason: 'outside the session' })
    else bars.set(told.ts, joined(bars.get(told.ts), told))
  }
  return { bars: [...bars.values()], refused }
}

/** A bar; undefined where nothing was traded; a text that says what is wrong. */
function barOf(row: UnknownRecord, instrument: string, startMs: number, lot: number): Bar | string | undefined {
  const cell = (name: string) => parseCell(columnOf(row, name, dataset))
  const [open, high, low, close] = [cell('open'), cell('high'), cell('low'), cell('close')]
  const lots = cell('volume')
  if (Number.isNaN(startMs) || startMs % MS_PER_MINUTE !== 0) return 'unreadable minute'
  if (lots === 0) return undefined
  const isRead = [open, high, low, close, lots].every((value) => typeof value === 'number')
  if (!isRead) return 'unreadable number'
  const bar: Bar = {
    instrument,
    ts: formatInstant(startMs),
    open: open ?? 0,
    high: high ?? 0,
    low: low ?? 0,
    close: close ?? 0,
    // Lots are told with decimals where odd lots are among them.
    volume: Math.round((lots ?? 0) * lot),
    turnover: null,
    trades: null,
  }
  return barFault(bar) ?? bar
}

/** The closing auction joins what was traded in the last minute before it. */
function joined(before: Bar | undefined, bar: Bar): Bar {
  if (before === undefined) return bar
  const volume = before.volume + bar.volume
  const [high, low] = [Math.max(before.high, bar.high), Math.min(before.low, bar.low)]
  return { ...before, high, low, close: bar.close, volume }
}
