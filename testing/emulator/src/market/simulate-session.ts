import { createRandom, nearlyNormal, type Random } from './noise.js'
import { MINUTES_PER_SESSION } from './taipei-time.js'
import { dailyLimitsCents, tickCentsAt, toTick } from './tick-size.js'

/** Continuous matching ends at 13:25; only the closing auction follows. */
const CONTINUOUS_MINUTES = MINUTES_PER_SESSION - 5
const MINUTE_DEVIATION = 0.0006

/** A U over the day: busy after the open and before the close; the opening auction is the busiest minute. */
const activityOfMinute = Float64Array.from({ length: CONTINUOUS_MINUTES }, (_, offset) => {
  const shape = 0.6 + 1.6 * Math.exp(-offset / 20) + 0.8 * Math.exp((offset - CONTINUOUS_MINUTES) / 15)
  return offset === 0 ? shape * 3 : shape
})

/** A minute in which something traded. Prices in cents, unadjusted; `volumeShares` in whole lots of 1,000; `turnover` in TWD. */
export interface SimulatedMinute {
  /** Minutes since the session open, 0 to 269; 269 is the closing auction's. */
  readonly offset: number
  readonly openCents: number
  readonly highCents: number
  readonly lowCents: number
  readonly closeCents: number
  readonly volumeShares: number
  readonly turnover: number
  readonly trades: number
}

export interface SessionInput {
  readonly hash: number
  readonly referenceCents: number
  /** The price of the last trade. */
  readonly closeCents: number
  readonly fund: boolean
  readonly volatility: number
  readonly tradesPerMinute: number
  readonly lotsPerTrade: number
  /** Whether the closing auction finds no match; where nothing traded before, it does all the same. */
  readonly closesQuietly: boolean
}

/** The minutes of one session in which something traded, from the first trade to the closing auction. */
export function simulateSession(input: SessionInput): SimulatedMinute[] {
  const { referenceCents, closeCents, fund } = input
  const random = createRandom(input.hash)
  const limits = dailyLimitsCents(referenceCents, fund)
  // The close may stand a hair outside the limits after several silent days; the rest of the day follows it there.
  const up = Math.max(limits.up, closeCents)
  const down = Math.min(limits.down, closeCents)
  const path = pricePath(input, random)
  const busyness = input.tradesPerMinute * (0.6 + 0.8 * random())

  const minutes: SimulatedMinute[] = []
  let lastCents = clamp(toTick(path[0] ?? referenceCents, fund), down, up)
  for (let offset = 0; offset < CONTINUOUS_MINUTES; offset++) {
    const trades = Math.floor(busyness * (activityOfMinute[offset] ?? 0) * (0.3 + 1.4 * random()) + random())
    if (trades === 0) continue
    const minuteCloseCents = clamp(toTick(path[offset + 1] ?? lastCents, fund), down, up)
    const openCents = trades > 1 ? lastCents : minuteCloseCents
    const reachTicks = trades > 2 ? Math.floor(2.6 * random()) : 0
    const reachCents = reachTicks * tickCentsAt(minuteCloseCents, fund)
    const highCents = clamp(toTick(Math.max(openCents, minuteCloseCents) + reachCents, fund), openCents, up)
    const lowCents = clamp(toTick(Math.min(openCents, minuteCloseCents) - reachCents * random(), fund), down, openCents)
    minutes.push(
      minute(offset, openCents, Math.max(highCents, minuteCloseCents), Math.min(lowCents, minuteCloseCents), {
        closeCents: minuteCloseCents,
        trades,
        lots: lotsOf(trades, input.lotsPerTrade, random),
      }),
    )
    lastCents = minuteCloseCents
  }
  const last = minutes.at(-1)
  if (input.closesQuietly && last !== undefined) return [...minutes.slice(0, -1), closedAt(last, closeCents)]
  // The closing auction prints once, whatever the day was like; it is what makes the close known beforehand.
  const trades = 1 + Math.floor(busyness * 6 * random())
  const lots = lotsOf(trades, input.lotsPerTrade, random)
  minutes.push(minute(MINUTES_PER_SESSION - 1, closeCents, closeCents, closeCents, { closeCents, trades, lots }))
  return minutes
}

/** The last minute of a day whose closing auction found no match: the close is in it. */
function closedAt({ offset, openCents, highCents, lowCents, trades, ...rest }: SimulatedMinute, closeCents: number) {
  // One trade alone is the open and the close.
  const prices = trades === 1 ? [closeCents] : [openCents, highCents, lowCents, closeCents]
  const [high, low] = [Math.max(...prices), Math.min(...prices)]
  const lots = rest.volumeShares / 1_000
  return minute(offset, prices[0] ?? closeCents, high, low, { closeCents, trades, lots })
}

/** A walk in cents from the opening price to the close: one point before each minute and one after the last. */
function pricePath({ referenceCents, closeCents, volatility }: SessionInput, random: Random): number[] {
  const night = 0.4 + 0.2 * nearlyNormal(random)
  const startLog = Math.log(referenceCents) + night * Math.log(closeCents / referenceCents)
  const walk = [0]
  for (let offset = 0; offset < CONTINUOUS_MINUTES; offset++) {
    walk.push(
      (walk[offset] ?? 0) + MINUTE_DEVIATION * volatility * (activityOfMinute[offset] ?? 0) * nearlyNormal(random),
    )
  }
  const drift = Math.log(closeCents) - startLog - (walk[CONTINUOUS_MINUTES] ?? 0)
  return walk.map((step, offset) => Math.exp(startLog + step + (drift * offset) / CONTINUOUS_MINUTES))
}

function lotsOf(trades: number, lotsPerTrade: number, random: Random): number {
  return trades + Math.floor(trades * 2 * (lotsPerTrade - 1) * random())
}

function minute(
  offset: number,
  openCents: number,
  highCents: number,
  lowCents: number,
  { closeCents, trades, lots }: { closeCents: number; trades: number; lots: number },
): SimulatedMinute {
  const meanCents = (openCents + highCents + lowCents + closeCents) / 4
  const volumeShares = lots * 1_000
  const turnover = Math.round((volumeShares * meanCents) / 100)
  return { offset, openCents, highCents, lowCents, closeCents, volumeShares, turnover, trades }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}
