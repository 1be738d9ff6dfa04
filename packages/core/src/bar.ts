/**
 * One bar as it stands on the wire.
 * `ts` is the START of the bar, an instant in UTC (`2026-11-20T01:00:00Z`); the bar covers `[ts, end)`,
 * except the last of a session, which is closed on both sides so that the closing auction is in it.
 * Prices in the currency of the exchange, unadjusted; `volume` in shares, never lots; `turnover` in money.
 */
export interface Bar {
  readonly instrument: string
  readonly ts: string
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** Null where the source does not tell. */
  readonly turnover: number | null
  /** Number of trades; null where the source does not tell. */
  readonly trades: number | null
}

/** Columns of a bar on the wire, in their order, unless `columns=` says otherwise. */
export const barColumns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const

/**
 * Columns that a bar carries only when asked:
 * `interval`; `end`, the instant at which the bar ends; `partial`, cut short by the end of its session;
 * `final`, no longer changing; `source`, who told it; `known_at`, when it was written.
 */
export const extraBarColumns = ['interval', 'end', 'partial', 'final', 'source', 'known_at'] as const

export type BarColumn = (typeof barColumns)[number] | (typeof extraBarColumns)[number]
export const allBarColumns: readonly BarColumn[] = [...barColumns, ...extraBarColumns]

/** What the numbers of a bar must satisfy. The store checks the same rules in SQL when rows come in bulk. */
export type BarFault =
  | 'a price is not a number'
  | 'a price is zero'
  | 'a price is negative'
  | 'high is below low'
  | 'open is outside low and high'
  | 'close is outside low and high'
  | 'volume is negative'
  | 'volume is not a whole number'
  | 'turnover is negative'
  | 'turnover is not a number'
  | 'trades is negative'
  | 'trades is not a whole number'

type BarNumbers = Pick<Bar, 'open' | 'high' | 'low' | 'close' | 'volume' | 'turnover' | 'trades'>

/** The first rule that the numbers of a bar break, or undefined when they are sound. */
export function barFault({ open, high, low, close, volume, turnover, trades }: BarNumbers): BarFault | undefined {
  const lowest = Math.min(open, high, low, close)
  if (!Number.isFinite(lowest) || !Number.isFinite(Math.max(open, high, low, close))) return 'a price is not a number'
  if (lowest < 0) return 'a price is negative'
  if (lowest === 0) return 'a price is zero'
  if (high < low) return 'high is below low'
  if (open < low || open > high) return 'open is outside low and high'
  if (close < low || close > high) return 'close is outside low and high'
  if (!(volume >= 0)) return 'volume is negative'
  if (!Number.isInteger(volume)) return 'volume is not a whole number'
  if (turnover !== null && !(turnover >= 0)) return 'turnover is negative'
  if (turnover === Number.POSITIVE_INFINITY) return 'turnover is not a number'
  if (trades !== null && !(trades >= 0)) return 'trades is negative'
  if (trades !== null && !Number.isInteger(trades)) return 'trades is not a whole number'
  return undefined
}
