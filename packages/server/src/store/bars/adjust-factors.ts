/** Which changes prices are put on one basis over: splits alone, or dividends, too. */
export type AdjustedKinds = 'split' | 'all'

/** All that changed the basis of an instrument's prices from one session date on. */
export interface BasisChange {
  /** Session date, `YYYY-MM-DD`. */
  readonly date: string
  /** The midnight before that date at the exchange, seconds since the epoch. */
  readonly sinceSeconds: number
  /** New shares for one old share; 1 where nothing was split. */
  readonly ratio: number
  /** Money for each share of that date; 0 where there was none. */
  readonly dividend: number
}

/** What the store has between two changes: a last close where a bar is final, undefined where all may still change. */
export type Stretches = ReadonlyMap<number, number | undefined>

/**
 * What puts bars on one basis, as steps: each holds from its instant on, until the next one of any instrument, in the order
 * of instruments and instants. Arrays of one length.
 */
export interface BarFactors {
  /** Numbers of instruments. */
  readonly ids: readonly number[]
  /** Seconds since the epoch. */
  readonly sinces: readonly number[]
  /** What is left of a price after the dividends since: prices are multiplied by it. */
  readonly dividends: readonly number[]
  /** What one share has become by splits since: volumes are multiplied by it, and prices divided. */
  readonly shares: readonly number[]
}

interface Step {
  readonly sinceSeconds: number
  readonly dividend: number
  readonly shares: number
}

/**
 * Factors out of the changes of each instrument, ascending by date, and of what the store has before the first of them (at
 * 0) and from each of them on (at its `sinceSeconds`).
 *
 * A split divides the prices before it by its ratio and multiplies their volumes. A dividend multiplies the prices before
 * it by 1 − dividend / last close, that close already being divided by a split of the same date. Prices of the latest bar
 * stay what they are, or those of the date `asOf`. Undefined where nothing is changed.
 */
export function barFactors(
  changes: ReadonlyMap<number, readonly BasisChange[]>,
  stretches: ReadonlyMap<number, Stretches>,
  kinds: AdjustedKinds,
  asOf?: string,
): BarFactors | undefined {
  const all: (Step & { readonly id: number })[] = []
  for (const [id, own] of [...changes].sort(([a], [b]) => a - b)) {
    const steps = stepsOf(own, stretches.get(id) ?? new Map(), kinds, asOf)
    if (steps.every(({ dividend, shares }) => dividend === 1 && shares === 1)) continue
    // Instruments in front of the first, and between two, keep their prices.
    if (all.length === 0 && id > 0) all.push({ ...unchanged, id: 0 })
    if (all.at(-1)?.id === id) all.pop()
    all.push(...steps.map((step) => ({ ...step, id })), { ...unchanged, id: id + 1 })
  }
  if (all.length === 0) return undefined
  return {
    ids: all.map(({ id }) => id),
    sinces: all.map(({ sinceSeconds }) => sinceSeconds),
    dividends: all.map(({ dividend }) => dividend),
    shares: all.map(({ shares }) => shares),
  }
}

const unchanged: Step = { sinceSeconds: 0, dividend: 1, shares: 1 }

function stepsOf(
  changes: readonly BasisChange[],
  stretches: Stretches,
  kinds: AdjustedKinds,
  asOf: string | undefined,
): Step[] {
  const effects = effectsOf(changes, stretches, kinds)
  // A change that no bar has followed yet was announced only.
  const counted = asOf === undefined ? effects.slice(0, followedCount(changes, stretches)) : effects
  const steps: Step[] = [unchanged]
  for (const { sinceSeconds, dividend, shares } of counted.toReversed()) {
    const after = steps[0] ?? unchanged
    steps[0] = { ...after, sinceSeconds }
    steps.unshift({ sinceSeconds: 0, dividend: after.dividend * dividend, shares: after.shares * shares })
  }
  const anchor = asOf === undefined ? steps.at(-1) : steps[changes.filter(({ date }) => date <= asOf).length]
  const { dividend, shares } = anchor ?? unchanged
  return steps.map((step) => ({ ...step, dividend: step.dividend / dividend, shares: step.shares / shares }))
}

/** What each change does to the bars before it. */
function effectsOf(changes: readonly BasisChange[], stretches: Stretches, kinds: AdjustedKinds): Step[] {
  let before = stretches.get(0)
  return changes.map(({ sinceSeconds, ratio, dividend }) => {
    const close = before === undefined ? undefined : before / ratio
    const pays = kinds === 'all' && close !== undefined && dividend < close
    const left = pays ? 1 - dividend / close : 1
    // Without a bar until the next change, the price that a share should have had stands for the last close.
    before = stretches.get(sinceSeconds) ?? (close === undefined ? undefined : close * left)
    return { sinceSeconds, dividend: left, shares: ratio }
  })
}

function followedCount(changes: readonly BasisChange[], stretches: Stretches): number {
  return changes.findLastIndex(({ sinceSeconds }) => stretches.has(sinceSeconds)) + 1
}
