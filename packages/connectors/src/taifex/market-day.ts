import {
  type Bar,
  barFault,
  type Handler,
  type HandlerContext,
  type Page,
  type PageBars,
  type Refusal,
} from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { absenceOfDay } from '../taiwan/absence-of-day.js'
import { openOf, taiwanExchange, trustAt } from '../taiwan/sessions.js'
import { readCsvText } from './answer.js'
import { instrumentOf } from './contracts.js'
import { daysDataset } from './datasets.js'
import { parseDailyReport, type ReportRow } from './parse-daily-report.js'

export type FuturesDayParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
  /** Options as well, of which there are three times as many. */
  readonly options: boolean
}

export type OptionsDayParams = { readonly date: string }

const reports = { futures: 'futDataDown', options: 'optDataDown' } as const

/**
 * All futures of one session date. Bars are of the day session, `ts` its open in UTC, volume in contracts; rows of
 * `taifex_days` are of the night that belongs to the date as well, and of spreads. Where options are wanted, their page
 * follows, and the date is covered with that one.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED, UPSTREAM_REFUSED. Source: TAIFEX futDataDown, our notes on upstreams, 9.
 */
export const futuresDay: Handler<FuturesDayParams> = async (task, context) => {
  const { connector, params } = task
  const { date, options } = params
  const data = await dayOf(context, date, 'futures')
  const next = { connector, handler: 'optionsDay', params: { date } satisfies OptionsDayParams }
  // A day without futures has no options either.
  if (!options || 'absence' in data) return { task, data, nextTasks: [] }
  return { task, data: { ...data, covers: [] }, nextTasks: [next] }
}

/** All options of one session date, of which the futures have been told; otherwise like `futuresDay`. Source: TAIFEX optDataDown. */
export const optionsDay: Handler<OptionsDayParams> = async (task, context) => {
  return { task, data: await dayOf(context, task.params.date, 'options'), nextTasks: [] }
}

async function dayOf(context: HandlerContext, date: string, what: keyof typeof reports) {
  const asked = date.replaceAll('-', '/')
  const page = await context.fetch({
    url: `https://www.taifex.com.tw/cht/3/${reports[what]}`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(
      new URLSearchParams({ down_type: '1', queryStartDate: asked, queryEndDate: asked, commodity_id: 'all' }),
    ),
  })
  const trust = trustAt(context.now())
  const coverage = { scope: 'TAIFEX', of: '1d', start: date, end: addDays(date, 1) }
  const report = parseDailyReport(readCsvText(page), date, what)
  if (report === 'no-data') return absenceOfDay(report, coverage, trust)
  // In the evening the night of the next date is there before its day.
  const hasDay = report.rows.some(({ session }) => session === 'day')
  const bars: PageBars['bars'][number][] = []
  const refused: Refusal[] = report.refused.map(({ row, reason, instrument }) => ({
    row,
    reason,
    ...(instrument !== undefined && { bar: { instrument, interval: '1d' as const, date } }),
  }))
  for (const row of report.rows) {
    const told = barOf(row, date)
    if (typeof told === 'string') refused.push(refusalOfRow(row, date, told))
    else if (told !== undefined) bars.push(date > trust.settledThrough ? { ...told, final: false } : told)
  }
  const traded = new Set(bars.map(({ instrument }) => instrument))
  return {
    bars: [{ interval: '1d', bars }],
    instruments: report.rows
      .filter(({ contract, session }) => session === 'day' && traded.has(contract.instrument))
      .map(({ contract }) => instrumentOf(contract)),
    rows: [{ dataset: daysDataset, rows: report.rows.map((row) => rowOf(row, date)) }],
    covers: hasDay ? spokenFor(coverage, date, trust) : [],
    refused,
  } satisfies Page
}

/** The bar of the day session; undefined where nothing was traded, a text that says what is wrong. */
function barOf(
  { contract, session, open, high, low, close, volume }: ReportRow,
  date: string,
): Bar | string | undefined {
  if (session !== 'day' || contract.kind === 'spread') return undefined
  if (volume === null) return 'the volume is missing'
  if (open === null && high === null && low === null && close === null) {
    return volume > 0 ? 'volume without a price' : undefined
  }
  // Seen at prices that the contract never had otherwise, so what is told is not of the order book.
  if (open !== null && close !== null && high === null && low === null) return 'no high and low'
  if (open === null || high === null || low === null || close === null) return 'a price is missing'
  const ts = openOf(taiwanExchange('TAIFEX'), date)
  const bar = { instrument: contract.instrument, ts, open, high, low, close, volume, turnover: null, trades: null }
  return barFault(bar) ?? bar
}

function refusalOfRow(row: ReportRow, date: string, reason: string): Refusal {
  const { contract, open, high, low, close, volume } = row
  const text = [date, contract.instrument, open, high, low, close, volume].join(' ')
  // What is not of the order book makes no bar that is missing.
  if (reason === 'volume without a price' || reason === 'no high and low') return { row: text, reason }
  return { row: text, reason, bar: { instrument: contract.instrument, interval: '1d', date } }
}

function rowOf({ contract, openInterest, spreadVolume, ...figures }: ReportRow, date: string) {
  return {
    date,
    instrument: contract.instrument,
    ...figures,
    open_interest: openInterest,
    spread_volume: spreadVolume,
  }
}
