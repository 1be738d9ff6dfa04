import { instantOf, MS_PER_MINUTE, OPEN_MINUTE } from './taipei-time.js'
import type { Truth } from './truth.js'

/** What a security has done on a date up to an instant. Prices in TWD, null before the first trade. */
export interface Tape {
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly last: number | null
  /** Of the order book. */
  readonly volumeShares: number
  /** The size of the last trade. */
  readonly lastShares: number
  /** When it was, ms since the epoch; null before the first. */
  readonly lastAtMs: number | null
}

/**
 * Seconds into a minute at which it trades at its open, high, low and close: a fourth of its lots each, the rest last.
 * With fewer than four lots the early prices show all the same, so that the minute has its high and low.
 */
const PRINT_SECONDS = [2, 15, 30, 45] as const
/** The closing auction prints once, at the end of its minute. */
const AUCTION_SECOND = 60

/** Adds up a date's minutes trade by trade, so that whoever watches closely sees each minute as the truth has it. */
export function tapeOf(truth: Truth, symbol: string, date: string, nowMs: number): Tape {
  let tape: Tape = { open: null, high: null, low: null, last: null, volumeShares: 0, lastShares: 0, lastAtMs: null }
  const lastStartMs = instantOf(date, OPEN_MINUTE) + 269 * MS_PER_MINUTE
  for (const { tsMs, open, high, low, close, volumeShares } of truth.minutes(symbol, date)) {
    const fourthShares = Math.floor(volumeShares / 4_000) * 1_000
    const prints =
      tsMs === lastStartMs
        ? [{ price: close, shares: volumeShares, second: AUCTION_SECOND }]
        : [open, high, low, close].map((price, index) => ({
            price,
            shares: index === 3 ? volumeShares - 3 * fourthShares : fourthShares,
            second: PRINT_SECONDS[index] ?? 0,
          }))
    for (const { price, shares, second } of prints) {
      const atMs = tsMs + second * 1_000
      if (atMs > nowMs) return tape
      tape = {
        open: tape.open ?? price,
        high: Math.max(tape.high ?? price, price),
        low: Math.min(tape.low ?? price, price),
        last: price,
        volumeShares: tape.volumeShares + shares,
        lastShares: shares === 0 ? tape.lastShares : shares,
        lastAtMs: atMs,
      }
    }
  }
  return tape
}
