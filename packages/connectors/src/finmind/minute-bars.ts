import { type Handler, parseInstrument } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { lotOf } from '../taiwan/lots.js'
import { todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { askDataset } from './ask.js'
import { parseKbars } from './parse-kbars.js'

export type MinuteBarsParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** Session date: a question is about one. */
  readonly date: string
}

/**
 * Minute bars of one instrument on one session date; only for sponsors. FinMind counts lots, Barkeep shares.
 * Throws what `dailyBars` throws, and UPSTREAM_REFUSED where the lot of a security is not known. Source: FinMind TaiwanStockKBar, our notes on upstreams, 4.
 */
export const minuteBars: Handler<MinuteBarsParams> = async (task, context) => {
  const { instrument, date } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  const lot = lotOf(symbol, 'FinMind')
  if (date > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const answer = await askDataset(context, 'TaiwanStockKBar', { data_id: symbol, start_date: date, end_date: date })
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: '1m', start: date, end: addDays(date, 1) }
  if (answer.length === 0) {
    return { task, data: { absence: 'no-data', covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const { bars, refused } = parseKbars(answer, { exchange, symbol, date, lot })
  const isFinal = date <= trust.settledThrough
  return {
    task,
    data: {
      bars: [{ interval: '1m', bars: isFinal ? bars : bars.map((bar) => ({ ...bar, final: false })) }],
      covers: spokenFor(coverage, date, trust),
      refused,
    },
    nextTasks: [],
  }
}
