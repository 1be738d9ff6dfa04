import { type Handler, upstreamError } from '@barkeep/core'
import { listOf, recordOf, textOf } from '../read-json.js'
import { ask, contractOf, numberOf } from './ask.js'
import { snapshotsDataset } from './datasets.js'
import { requireQuota } from './quota.js'
import { instantOfWallStamp } from './wall-stamp.js'

export type SnapshotsParams = {
  /** Up to 500. */
  readonly instruments: readonly string[]
  /** Milliseconds since the epoch: the page is another one each time. */
  readonly askedMs: number
}

/**
 * How instruments stand, as rows of `shioaji_snapshots`: volumes in lots, as told; a snapshot is of its moment, so it covers nothing.
 * Throws what `minuteBars` throws. Source: Shioaji snapshots, our notes on upstreams, 5.
 */
export const snapshots: Handler<SnapshotsParams> = async (task, context) => {
  const { instruments } = task.params
  const names = new Map(instruments.map((instrument) => [String(contractOf(instrument).code), instrument]))
  const answer = await ask(context, '/data/snapshots', { contracts: instruments.map(contractOf) })
  const told = listOf(answer, "Shioaji's snapshots").map((row) => recordOf(row, "One of Shioaji's snapshots"))
  if (told.length === 0) {
    await requireQuota(context)
    return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  }
  const rows = told.flatMap((row) => {
    const instrument = names.get(textOf(row.code))
    const ms = instantOfWallStamp(row.ts ?? row.datetime)
    if (Number.isNaN(ms))
      throw upstreamError('UPSTREAM_CHANGED', `A snapshot of Shioaji has no time: ${JSON.stringify(row)}.`)
    const figure = (name: string) => numberOf(row[name]) ?? null
    // Who was not asked for cannot be told to an exchange.
    if (instrument === undefined) return []
    return [
      {
        instrument,
        time: new Date(ms).toISOString(),
        open: figure('open'),
        high: figure('high'),
        low: figure('low'),
        close: figure('close'),
        total_volume_lots: figure('total_volume'),
        total_amount: figure('total_amount'),
        bid: figure('buy_price'),
        ask: figure('sell_price'),
      },
    ]
  })
  return { task, data: { rows: [{ dataset: snapshotsDataset, rows }], covers: [] }, nextTasks: [] }
}
