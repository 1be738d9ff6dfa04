import { type Handler, parseInstrument, sessionDateOf } from '@barkeep/core'
import { addDays, later } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { readMinuteRows } from '../taiwan/minute-rows.js'
import { taiwanExchange, todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { ask, expectAnswerOf, markets } from './ask.js'
import type { InstrumentDaysParams } from './daily-bars.js'
import { candlesOf, readMinuteCandle } from './parse-candles.js'

/**
 * Minute bars of one instrument in one page: Fugle answers with its last 30 days, whatever dates it is asked for, so that dates
 * are chosen here. Volume in shares; no turnover. The page speaks for the days after its first, which may be cut.
 * Throws what `dailyBars` throws. Source: Fugle historical/candles, our notes on upstreams, 6.
 */
export const minuteBars: Handler<InstrumentDaysParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  if (start > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const query = { timeframe: '1', fields: 'open,high,low,close,volume', sort: 'asc' }
  const answer = await ask(context, `historical/candles/${symbol}`, query)
  if (answer === undefined) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  expectAnswerOf(answer, { symbol, market: markets[exchange] ?? '', timeframe: '1' })
  const rows = candlesOf(answer).map((row) => readMinuteCandle(row, 1))
  const place = taiwanExchange(exchange)
  const dateOf = (labelMs: number) => (Number.isNaN(labelMs) ? '' : sessionDateOf(place, labelMs))
  const dates = rows.map(({ labelMs }) => dateOf(labelMs)).filter((date) => date !== '')
  const [first, last] = [dates.reduce(least, '9999'), dates.reduce((one, other) => later(one, other), '')]
  // An empty page does not tell where its 30 days begin.
  if (dates.length === 0) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  const wanted = rows.filter(({ labelMs }) => {
    const date = dateOf(labelMs)
    return date === '' || (date >= start && date < end)
  })
  const trust = trustAt(context.now())
  const { bars, refused } = readMinuteRows(instrument, wanted)
  const settled = bars.map((bar) => {
    return sessionDateOf(place, Date.parse(bar.ts)) <= trust.settledThrough ? bar : { ...bar, final: false }
  })
  const coverage = { scope: instrument, of: '1m', start: later(start, addDays(first, 1)), end }
  return {
    task,
    data: { bars: [{ interval: '1m', bars: settled }], covers: spokenFor(coverage, last, trust), refused },
    nextTasks: [],
  }
}

function least(one: string, other: string): string {
  return one < other ? one : other
}
