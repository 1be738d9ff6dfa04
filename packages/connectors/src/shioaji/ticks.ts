import { type Handler, sessionDateOf, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { spokenFor } from '../spoken-for.js'
import { taiwanExchange, todayInTaipei, trustAt } from '../taiwan/sessions.js'
import { ask, contractOf, numberOf, rowsOf } from './ask.js'
import { ticksDataset } from './datasets.js'
import { requireQuota } from './quota.js'
import { instantOfWallStamp } from './wall-stamp.js'

export type TicksParams = {
  readonly instrument: string
  /** Session date. */
  readonly date: string
}

const columns = ['close', 'volume', 'bid_price', 'bid_volume', 'ask_price', 'ask_volume', 'tick_type'] as const

/** Its numbers for the side from which a trade came. */
const sides: Readonly<Record<number, string>> = { 1: 'ask', 2: 'bid' }

/**
 * All matches of one instrument on one date, as rows of `shioaji_ticks`: volumes in lots, as told.
 * Throws what `minuteBars` throws. Source: Shioaji ticks, our notes on upstreams, 5.
 */
export const ticks: Handler<TicksParams> = async (task, context) => {
  const { instrument, date } = task.params
  if (date > todayInTaipei(context.now())) return { task, data: { absence: 'not-yet', covers: [] }, nextTasks: [] }
  const question = { contract: contractOf(instrument), date, query_type: 'AllDay' }
  const answer = await ask(context, '/data/ticks', question)
  const stamps = typeof answer === 'object' && answer !== null && 'ts' in answer ? 'ts' : 'datetime'
  const told = rowsOf(answer, "Shioaji's ticks", [stamps, ...columns])
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: ticksDataset, start: date, end: addDays(date, 1) }
  if (told.length === 0) {
    await requireQuota(context)
    return { task, data: { absence: 'no-data', covers: spokenFor(coverage, undefined, trust) }, nextTasks: [] }
  }
  const place = taiwanExchange(instrument.split(':')[0] ?? '')
  const rows = told.map((row, index) => {
    const ms = instantOfWallStamp(row[stamps])
    if (Number.isNaN(ms) || sessionDateOf(place, ms) !== date) {
      throw upstreamError(
        'UPSTREAM_CHANGED',
        `Shioaji was asked for ticks of ${date}, but tells one of ${row[stamps]}.`,
      )
    }
    const figure = (name: (typeof columns)[number]) => numberOf(row[name]) ?? null
    return {
      instrument,
      date,
      number: index + 1,
      time: new Date(ms).toISOString(),
      price: figure('close'),
      volume_lots: figure('volume'),
      bid: figure('bid_price'),
      bid_lots: figure('bid_volume'),
      ask: figure('ask_price'),
      ask_lots: figure('ask_volume'),
      side: sides[figure('tick_type') ?? 0] ?? null,
    }
  })
  const data = { rows: [{ dataset: ticksDataset, rows }], covers: spokenFor(coverage, date, trust) }
  return { task, data, nextTasks: [] }
}
