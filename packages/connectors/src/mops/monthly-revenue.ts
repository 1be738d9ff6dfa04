import { isUtf8 } from 'node:buffer'
import { type Handler, type TaskResult, upstreamError } from '@barkeep/core'
import { nextMonth } from '../date-steps.js'
import { rocYear } from '../taiwan/dates.js'
import { todayInTaipei } from '../taiwan/sessions.js'
import { refuseWall } from '../twse/answer.js'
import { parseRevenue } from './parse-revenue.js'

export type MonthlyRevenueParams = {
  readonly exchange: 'TWSE' | 'TPEX'
  /** `YYYY-MM`. */
  readonly month: string
  /** Companies registered in Taiwan, or abroad: two pages. */
  readonly origin: 'domestic' | 'foreign'
}

export const revenueDataset = 'mops_monthly_revenue'

/** How the page is called that has the companies of an exchange. */
const folders = { TWSE: 'sii', TPEX: 'otc' } as const satisfies Record<MonthlyRevenueParams['exchange'], string>

/**
 * From this day of the next month on a page counts as complete. Companies report until the 10th, which moves when it is no
 * working day, at the lunar new year by most.
 */
const SETTLED_DAY = '16'

/**
 * Revenue of all domestic or foreign companies of an exchange in a month, rows of `mops_monthly_revenue`, thousands of TWD.
 * The page of domestic companies names that of foreign ones, and only both together cover the month.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED. Source: MOPS t21sc03 (MS950), our notes on upstreams, 9.
 */
export const monthlyRevenue: Handler<MonthlyRevenueParams> = async (task, context) => {
  const { exchange, month, origin } = task.params
  const isForeign = origin === 'foreign'
  const [year, number] = month.split('-').map(Number)
  const name = `t21sc03_${rocYear(year ?? 0)}_${number}_${isForeign ? 1 : 0}`
  const page = await context.fetch({
    url: `https://mopsov.twse.com.tw/nas/t21/${folders[exchange]}/${name}.html`,
  })
  refuseWall(page, 'big5')
  // Titles in MS950 are never UTF-8, so that a page that is can only have been written wrongly.
  if (isUtf8(page.body)) throw upstreamError('UPSTREAM_FAILED', 'MOPS answers in UTF-8 instead of MS950.')
  const told = await parseRevenue(page.text('big5'), { exchange, month, isForeign })

  const isSettled = todayInTaipei(context.now()) >= `${nextMonth(month)}-${SETTLED_DAY}`
  const coverage = { scope: exchange, of: revenueDataset, start: `${month}-01`, end: `${nextMonth(month)}-01` }
  const covers = isForeign && isSettled ? [coverage] : []
  const nextTasks: TaskResult['nextTasks'] = isForeign
    ? []
    : [{ ...task, params: { ...task.params, origin: 'foreign' } }]
  if (typeof told === 'string') {
    return { task, data: { absence: isSettled ? told : 'not-yet', covers }, nextTasks }
  }
  const { rows, refused } = told
  return { task, data: { rows: [{ dataset: revenueDataset, rows }], covers, refused }, nextTasks }
}
