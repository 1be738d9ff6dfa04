import { builtInExchanges, type Handler, parseInstrument, sessionDateOf } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { ask } from './ask.js'
import { parseHistory } from './parse-history.js'
import { symbolOf } from './symbols.js'

export type HistoryParams = {
  /** Such as `NYSE:SNAP`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/**
 * Daily bars of one instrument, all of them in one page. Prices as the source has them: whether it had adjusted them is not
 * known. Volume in shares; turnover and trades are not told. The day of the question is left out, as it is not over.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_UNAUTHORIZED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 7.
 */
export const history: Handler<HistoryParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const code = parseInstrument(instrument).exchange
  const exchange = builtInExchanges.find((known) => known.code === code)
  if (exchange === undefined) throw new RangeError(`The exchange ${code} is not built in.`)
  const answer = await ask(context, 'history', { symbol: symbolOf(instrument), sort: 'newest' })

  const settledThrough = addDays(sessionDateOf(exchange, context.now()), -1)
  const trust = { settledThrough, silentThrough: addDays(settledThrough, -1) }
  const last = end <= settledThrough ? end : addDays(settledThrough, 1)
  const { bars, refused } = parseHistory(answer, { instrument, exchange, start, end: last })
  const coverage = { scope: instrument, of: '1d', start, end }
  const lastRow = bars.at(-1)?.ts
  const covers = spokenFor(coverage, lastRow && sessionDateOf(exchange, Date.parse(lastRow)), trust)
  if (bars.length === 0 && refused.length === 0) return { task, data: { absence: 'no-data', covers }, nextTasks: [] }
  return { task, data: { bars: [{ interval: '1d', bars }], covers, refused }, nextTasks: [] }
}
