import { type Handler, parseInstrument } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { ask, expectAnswerOf, markets } from './ask.js'
import { parseDailyCandles } from './parse-candles.js'

export type InstrumentDaysParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/**
 * Daily bars of one instrument, a year at most. Prices in TWD, unadjusted; volume in shares; `ts` is the session open in UTC.
 * Throws UPSTREAM_UNAUTHORIZED, UPSTREAM_RATE_LIMITED, UPSTREAM_CHANGED, UPSTREAM_FAILED.
 * Source: Fugle historical/candles, our notes on upstreams, 6.
 */
export const dailyBars: Handler<InstrumentDaysParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  if (start > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const answer = await ask(context, `historical/candles/${symbol}`, {
    // Both are days of the answer.
    from: start,
    to: addDays(end, -1),
    timeframe: 'D',
    // What is not asked for is left out, turnover as well.
    fields: 'open,high,low,close,volume,turnover,change',
    sort: 'asc',
  })
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: '1d', start, end }
  // A symbol that is not known may be one that was renamed: nothing is covered.
  if (answer === undefined) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  expectAnswerOf(answer, { symbol, market: markets[exchange] ?? '', timeframe: 'D' })
  const rows = parseDailyCandles(answer, { exchange, symbol, start, end })
  if (rows.length === 0) {
    return { task, data: { absence: 'no-data', covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const { bars, refused } = readDailyRows(rows, trust.settledThrough)
  return {
    task,
    data: { bars: [{ interval: '1d', bars }], covers: spokenFor(coverage, rows.at(-1)?.date, trust), refused },
    nextTasks: [],
  }
}
