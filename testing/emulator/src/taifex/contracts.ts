import { weekdayOf } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'

/** A contract as one session trades it. */
export interface Contract {
  readonly product: string
  /** `202408`, `202408W1`, or two of them for a spread: `202408/202409`. */
  readonly month: string
  readonly kind: 'future' | 'spread' | 'option'
  readonly strike?: number
  readonly right?: 'call' | 'put'
  /** What it is worth when the index stands at `points`. */
  worth(points: number): number
  readonly tickSize: number
  /** Trades of an ordinary minute. */
  readonly tradesPerMinute: number
  readonly hasNight: boolean
}

const STRIKE_STEP = 100
const STRIKES_EACH_SIDE = 3

/** What trades on a session date, in the order in which the exchange lists it. */
export function contractsOn(truth: Truth, date: string): Contract[] {
  const [near = '', next = ''] = monthsOn(date)
  const reference = truth.index(date)?.reference ?? 0
  const future = (product: string, month: string, share: number, rest: Partial<Contract> = {}): Contract => ({
    product,
    month,
    kind: 'future',
    worth: (points) => points * share * (1 + 0.002 * Number(month === next)),
    tickSize: 1,
    tradesPerMinute: 0.2,
    hasNight: true,
    ...rest,
  })
  const spread = (product: string, tradesPerMinute: number): Contract => ({
    ...future(product, `${near}/${next}`, 1, { tradesPerMinute, kind: 'spread' }),
    // Stands around zero, so that its prices are negative as well.
    worth: (points) => (points - reference) / 20,
  })
  return [
    future('CDF', near, 0.04, { tickSize: 0.5, hasNight: false, tradesPerMinute: 0.4 }),
    future('CDF', next, 0.04, { tickSize: 0.5, hasNight: false, tradesPerMinute: 0.02 }),
    future('MTX', near, 1, { tradesPerMinute: 1.5 }),
    future('MTX', `${near}W1`, 1, { tradesPerMinute: 0.3 }),
    spread('MTX', 0.02),
    future('TE', near, 0.05, { tickSize: 0.05 }),
    // Listed, and never traded.
    future('TE', next, 0.05, { tickSize: 0.05, tradesPerMinute: 0 }),
    future('TX', near, 1, { tradesPerMinute: 2.5 }),
    future('TX', next, 1, { tradesPerMinute: 0.3 }),
    spread('TX', 0.1),
  ]
}

/** Options on the index around where it stood the session before. */
export function optionsOn(truth: Truth, date: string): Contract[] {
  const [near = ''] = monthsOn(date)
  const middle = Math.round((truth.index(date)?.reference ?? 0) / STRIKE_STEP) * STRIKE_STEP
  const steps = Array.from({ length: 2 * STRIKES_EACH_SIDE + 1 }, (_, index) => index - STRIKES_EACH_SIDE)
  return steps.flatMap((step) =>
    (['call', 'put'] as const).map((right): Contract => {
      const strike = middle + step * STRIKE_STEP
      const sign = right === 'call' ? 1 : -1
      return {
        product: 'TXO',
        month: near,
        kind: 'option',
        strike,
        right,
        worth: (points) => Math.max(sign * (points - strike), 0) + 60 * Math.exp(-Math.abs(points - strike) / 150) + 1,
        tickSize: 0.5,
        tradesPerMinute: Math.abs(step) === STRIKES_EACH_SIDE ? 0 : 0.1,
        hasNight: true,
      }
    }),
  )
}

/** The month that expires next, on its third Wednesday, and the one after it. */
function monthsOn(date: string): [string, string] {
  const [year = 0, month = 0] = date.split('-').map(Number)
  const first = weekdayOf(`${date.slice(0, 8)}01`)
  const expiry = 15 + ((3 - first + 7) % 7)
  const passed = Number(date.slice(8)) > expiry ? 1 : 0
  const at = (ahead: number): string => {
    const count = year * 12 + month - 1 + passed + ahead
    return `${Math.floor(count / 12)}${String((count % 12) + 1).padStart(2, '0')}`
  }
  return [at(0), at(1)]
}
