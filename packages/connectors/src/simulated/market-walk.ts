import { setImmediate } from 'node:timers/promises'
import type { Instrument, KeptInterval } from '@barkeep/core'
import { type SimulatedDay, simulateBars } from './simulate-bars.js'
import type { SimulatedBar } from './simulated-bar.js'

export interface MarketPage {
  readonly seed: number
  readonly instrument: Instrument
  readonly interval: KeptInterval
  /** All that the market had so far, ascending. */
  readonly sessionDates: readonly string[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/** Gives the bars of pages, ascending, without holding up what else the process does. */
export type MarketWalks = (page: MarketPage) => Promise<readonly SimulatedBar[]>

/** Sessions between two of which the process gets to do something else: some 10 ms of work. */
const SESSIONS_PER_PIECE = 30

/** One way through the market of an instrument, from its first date on. */
interface Walk {
  readonly days: Iterator<SimulatedDay>
  /** Where it ends, and how far it came. */
  readonly lastDate: string
  reached: string
  /** What was passed, without its minutes: they would fill the memory. */
  readonly passed: Omit<SimulatedDay, 'minutes'>[]
}

/**
 * Each day of a market stands on the one before, so that a page is reached from the first date only. One that comes after the
 * last goes on from there, hours and days that were passed are remembered, and minutes that lie behind are made anew.
 */
export function createMarketWalks(): MarketWalks {
  const walks = new Map<string, Walk>()
  // Two pages of one instrument would take each other's days away.
  let turn: Promise<unknown> = Promise.resolve()
  return (page) => {
    const bars = turn.then(() => barsOf(page, walks))
    turn = bars.catch(() => undefined)
    return bars
  }
}

async function barsOf(page: MarketPage, walks: Map<string, Walk>): Promise<SimulatedBar[]> {
  const { interval, sessionDates, start, end } = page
  const until = sessionDates.findLast((date) => date < end) ?? ''
  const walk = walkTo(page, until, walks)
  const bars: SimulatedBar[] = []
  for (const { date, hours, day } of walk.passed) {
    if (date >= start && date < end) bars.push(...barsAt(interval, [], hours, day))
  }
  for (let sessions = 1; walk.reached < until; sessions++) {
    const next = walk.days.next()
    if (next.done === true) break
    const { minutes, ...rest } = next.value
    walk.reached = rest.date
    walk.passed.push(rest)
    if (rest.date >= start) bars.push(...barsAt(interval, minutes, rest.hours, rest.day))
    if (sessions % SESSIONS_PER_PIECE === 0) await setImmediate()
  }
  return bars
}

/** The walk of the instrument, or a new one where that has passed minutes that are wanted, or ends too early. */
function walkTo(
  { seed, instrument, interval, sessionDates, start }: MarketPage,
  until: string,
  walks: Map<string, Walk>,
): Walk {
  const key = `${seed} ${instrument.instrument}`
  const known = walks.get(key)
  const isBehind = interval === '1m' && known !== undefined && known.reached >= start
  if (known !== undefined && !isBehind && known.lastDate >= until) return known
  const days = simulateBars({ seed, instrument, sessionDates })
  const walk = { days, lastDate: sessionDates.at(-1) ?? '', reached: '', passed: [] }
  walks.set(key, walk)
  return walk
}

function barsAt(
  interval: KeptInterval,
  minutes: readonly SimulatedBar[],
  hours: readonly SimulatedBar[],
  day: SimulatedBar | undefined,
): readonly SimulatedBar[] {
  return { '1m': minutes, '1h': hours, '1d': day === undefined ? [] : [day] }[interval]
}
