import type { TaiwanCalendar } from './calendar.js'
import { hashOf, smoothNoise } from './noise.js'

/** The exchange's weighted index on one session, in points. */
export interface IndexDay {
  readonly date: string
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** The close before; the first session has its own. */
  readonly reference: number
}

const BASE_POINTS = 14_000

/** Undefined where there is no session. */
export function indexDay(seed: number, calendar: TaiwanCalendar, date: string): IndexDay | undefined {
  const position = calendar.indexOf(date)
  if (position < 0) return undefined
  const hash = hashOf(seed, 'index')
  const points = (at: number) => {
    const level =
      0.008 * smoothNoise(hash, at) + 0.06 * smoothNoise(hash + 1, at / 30) + 0.4 * smoothNoise(hash + 2, at / 900)
    return Math.round(BASE_POINTS * Math.exp(level) * 100) / 100
  }
  const reference = points(Math.max(0, position - 1))
  const close = points(position)
  // The way from one close to the next is the day; what is left of it after a fifth is the open.
  const way = [points(position - 0.8), points(position - 0.6), points(position - 0.4), points(position - 0.2), close]
  return { date, open: way[0] ?? close, high: Math.max(...way), low: Math.min(...way), close, reference }
}
