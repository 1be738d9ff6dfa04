import { BarkeepError, createClient } from '@barkeep/client'

/** What a page does with a real server, in plain JSON. Runs in a browser, so it imports nothing of Node. */
export async function useRealServer(url: string): Promise<unknown> {
  const client = createClient({ url })
  const hours = { interval: '1h', limit: 4 } as const
  let rows = 0
  for await (const _ of client.bars(['SIM:1001'], hours)) rows += 1
  const table = await client.loadBars({ interval: '1h', instruments: ['SIM:1001'] })
  let batchRows = 0
  for await (const batch of client.barBatches({ interval: '1m' })) batchRows += batch.numRows
  const mine = [{ instrument: 'SIM:mine', ts: '2026-11-20T01:00:00Z', open: 1, high: 2, low: 1, close: 2, volume: 3 }]
  const created = await client.createBars('1d', mine, { idempotencyKey: 'page' })
  const repeated = await client.createBars('1d', mine, { idempotencyKey: 'page' })
  const error = await client.instrument('SIM:none').catch((reason: unknown) => reason)
  return {
    rows,
    tableRows: table.numRows,
    firstInstrument: table.getChild('instrument').at(0),
    closes: table.getChild('close').toArray().constructor.name,
    firstDate: new Date(table.getChild('ts').at(0) ?? Number.NaN).toISOString().slice(0, 10),
    batchRows,
    created,
    isRepeatTheSame: JSON.stringify(repeated) === JSON.stringify(created),
    code: error instanceof BarkeepError ? error.code : undefined,
  }
}
