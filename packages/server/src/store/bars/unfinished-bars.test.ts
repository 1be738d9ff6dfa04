import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bar } from '@barkeep/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Contents, openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'
import { withoutRepeated } from './repeated-bars.js'
import { withdrawUnfinished } from './unfinished-bars.js'

let directory: string
let store: Store
let contents: Contents

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-unfinished-bars-'))
  store = await openChdbStore({ directory, streamsMax: 1 })
  contents = await openContents(store)
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const minute = (instrument: string, clock: string, final: boolean, close = 10): Bar & { final: boolean } => {
  const prices = { open: 10, high: 11, low: 9, close, volume: 1_000, turnover: null, trades: null }
  return { instrument, ts: `2026-03-11T${clock}:00Z`, ...prices, final }
}

const append = (source: string, bars: readonly Bar[]) => contents.ingest.append({ interval: '1m', source, bars })

async function kept(table: string, instrument: string): Promise<string[]> {
  const rows = await store.rows<{ ts: string; source: string }>(
    `SELECT formatDateTime(ts, '%H:%i', 'UTC') AS ts, source FROM ${table} FINAL WHERE instrument = {id:UInt32} ORDER BY ts`,
    { id: contents.catalog.instrument(instrument)?.id ?? -1 },
  )
  return rows.map(({ ts, source }) => `${ts} ${source}`)
}

test('what may still change of a session that was told to its end is put aside, of those instruments and that session alone', async () => {
  for (const instrument of ['TWSE:1101', 'TWSE:2330']) {
    await append('poll', [minute(instrument, '02:00', false), minute(instrument, '05:25', false)])
    await append('live', [minute(instrument, '01:00', true)])
  }
  const ids = [contents.catalog.instrument('TWSE:2330')?.id ?? -1]
  const told = { interval: '1m', exchange: contents.catalog.exchange('TWSE'), ids } as const
  await withdrawUnfinished(store, { ...told, start: '2026-03-10', end: '2026-03-11' })
  expect(await kept('bars_1m', 'TWSE:2330')).toEqual(['01:00 live', '02:00 poll', '05:25 poll'])
  await withdrawUnfinished(store, { ...told, start: '2026-03-11', end: '2026-03-12' })
  expect(await kept('bars_1m', 'TWSE:2330')).toEqual(['01:00 live'])
  expect(await kept('bars_1m_other', 'TWSE:2330')).toEqual(['02:00 poll', '05:25 poll'])
  expect(await kept('bars_1m', 'TWSE:1101')).toEqual(['01:00 live', '02:00 poll', '05:25 poll'])
})

test('what a source tells again is left out, and what it tells otherwise is not', async () => {
  const first = [
    minute('TWSE:2603', '01:00', true),
    minute('TWSE:2603', '01:01', true),
    minute('TWSE:2603', '01:02', false),
  ]
  await append('poll', first)
  const told = [first[0], minute('TWSE:2603', '01:01', true, 10.5), minute('TWSE:2603', '01:02', true)]
  const again = [
    ...told.flatMap((bar) => bar ?? []),
    minute('TWSE:2603', '01:03', false),
    minute('TWSE:9999', '01:00', true),
  ]
  const newsOf = async (source: string) =>
    (await withoutRepeated(store, contents.catalog, { interval: '1m', source, bars: again })).length
  expect([await newsOf('poll'), await newsOf('other')]).toEqual([4, 5])
})
