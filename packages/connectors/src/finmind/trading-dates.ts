import { type Handler, upstreamError, wallClockOfDate } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { trustAt } from '../taiwan/sessions.js'
import { askDataset } from './ask.js'
import { columnOf } from './columns.js'
import { datesDataset } from './datasets.js'

export type DatesParams = {
  /** Half-open. */
  readonly start: string
  readonly end: string
}

const dataset = 'TaiwanStockTradingDate'

/**
 * Dates with a session, rows of `finmind_trading_dates`; days to come may be among them, and are kept as told.
 * Throws what `dailyBars` throws. Source: FinMind TaiwanStockTradingDate, our notes on upstreams, 4.
 */
export const tradingDates: Handler<DatesParams> = async (task, context) => {
  const { start, end } = task.params
  const answer = await askDataset(context, dataset, { start_date: start, end_date: addDays(end, -1) })
  const dates = answer.map((row) => columnOf(row, 'date', dataset))
  const wrong = dates.find((date) => wallClockOfDate(date) === undefined)
  if (wrong !== undefined) throw upstreamError('UPSTREAM_CHANGED', `FinMind's ${dataset}: '${wrong}' is not a date.`)
  // Whether the question's dates are heeded is not known, so what lies outside is passed over.
  const rows = dates.filter((date) => date >= start && date < end).map((date) => ({ date }))
  const covers = spokenFor({ scope: 'TWSE', of: datesDataset, start, end }, rows.at(-1)?.date, trustAt(context.now()))
  if (rows.length === 0) return { task, data: { absence: 'no-data', covers }, nextTasks: [] }
  return { task, data: { rows: [{ dataset: datesDataset, rows }], covers }, nextTasks: [] }
}
