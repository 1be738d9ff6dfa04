import {
  type Adjustment,
  type Bar,
  formatInstant,
  type Handler,
  type Instrument,
  type KeptInterval,
} from '@barkeep/core'
import { addDays, earlier, nextMonth } from '../date-steps.js'
import { keptAdjustments } from './adjustments.js'
import { simulatedInstruments } from './instruments.js'
import { closedSessionDates, firstDate } from './market-dates.js'
import { createMarketWalks } from './market-walk.js'
import { seedOf } from './seed.js'

export type BarsParams = {
  /** Such as `SIM:1001`. */
  readonly instrument: string
  readonly interval: KeptInterval
  /** A month `YYYY-MM`, or a year `YYYY`. */
  readonly period: string
}

const walks = createMarketWalks()

/**
 * The bars of one instrument in one period, as far as its sessions have closed; with days also splits and dividends.
 * Prices in TWD, unadjusted; volume in shares; `ts` is the start of the bar in UTC. The same seed gives the same bars.
 */
export const bars: Handler<BarsParams> = async (task, context) => {
  const { instrument: name, interval } = task.params
  const seed = seedOf(context)
  const { start, end } = datesOf(task.params.period)
  const sessionDates = closedSessionDates(context.now())
  const until = earlier(end, addDays(sessionDates.at(-1) ?? firstDate, 1))
  const covers = start < until ? [{ scope: name, of: interval, start, end: until }] : []
  if (start >= until) return { task, data: { absence: 'not-yet', covers }, nextTasks: [] }
  if (until <= firstDate) return { task, data: { absence: 'before-history', covers }, nextTasks: [] }
  const instrument = simulatedInstruments(seed).find((known) => known.instrument === name)
  if (instrument === undefined || (instrument.listed ?? start) >= until) {
    return { task, data: { absence: 'not-listed', covers }, nextTasks: [] }
  }

  const some = await walks({ seed, instrument, interval, sessionDates, start, end: until })
  const kept = some.map(({ tsMs, ...bar }): Bar => ({ instrument: name, ts: formatInstant(tsMs), ...bar }))
  if (kept.length === 0) return { task, data: { absence: 'no-trade', covers }, nextTasks: [] }
  const adjustments = interval === '1d' ? adjustmentsOf(seed, instrument, sessionDates, start, until) : []
  return { task, data: { bars: [{ interval, bars: kept }], adjustments, covers }, nextTasks: [] }
}

/** Half-open. */
function datesOf(period: string): { start: string; end: string } {
  if (period.length === 'YYYY'.length) return { start: `${period}-01-01`, end: `${Number(period) + 1}-01-01` }
  return { start: `${period}-01`, end: `${nextMonth(period)}-01` }
}

function adjustmentsOf(
  seed: number,
  instrument: Instrument,
  sessionDates: readonly string[],
  start: string,
  end: string,
): Adjustment[] {
  const all = keptAdjustments(seed, { instruments: [instrument], sessionDates })
  return all.filter(({ date }) => date >= start && date < end)
}
