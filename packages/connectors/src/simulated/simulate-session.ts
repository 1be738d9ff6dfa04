import { activityOfMinute, MINUTES_PER_SESSION, volatilityOfMinute } from './day-shape.js'
import type { Traits } from './instruments.js'
import { nearlyNormal, type Random } from './random.js'
import type { SimulatedBar } from './simulated-bar.js'
import { ceilToTick, floorToTick, roundToTick, type TickSize } from './tick-size.js'

const MS_PER_MINUTE = 60_000
/** The part of its distance from the anchor that a price loses each day, so that years cannot carry it off. */
const PULL_TO_ANCHOR = 0.006
/** Shares of the day's deviation that fall overnight and into the session. */
const OVERNIGHT = 0.45
const INTRADAY = 0.9

/** The state of one instrument, carried from date to date. */
export interface Market {
  readonly traits: Traits
  readonly tickSize: TickSize
  readonly random: Random
  /** The last close, adjusted on an ex-date; the daily limits stand around it. */
  referenceCents: number
  anchorCents: number
  lotsPerTrade: number
  /** Calm below 1, nervous above: volatile days come in clusters. */
  volatilityLevel: number
}

/** The minute bars of one session; `marketMove` (deviation 1) is what the whole market does that night. */
export function simulateSession(market: Market, openMs: number, marketMove: number): SimulatedBar[] {
  const { traits, tickSize, random, referenceCents } = market
  market.volatilityLevel = Math.max(0.5, 0.85 * market.volatilityLevel + 0.15 * (1 + 1.2 * nearlyNormal(random)))
  const volatility = traits.dailyVolatility * market.volatilityLevel
  const upperCents = floorToTick(tickSize, (referenceCents * 11) / 10)
  const lowerCents = ceilToTick(tickSize, (referenceCents * 9) / 10)
  const tradesPerMinute = traits.tradesPerMinute * market.volatilityLevel * (0.6 + 0.8 * random())

  const night = OVERNIGHT * volatility * (0.6 * marketMove + 0.8 * nearlyNormal(random))
  const pull = PULL_TO_ANCHOR * Math.log(market.anchorCents / referenceCents)
  let fairCents = referenceCents * (1 + night + pull)
  let closeCents = referenceCents
  const bars: SimulatedBar[] = []

  for (let minute = 0; minute < MINUTES_PER_SESSION; minute++) {
    const deviation = INTRADAY * volatility * (volatilityOfMinute[minute] ?? 0)
    const before = fairCents
    fairCents = clamp(fairCents * (1 + deviation * nearlyNormal(random)), lowerCents, upperCents)
    const trades = Math.floor(tradesPerMinute * (activityOfMinute[minute] ?? 0) * (0.3 + 1.4 * random()) + random())
    if (trades === 0) continue

    // A trade prints on either side of the fair price, up to half a tick away.
    closeCents = clamp(
      roundToTick(tickSize, fairCents + (random() - 0.5) * tickSize(fairCents)),
      lowerCents,
      upperCents,
    )
    let openCents = closeCents
    if (trades > 1) {
      const print = before + (random() - 0.5) * tickSize(before)
      openCents = clamp(roundToTick(tickSize, print), lowerCents, upperCents)
    }
    let highCents = Math.max(openCents, closeCents)
    let lowCents = Math.min(openCents, closeCents)
    if (trades > 2) {
      const reachCents = 1.5 * deviation * fairCents
      highCents = clamp(floorToTick(tickSize, highCents + reachCents * random()), highCents, upperCents)
      lowCents = clamp(ceilToTick(tickSize, lowCents - reachCents * random()), lowerCents, lowCents)
    }
    const lots = trades + Math.floor(trades * 2 * (market.lotsPerTrade - 1) * random())
    const meanCents = trades > 2 ? (openCents + highCents + lowCents + closeCents) / 4 : (openCents + closeCents) / 2
    bars.push({
      tsMs: openMs + minute * MS_PER_MINUTE,
      open: openCents / 100,
      high: highCents / 100,
      low: lowCents / 100,
      close: closeCents / 100,
      volume: lots * 1_000,
      turnover: Math.round(lots * 10 * meanCents),
      trades,
    })
  }
  market.referenceCents = closeCents
  return bars
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}
