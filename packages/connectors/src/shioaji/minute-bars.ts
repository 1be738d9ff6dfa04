import { type Handler, parseInstrument, sessionDateOf, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { lotOf } from '../taiwan/lots.js'
import { type MinuteRow, MS_PER_MINUTE, readMinuteRows } from '../taiwan/minute-rows.js'
import { taiwanExchange, todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { ask, contractOf, numberOf, rowsOf } from './ask.js'
import { requireQuota } from './quota.js'
import { instantOfWallStamp } from './wall-stamp.js'

export type InstrumentDaysParams = {
  /** Such as `TWSE:2330`. */
  readonly instrument: string
  /** Session dates, half-open, 30 at most. */
  readonly start: string
  readonly end: string
}

const columns = ['Open', 'High', 'Low', 'Close', 'Volume', 'Amount'] as const

/**
 * Minute bars of one instrument. Shioaji labels a minute by its end, with the clock on the wall, and counts lots; turnover in TWD.
 * A minute that is not over, and a day that is not settled, are not final.
 * Throws UPSTREAM_RATE_LIMITED, also for the bytes of a day, UPSTREAM_REFUSED, UPSTREAM_CHANGED, UPSTREAM_FAILED.
 * Source: Shioaji kbars, our notes on upstreams, 5.
 */
export const minuteBars: Handler<InstrumentDaysParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { exchange, symbol } = parseInstrument(instrument)
  const lot = lotOf(symbol, 'Shioaji')
  if (start > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  // Both are days of the answer.
  const question = { contract: contractOf(instrument), start, end: addDays(end, -1) }
  const rows = readKbars(await ask(context, '/data/kbars', question), lot)
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: '1m', start, end }
  if (rows.length === 0) {
    await requireQuota(context)
    return { task, data: { absence: 'no-data', covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const place = taiwanExchange(exchange)
  const dates = rows.flatMap(({ labelMs }) => (Number.isNaN(labelMs) ? [] : [sessionDateOf(place, labelMs)]))
  const stray = dates.find((date) => date < start || date >= end)
  if (stray !== undefined) {
    throw upstreamError(
      'UPSTREAM_CHANGED',
      `Shioaji was asked from ${start} until before ${end}, but tells of ${stray}.`,
    )
  }
  const { bars, refused } = readMinuteRows(instrument, rows)
  const told = bars.map((bar) => {
    return sessionDateOf(place, Date.parse(bar.ts)) <= trust.settledThrough ? bar : { ...bar, final: false }
  })
  const last = dates.toSorted().at(-1)
  return {
    task,
    data: { bars: [{ interval: '1m', bars: told }], covers: spokenFor(coverage, last, trust), refused },
    nextTasks: [],
  }
}

/** Labels become those of starts: the row of 09:01 is the minute from 09:00 on. */
function readKbars(answer: unknown, lot: number): readonly MinuteRow[] {
  const what = "Shioaji's kbars"
  const stamps = typeof answer === 'object' && answer !== null && 'ts' in answer ? 'ts' : 'datetime'
  return rowsOf(answer, what, [stamps, ...columns]).map((row): MinuteRow => {
    const lots = numberOf(row.Volume)
    const amount = numberOf(row.Amount)
    return {
      labelMs: instantOfWallStamp(row[stamps]) - MS_PER_MINUTE,
      open: numberOf(row.Open),
      high: numberOf(row.High),
      low: numberOf(row.Low),
      close: numberOf(row.Close),
      volumeShares: typeof lots === 'number' ? Math.round(lots * lot) : lots,
      turnover: amount ?? null,
    }
  })
}
