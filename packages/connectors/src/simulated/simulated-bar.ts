/**
 * A bar as numbers only: text for each of millions of rows would cost more than the simulation.
 * `tsMs` is the start of the bar, UTC; prices in TWD, unadjusted, on the tick grid;
 * `volume` in shares, in thousands; `turnover` in whole TWD.
 */
export interface SimulatedBar {
  readonly tsMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly turnover: number
  readonly trades: number
}

const MS_PER_HOUR = 3_600_000

/** One bar from `tsMs` on that holds all the bars, ascending; undefined when there are none. */
export function aggregate(tsMs: number, bars: readonly SimulatedBar[]): SimulatedBar | undefined {
  const [first] = bars
  const last = bars.at(-1)
  if (first === undefined || last === undefined) return undefined
  let { high, low } = first
  let volume = 0
  let turnover = 0
  let trades = 0
  for (const bar of bars) {
    if (bar.high > high) high = bar.high
    if (bar.low < low) low = bar.low
    volume += bar.volume
    turnover += bar.turnover
    trades += bar.trades
  }
  return { tsMs, open: first.open, high, low, close: last.close, volume, turnover, trades }
}

/** Hour bars anchored to the session open; an hour without a trade has none. */
export function aggregateHours(openMs: number, minutes: readonly SimulatedBar[]): SimulatedBar[] {
  const hours: SimulatedBar[] = []
  let from = 0
  while (from < minutes.length) {
    const startMs = hourOf(openMs, minutes[from])
    let to = from + 1
    while (to < minutes.length && hourOf(openMs, minutes[to]) === startMs) to++
    const hour = aggregate(startMs, minutes.slice(from, to))
    if (hour !== undefined) hours.push(hour)
    from = to
  }
  return hours
}

function hourOf(openMs: number, bar: SimulatedBar | undefined): number {
  return bar === undefined ? openMs : bar.tsMs - ((bar.tsMs - openMs) % MS_PER_HOUR)
}
