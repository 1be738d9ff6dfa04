import { type Handler, parseInstrument } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { askDataset } from './ask.js'
import { parsePrices } from './parse-prices.js'

export type InstrumentDaysParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/**
 * Daily bars of one instrument, all dates in one page. Prices in TWD, unadjusted; volume in shares; `ts` is the session
 * open in UTC. A row of zeros alone is not taken for a day without trade: FinMind has written it of days that were traded.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_BANNED, UPSTREAM_UNAUTHORIZED, UPSTREAM_CHANGED, UPSTREAM_FAILED.
 * Source: FinMind TaiwanStockPrice, our notes on upstreams, 4.
 */
export const dailyBars: Handler<InstrumentDaysParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  if (start > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const answer = await askDataset(context, 'TaiwanStockPrice', questionOf(task.params))
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: '1d', start, end }
  const { rows, zeros } = parsePrices(answer, exchange, { symbol, start, end })
  if (answer.length === 0) {
    return { task, data: { absence: 'no-data', covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const { bars, refused } = readDailyRows(rows, trust.settledThrough)
  const last = rows.reduce<string | undefined>(
    (latest, { date }) => (latest === undefined || date > latest ? date : latest),
    undefined,
  )
  return {
    task,
    data: {
      bars: [{ interval: '1d', bars }],
      covers: spokenFor(coverage, last, trust),
      refused: [...refused, ...zeros],
    },
    nextTasks: [],
  }
}

/** Their `end_date` is the last day itself. */
export function questionOf({ instrument, start, end }: InstrumentDaysParams) {
  return { data_id: parseInstrument(instrument).symbol, start_date: start, end_date: addDays(end, -1) }
}
