import type { Handler } from '@barkeep/core'
import { rocYear } from '../taiwan/dates.js'
import { readTwseJson } from './answer.js'
import { parseHolidays } from './parse-holidays.js'

export type HolidaysParams = {
  readonly year: number
  /** The date in Taipei on which it is asked: a schedule changes, so it is worth asking again. */
  readonly asked: string
}

/**
 * The exchange's schedule of a year, rows of `twse_holidays`. In 2026 the exchange answered with the current year whatever
 * was asked, so the page covers the years that its rows are of, and not the one that was asked.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: our notes on upstreams, 1.6.
 */
export const holidays: Handler<HolidaysParams> = async (task, context) => {
  const page = await context.fetch({
    url: `https://www.twse.com.tw/rwd/zh/holidaySchedule/holidaySchedule?response=json&queryYear=${rocYear(task.params.year)}`,
  })
  const rows = parseHolidays(readTwseJson(page))
  if (typeof rows === 'string') return { task, data: { absence: rows, covers: [] }, nextTasks: [] }
  const years = [...new Set(rows.map(({ date }) => Number(date.slice(0, 4))))]
  const covers = years.map((year) => ({
    scope: 'TWSE',
    of: 'twse_holidays',
    start: `${year}-01-01`,
    end: `${year + 1}-01-01`,
  }))
  return { task, data: { rows: [{ dataset: 'twse_holidays', rows }], covers }, nextTasks: [] }
}
