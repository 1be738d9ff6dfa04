import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOfDay } from '../taiwan/absence-of-day.js'
import { compactDate } from '../taiwan/dates.js'
import { trustAt } from '../taiwan/sessions.js'
import { readTwseJson } from './answer.js'
import { parseBwibbu } from './parse-bwibbu.js'

export type ValuationsParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
}

/**
 * Price to earnings, price to book and dividend yield of all stocks on one session date, rows of `twse_valuations`.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TWSE BWIBBU_d, our notes on upstreams, 1.4.
 */
export const valuations: Handler<ValuationsParams> = async (task, context) => {
  const { date } = task.params
  const page = await context.fetch({
    url: `https://www.twse.com.tw/rwd/zh/afterTrading/BWIBBU_d?date=${compactDate(date)}&selectType=ALL&response=json`,
  })
  const trust = trustAt(context.now())
  const coverage = { scope: 'TWSE', of: 'twse_valuations', start: date, end: addDays(date, 1) }
  const told = parseBwibbu(readTwseJson(page), date)
  if (typeof told === 'string') return { task, data: absenceOfDay(told, coverage, trust), nextTasks: [] }
  const { rows, refused } = told
  const covers = spokenFor(coverage, date, trust)
  return { task, data: { rows: [{ dataset: 'twse_valuations', rows }], covers, refused }, nextTasks: [] }
}
