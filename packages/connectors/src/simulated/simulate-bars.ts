import { type Instrument, sessionOf } from '@barkeep/core'
import { adjustmentsOf, type SimulatedAdjustment, tradableDates } from './adjustments.js'
import { traitsOf } from './instruments.js'
import { simulatedExchange } from './market-dates.js'
import { createRandom, nearlyNormal } from './random.js'
import { type Market, simulateSession } from './simulate-session.js'
import { aggregate, aggregateHours, type SimulatedBar } from './simulated-bar.js'
import { roundToTick, tickSizeOf } from './tick-size.js'

/** All bars of one instrument on one session date. Minutes and hours without a trade are absent. */
export interface SimulatedDay {
  readonly date: string
  readonly minutes: SimulatedBar[]
  readonly hours: SimulatedBar[]
  /** `tsMs` is the session open; undefined when nothing was traded that day. */
  readonly day: SimulatedBar | undefined
}

export interface SimulateBarsOptions {
  readonly seed: number
  /** One of simulatedInstruments(seed). */
  readonly instrument: Instrument
  /** `YYYY-MM-DD`, ascending. Further dates at the end change nothing before them. */
  readonly sessionDates: readonly string[]
}

/**
 * The market of one instrument, date by date from its listing on; dates before that are skipped.
 * Prices in TWD, unadjusted: they drop on the ex-dates that simulatedAdjustments lists.
 * Throws RangeError for an instrument that is not simulated.
 */
export function* simulateBars({ seed, instrument, sessionDates }: SimulateBarsOptions): Generator<SimulatedDay> {
  const traits = traitsOf(seed, instrument)
  const tickSize = tickSizeOf(instrument.kind)
  const dates = tradableDates(instrument, sessionDates)
  const adjustments = new Map(adjustmentsOf(seed, instrument, traits, dates).map((change) => [change.date, change]))
  const random = createRandom(seed, instrument.instrument, 'bars')
  const exchange = simulatedExchange()
  const market: Market = {
    traits,
    tickSize,
    random,
    referenceCents: roundToTick(tickSize, traits.anchorCents),
    anchorCents: traits.anchorCents,
    lotsPerTrade: traits.lotsPerTrade,
    volatilityLevel: 1,
  }

  for (const date of dates) {
    const { openMs } = sessionOf(exchange, date)
    adjust(market, adjustments.get(date))
    const silent = random() < traits.silentDayChance
    const minutes = silent ? [] : simulateSession(market, openMs, nearlyNormal(createRandom(seed, 'market', date)))
    yield { date, minutes, hours: aggregateHours(openMs, minutes), day: aggregate(openMs, minutes) }
  }
}

/** Moves the reference price as the exchange does on an ex-date. */
function adjust(market: Market, change: SimulatedAdjustment | undefined): void {
  if (change === undefined) return
  if (change.kind === 'split') {
    market.anchorCents /= change.ratio
    market.lotsPerTrade *= change.ratio
    market.referenceCents = roundToTick(market.tickSize, market.referenceCents / change.ratio)
  } else {
    market.referenceCents = roundToTick(market.tickSize, market.referenceCents - Math.round(change.amount * 100))
  }
}
