import type { Adjustment, Instrument } from '@barkeep/core'
import { simulatedInstruments, type Traits, traitsOf } from './instruments.js'
import { createRandom } from './random.js'

/**
 * What moved a price on its ex-date `date` without a trade. `ratio` is new shares for each old one,
 * `amount` TWD a share of that day. The reference price of the date is `previous close / ratio` or
 * `previous close - amount`, on the tick grid; never both on one date.
 */
export type SimulatedAdjustment =
  | { readonly instrument: string; readonly date: string; readonly kind: 'split'; readonly ratio: number }
  | { readonly instrument: string; readonly date: string; readonly kind: 'dividend'; readonly amount: number }

export interface SimulatedAdjustmentsOptions {
  /** All of simulatedInstruments(seed) when absent. */
  readonly instruments?: readonly Instrument[]
  /** The same dates that the bars were simulated on. */
  readonly sessionDates: readonly string[]
}

/** Splits and dividends of the instruments, each instrument's by ascending date. */
export function simulatedAdjustments(seed: number, options: SimulatedAdjustmentsOptions): SimulatedAdjustment[] {
  const { instruments = simulatedInstruments(seed), sessionDates } = options
  return instruments.flatMap((instrument) =>
    adjustmentsOf(seed, instrument, traitsOf(seed, instrument), tradableDates(instrument, sessionDates)),
  )
}

/** The same as the store keeps them. */
export function keptAdjustments(seed: number, options: SimulatedAdjustmentsOptions): Adjustment[] {
  return simulatedAdjustments(seed, options).map((change) => {
    const { instrument, date, kind } = change
    return { instrument, date, kind, value: kind === 'split' ? change.ratio : change.amount }
  })
}

/** The dates on which the instrument is listed. */
export function tradableDates({ listed, delisted }: Instrument, sessionDates: readonly string[]): string[] {
  return sessionDates.filter((date) => (listed === null || date >= listed) && (delisted === null || date <= delisted))
}

/** By ascending date. None falls on the first date: there is no price before it to drop from. */
export function adjustmentsOf(
  seed: number,
  { instrument }: Instrument,
  traits: Traits,
  dates: readonly string[],
): SimulatedAdjustment[] {
  const exDates = dividendDates(traits.dividendFrom, dates)
  const splits = new Map<string, number>()
  for (const { afterSessions, ratio } of traits.splits) {
    const date = dates.slice(afterSessions).find((candidate) => !exDates.has(candidate))
    if (date !== undefined) splits.set(date, ratio)
  }

  const adjustments: SimulatedAdjustment[] = []
  let anchorCents = traits.anchorCents
  for (const date of dates) {
    const ratio = splits.get(date)
    if (ratio !== undefined) {
      anchorCents /= ratio
      adjustments.push({ instrument, date, kind: 'split', ratio })
    }
    if (exDates.has(date)) {
      const whim = 0.7 + 0.6 * createRandom(seed, instrument, 'dividend', date.slice(0, 4))()
      const amountCents = Math.max(1, Math.round(anchorCents * traits.dividendYield * whim))
      adjustments.push({ instrument, date, kind: 'dividend', amount: amountCents / 100 })
    }
  }
  return adjustments
}

/** In each year, the first session on or after `MM-DD`. */
function dividendDates(dividendFrom: string, dates: readonly string[]): Set<string> {
  const exDates = new Set<string>()
  let previous: string | undefined
  for (const date of dates) {
    const dueDate = `${date.slice(0, 4)}-${dividendFrom}`
    if (previous !== undefined && previous < dueDate && date >= dueDate) exDates.add(date)
    previous = date
  }
  return exDates
}
