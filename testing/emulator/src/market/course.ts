import type { Closure, TaiwanCalendar } from './calendar.js'
import type { Security } from './listings.js'
import { fractionOf, hashOf, smoothNoise, wholeOf } from './noise.js'
import { addDays } from './taipei-time.js'
import { toTick } from './tick-size.js'

/** What a security did on a date. Only `traded` has prices. */
export type DayState = 'traded' | 'no-trade' | 'odd-lots-only' | 'halted' | 'not-listed' | Closure

/** What the change of a day is counted from. */
export interface Reference {
  readonly cents: number
  /** False on an ex-date: the close before was on another basis. */
  readonly comparable: boolean
}

/** The course of one security through the sessions. Prices in cents, unadjusted. */
export interface Course {
  state(date: string): DayState
  /** The close of a date in state `traded`. */
  closeCents(date: string): number
  /** Undefined while there is no close before the date. */
  reference(date: string): Reference | undefined
  /** The dividend of a year `YYYY`; undefined for none. */
  dividend(year: string): CourseDividend | undefined
}

export interface CourseDividend {
  /** The ex-date. */
  readonly date: string
  /** A share of that day. */
  readonly cents: number
}

/** Sessions without trading before prices change their basis. */
const HALT_BEFORE_SPLIT_SESSIONS = 3

/** Waves that add up to a price, each with its length in sessions and its reach in the logarithm of the price. */
const priceWaves = [
  [1, 0.009],
  [5, 0.014],
  [21, 0.033],
  [63, 0.08],
  [250, 0.22],
  [1_000, 0.3],
] as const

/** Every answer is a formula of seed, symbol and date, so a date of 2026 costs no walk from 2004. */
export function createCourse(seed: number, calendar: TaiwanCalendar, { listing, traits }: Security): Course {
  const { symbol } = listing
  const fund = listing.kind === 'etf'
  const levelHash = hashOf(seed, symbol, 'level')
  const marketHash = hashOf(seed, 'market')
  const firstIndex = calendar.indexFrom(listing.listed)
  // At most one entry for each year of the calendar.
  const dividends = new Map<string, CourseDividend | undefined>()

  function state(date: string): DayState {
    const closure = calendar.closure(date)
    if (closure !== undefined) return closure
    if (date < listing.listed || (listing.delisted !== null && date >= listing.delisted)) return 'not-listed'
    if (traits.halts.some(({ from, until }) => date >= from && date < until)) return 'halted'
    const index = calendar.indexOf(date)
    for (const split of traits.splits) {
      const splitIndex = calendar.indexOf(split.date)
      if (index < splitIndex && index >= splitIndex - HALT_BEFORE_SPLIT_SESSIONS) return 'halted'
    }
    // The first day of a security, and of a new basis, always trades.
    if (index === firstIndex || traits.splits.some((split) => split.date === date)) return 'traded'
    if (fractionOf(seed, symbol, date, 'silent') >= traits.silentDayChance) return 'traded'
    return fractionOf(seed, symbol, date, 'odd lots') < 0.4 ? 'odd-lots-only' : 'no-trade'
  }

  function closeCents(date: string): number {
    const index = calendar.indexOf(date)
    let level = 0
    for (const [octave, [period, reach]] of priceWaves.entries()) {
      level += reach * smoothNoise(levelHash + octave * 7_919, index / period)
    }
    const market = 0.006 * smoothNoise(marketHash, index)
    const ratio = traits.splits.reduce((product, split) => (date < split.date ? product * split.ratio : product), 1)
    return toTick(traits.anchorCents * ratio * Math.exp(level * traits.volatility + market), fund)
  }

  /** The last close, on the basis of `date`, before a dividend is taken off. */
  function closeBefore(date: string): Reference | undefined {
    for (let index = calendar.indexOf(date) - 1; index >= firstIndex; index--) {
      const before = calendar.at(index)
      if (before === undefined) return undefined
      if (state(before) !== 'traded') continue
      const split = traits.splits.find((candidate) => candidate.date > before && candidate.date <= date)
      return { cents: closeCents(before) / (split?.ratio ?? 1), comparable: split === undefined }
    }
    return undefined
  }

  /** A security pays once a year, in summer, and goes ex-dividend on a day on which it trades. */
  function dividend(year: string): CourseDividend | undefined {
    if (dividends.has(year)) return dividends.get(year)
    const due = addDays(`${year}-07-01`, wholeOf(0, 55, seed, symbol, 'ex-date'))
    const dates = traits.dividendYield === 0 ? [] : calendar.sessions(due, addDays(due, 30))
    const date = dates.find((candidate) => state(candidate) === 'traded')
    const before = date === undefined ? undefined : closeBefore(date)
    const whim = 0.7 + 0.6 * fractionOf(seed, symbol, 'dividend', year)
    const told =
      date === undefined || before === undefined
        ? undefined
        : { date, cents: Math.max(1, Math.round(before.cents * traits.dividendYield * whim)) }
    dividends.set(year, told)
    return told
  }

  return {
    state,
    closeCents,
    dividend,
    reference(date) {
      const before = closeBefore(date)
      if (before === undefined) return undefined
      const paid = dividend(date.slice(0, 4))
      const cents = paid?.date === date ? paid.cents : 0
      return { cents: toTick(before.cents - cents, fund), comparable: before.comparable && cents === 0 }
    },
  }
}
