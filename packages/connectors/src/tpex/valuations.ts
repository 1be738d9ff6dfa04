import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOfDay } from '../taiwan/absence-of-day.js'
import { slashedDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTpexJson } from './answer.js'
import { parsePe } from './parse-pe.js'

export type ValuationsParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
}

/**
 * Price to earnings, price to book, dividend and yield of all stocks on one session date, rows of `tpex_valuations`.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TPEx peQryDate, our notes on upstreams, 2.3.
 */
export const valuations: Handler<ValuationsParams> = async (task, context) => {
  const { date } = task.params
  const page = await context.fetch({
    url: `https://www.tpex.org.tw/www/zh-tw/afterTrading/peQryDate?date=${slashedDate(date)}&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: 'TPEX', of: 'tpex_valuations', start: date, end: addDays(date, 1) }
  const told = parsePe(readTpexJson(page), date)
  if (typeof told === 'string') return { task, data: absenceOfDay(told, coverage, trust), nextTasks: [] }
  const { rows, refused } = told
  const covers = spokenFor(coverage, date, trust)
  return { task, data: { rows: [{ dataset: 'tpex_valuations', rows }], covers, refused }, nextTasks: [] }
}
