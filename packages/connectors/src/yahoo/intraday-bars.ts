import { type Handler, sessionDateOf } from '@barkeep/core'
import { addDays, later } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOf } from './absence-of.js'
import { askChart } from './ask-chart.js'
import { chartBars } from './chart-bars.js'
import { ranges } from './ranges.js'
import type { Split } from './splits.js'
import { exchangeOf } from './symbols.js'
import { trustAt } from './trust.js'

export type IntradayBarsParams = {
  readonly instrument: string
  readonly interval: '1m' | '1h'
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** All splits after `start`, from the chart of days. */
  readonly splits: readonly Split[]
}

/**
 * Minutes or hours of one instrument, anchored to the session open; the last hour of a session may be short.
 * Prices unadjusted, in the currency of the exchange; volume in shares. Yahoo tells no volume of the first bar of a day and
 * often leaves the closing auction out, so the bars of a day may sum up to less than the day.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_FAILED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 3.1.
 */
export const intradayBars: Handler<IntradayBarsParams> = async (task, context) => {
  const { instrument, interval, end, splits } = task.params
  const exchange = exchangeOf(instrument)
  // A task that waited for days asks for what Yahoo still has, and covers no more than that.
  const oldest = addDays(sessionDateOf(exchange, context.now()), -ranges[interval].daysBack)
  const start = later(task.params.start, oldest)
  if (start >= end) return { task, data: { absence: 'before-history', covers: [] }, nextTasks: [] }

  const trust = trustAt(exchange, context.now())
  const coverage = { scope: instrument, of: interval, start, end }
  const chart = await askChart(context, { instrument, interval, start, end })
  if (typeof chart === 'string') return { task, data: absenceOf(chart, coverage, trust), nextTasks: [] }
  if (chart.rows.length === 0) return { task, data: absenceOf('no-data', coverage, trust), nextTasks: [] }
  const { settledThrough } = trust
  const { bars, refused, lastRow } = chartBars(chart, {
    instrument,
    exchange,
    interval,
    start,
    end,
    splits,
    settledThrough,
  })
  const covers = spokenFor(coverage, lastRow, trust)
  return { task, data: { bars: [{ interval, bars }], covers, refused }, nextTasks: [] }
}
