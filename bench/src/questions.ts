import { simulatedSessionDates } from '@barkeep/connectors'

const DAY_MS = 86_400_000
const OPEN_HOUR_MS = 3_600_000
const SESSION_SECONDS_MAX = 28_800
const FIRST_SYMBOL = 1_001
const SYMBOLS_PER_COPY = 100

/** One stock and one day. */
export interface Question {
  readonly instrument: string
  /** Its number in the store, which counts instruments in the order they came. */
  readonly number: number
  readonly date: string
  readonly nextDate: string
  /** Half-open window that holds the session, seconds since the epoch. */
  readonly startSeconds: number
  readonly endSeconds: number
}

/** Days and stocks all over copies of the market, always the same ones. */
export function questions(count: number, instrumentsMax: number, copies: number): Question[] {
  const dates = simulatedSessionDates({ until: '2026-11-19', years: 1 })
  return Array.from({ length: count }, (_, at) => {
    const [copy, symbol] = [(at * 7) % copies, (at * 11) % instrumentsMax]
    const date = dates[(at * 37) % dates.length] ?? ''
    const startSeconds = (Date.parse(date) + OPEN_HOUR_MS) / 1_000
    return {
      instrument: `SIM:${FIRST_SYMBOL + copy * SYMBOLS_PER_COPY + symbol}`,
      number: copy * instrumentsMax + symbol,
      date,
      nextDate: new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10),
      startSeconds,
      endSeconds: startSeconds + SESSION_SECONDS_MAX,
    }
  })
}
