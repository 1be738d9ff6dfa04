import { type Handler, parseInstrument, sessionDateOf, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { textOf } from '../read-json.js'
import { spokenFor } from '../spoken-for.js'
import { lotOf } from '../taiwan/lots.js'
import { MS_PER_MINUTE, readMinuteRows } from '../taiwan/minute-rows.js'
import { taiwanExchange, trustAt } from '../taiwan/sessions.js'
import { ask, expectAnswerOf, markets } from './ask.js'
import { candlesOf, readMinuteCandle } from './parse-candles.js'

export type IntradayParams = {
  readonly instrument: string
  /** Milliseconds since the epoch: the page is another one each time. */
  readonly askedMs: number
}

/**
 * Minute bars of the last session so far. Here Fugle counts lots; a minute that is not over is not final.
 * Throws what `dailyBars` throws, and UPSTREAM_REFUSED where the lot of a security is not known.
 * Source: Fugle intraday/candles, our notes on upstreams, 6.
 */
export const intradayBars: Handler<IntradayParams> = async (task, context) => {
  const { instrument } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  const lot = lotOf(symbol, 'Fugle')
  const answer = await ask(context, `intraday/candles/${symbol}`, { timeframe: '1' })
  if (answer === undefined) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  expectAnswerOf(answer, { symbol, market: markets[exchange] ?? '' })
  const date = textOf(answer.date)
  const rows = candlesOf(answer).map((row) => readMinuteCandle(row, lot))
  const place = taiwanExchange(exchange)
  const stray = rows.find(({ labelMs }) => !Number.isNaN(labelMs) && sessionDateOf(place, labelMs) !== date)
  if (stray !== undefined) {
    throw upstreamError(
      'UPSTREAM_CHANGED',
      `A page of Fugle of ${date} has a minute of ${new Date(stray.labelMs).toISOString()}.`,
    )
  }
  // Before the first match of the day there is nothing, which says nothing of the day.
  if (rows.length === 0) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const { bars, refused } = readMinuteRows(instrument, rows)
  const now = context.now()
  const told = bars.map((bar) => (Date.parse(bar.ts) + MS_PER_MINUTE <= now ? bar : { ...bar, final: false }))
  const coverage = { scope: instrument, of: '1m', start: date, end: addDays(date, 1) }
  return {
    task,
    data: { bars: [{ interval: '1m', bars: told }], covers: spokenFor(coverage, date, trustAt(now)), refused },
    nextTasks: [],
  }
}
