import {
  type Bar,
  barFault,
  formatInstant,
  parseInstrument,
  type Refusal,
  sessionDateOf,
  sessionOf,
} from '@barkeep/core'
import { taiwanExchange } from './sessions.js'

export const MS_PER_MINUTE = 60_000
/** A pause for volatility postpones the closing auction of one stock by some minutes. */
const AUCTION_LATE_MS = 5 * MS_PER_MINUTE

/** One minute of an upstream, read; undefined is a cell that cannot be read, null one with nothing in it. */
export interface MinuteRow {
  /** As the upstream labels it: the start of the minute, milliseconds since the epoch; NaN where it cannot be read. */
  readonly labelMs: number
  readonly open: number | null | undefined
  readonly high: number | null | undefined
  readonly low: number | null | undefined
  readonly close: number | null | undefined
  readonly volumeShares: number | null | undefined
  /** TWD. */
  readonly turnover: number | null
}

/**
 * The minute to which a label belongs: the closing auction, whose label is the close or a little later, belongs to the last minute
 * of the session. Undefined outside the session.
 */
export function minuteOf(exchange: string, labelMs: number): number | undefined {
  const place = taiwanExchange(exchange)
  const { openMs, closeMs } = sessionOf(place, sessionDateOf(place, labelMs))
  if (labelMs < openMs || labelMs > closeMs + AUCTION_LATE_MS) return undefined
  return labelMs < closeMs ? labelMs - (labelMs % MS_PER_MINUTE) : closeMs - MS_PER_MINUTE
}

/**
 * Minute bars of one instrument, ascending, whatever the order of the rows. A minute without volume is no bar; a row that
 * cannot be is refused with the reason.
 */
export function readMinuteRows(
  instrument: string,
  rows: Iterable<MinuteRow>,
): { readonly bars: readonly Bar[]; readonly refused: readonly Refusal[] } {
  const { exchange } = parseInstrument(instrument)
  const place = taiwanExchange(exchange)
  const bars = new Map<string, Bar>()
  const refused: Refusal[] = []
  let lastMs = Number.NaN
  for (const row of [...rows].sort((a, b) => a.labelMs - b.labelMs)) {
    const told = row.labelMs === lastMs ? 'minute repeats' : barOf(instrument, exchange, row)
    lastMs = row.labelMs
    if (told === undefined) continue
    if (typeof told !== 'string') bars.set(told.ts, joined(bars.get(told.ts), told))
    else {
      const isMissing = told !== 'minute repeats' && !Number.isNaN(row.labelMs)
      const bar = { instrument, interval: '1m' as const, date: isMissing ? sessionDateOf(place, row.labelMs) : '' }
      refused.push({ row: JSON.stringify({ instrument, ...row }), reason: told, ...(isMissing && { bar }) })
    }
  }
  return { bars: [...bars.values()], refused }
}

/** A bar; undefined where nothing was traded; a text that says what is wrong. */
function barOf(instrument: string, exchange: string, row: MinuteRow): Bar | string | undefined {
  const { labelMs, open, high, low, close, volumeShares, turnover } = row
  if (Number.isNaN(labelMs) || labelMs % MS_PER_MINUTE !== 0) return 'unreadable minute'
  // Silent minutes carry the price before them on.
  if (volumeShares === 0) return undefined
  const startMs = minuteOf(exchange, labelMs)
  if (startMs === undefined) return 'outside the session'
  const isRead = [open, high, low, close, volumeShares].every((value) => typeof value === 'number')
  if (!isRead) return 'unreadable number'
  const bar: Bar = {
    instrument,
    ts: formatInstant(startMs),
    open: open ?? 0,
    high: high ?? 0,
    low: low ?? 0,
    close: close ?? 0,
    volume: volumeShares ?? 0,
    turnover,
    trades: null,
  }
  return barFault(bar) ?? bar
}

/** A later part of a minute joins the earlier one, as the closing auction does. */
export function joined(before: Bar | undefined, bar: Bar): Bar {
  if (before === undefined) return bar
  const isKnown = before.turnover !== null && bar.turnover !== null
  return {
    ...before,
    high: Math.max(before.high, bar.high),
    low: Math.min(before.low, bar.low),
    close: bar.close,
    volume: before.volume + bar.volume,
    turnover: isKnown ? (before.turnover ?? 0) + (bar.turnover ?? 0) : null,
    trades: before.trades !== null && bar.trades !== null ? before.trades + bar.trades : null,
  }
}
