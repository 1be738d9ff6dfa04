import { type Handler, sessionDateOf, type Task } from '@barkeep/core'
import { addDays, earlier, later, windowsIn } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOf } from './absence-of.js'
import { askChart } from './ask-chart.js'
import { chartBars } from './chart-bars.js'
import type { IntradayBarsParams } from './intraday-bars.js'
import { ranges } from './ranges.js'
import { adjustmentsOf, type Split, splitsOf } from './splits.js'
import { exchangeOf } from './symbols.js'
import { trustAt } from './trust.js'

export type DailyBarsParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Finer bars of the same dates to ask for afterwards. */
  readonly finer: '1m' | '1h' | null
}

/**
 * Daily bars, splits and dividends of one instrument.
 * Yahoo has divided its prices by every later split, so the chart is always asked for up to now: only then are all the
 * splits in it that must be undone. Prices unadjusted, in the currency of the exchange; volume in shares; turnover and
 * trades are not told. Finer bars need the same splits, so their tasks follow from this one.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_FAILED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 3.1.
 */
export const dailyBars: Handler<DailyBarsParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const exchange = exchangeOf(instrument)
  const today = sessionDateOf(exchange, context.now())
  if (start > today) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const trust = trustAt(exchange, context.now())
  const coverage = { scope: instrument, of: '1d', start, end }
  const chart = await askChart(context, { instrument, interval: '1d', start, end: null })
  if (typeof chart === 'string') return { task, data: absenceOf(chart, coverage, trust), nextTasks: [] }
  const splits = splitsOf(chart, exchange)
  const { settledThrough } = trust
  const told = chartBars(chart, { instrument, exchange, interval: '1d', start, end, splits, settledThrough })
  const nextTasks = [...finerTasks(task, today, splits)]
  if (chart.rows.length === 0) return { task, data: absenceOf('no-data', coverage, trust), nextTasks }
  return {
    task,
    data: {
      bars: [{ interval: '1d', bars: told.bars }],
      adjustments: adjustmentsOf(chart, instrument, exchange),
      covers: spokenFor(coverage, told.lastRow, trust),
      refused: told.refused,
    },
    nextTasks,
  }
}

function* finerTasks({ connector, params }: Task<DailyBarsParams>, today: string, splits: readonly Split[]) {
  const { instrument, start, end, finer } = params
  if (finer === null) return
  const { daysBack, daysPerRequest } = ranges[finer]
  const first = later(start, addDays(today, -daysBack))
  const last = earlier(end, addDays(today, 1))
  for (const window of windowsIn(first, last, daysPerRequest)) {
    const after = splits.filter(({ date }) => date > window.start)
    const next: IntradayBarsParams = { instrument, interval: finer, ...window, splits: after }
    yield { connector, handler: 'intradayBars', params: next }
  }
}
