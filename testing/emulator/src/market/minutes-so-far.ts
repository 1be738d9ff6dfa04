import { minutesOf } from './minutes-of.js'
import { addDays, CLOSE_MINUTE, instantOf, MS_PER_MINUTE, taipeiDate } from './taipei-time.js'
import type { Truth, TruthMinute } from './truth.js'

const SHARES_PER_LOT = 1_000

/** A minute as brokers tell it: the closing auction has a label of its own, 13:30, at which it is matched. */
export interface ToldMinute {
  readonly minute: TruthMinute
  /** The start that it is labelled with, ms since the epoch. */
  readonly labelMs: number
  readonly lots: number
}

/** The minutes of a date that had begun by a time; the last of them may still build up. */
export function minutesSoFar(truth: Truth, symbol: string, date: string, nowMs: number): ToldMinute[] {
  const closeMs = instantOf(date, CLOSE_MINUTE)
  return minutesOf(truth, symbol, date)
    .map((minute) => {
      const labelMs = minute.minute === '13:29' ? closeMs : minute.tsMs
      return { minute, labelMs, lots: minute.volumeShares / SHARES_PER_LOT }
    })
    .filter(({ labelMs }) => labelMs <= nowMs)
}

/** Prices and lots of a minute as far as they are known at a time: half of them while it builds up. */
export function figuresAt({ minute, labelMs, lots }: ToldMinute, nowMs: number) {
  const { open, high, low, close } = minute
  const isOver = nowMs >= labelMs + MS_PER_MINUTE || minute.minute === '13:29'
  if (isOver) return { open, high, low, close, lots }
  return { open, high: Math.max(open, close), low: Math.min(open, close), close, lots: Math.ceil(lots / 2) }
}

/** The last date with a session that had begun by a time. */
export function lastSession(truth: Truth, nowMs: number): string {
  const today = taipeiDate(nowMs)
  return truth.calendar.sessions(addDays(today, -20), addDays(today, 1)).at(-1) ?? today
}
