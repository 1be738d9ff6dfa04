import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatasetColumn } from '@barkeep/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'
import type { RowSource } from './dataset-source.js'
import { type DatasetFilter, type RowPosition, rowBoundaryQuery, rowsQuery } from './dataset-sql.js'

let directory: string
let store: Store
let bars: RowSource

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-dataset-sql-'))
  store = await openChdbStore({ directory, streamsMax: 2 })
  const { catalog, sources } = await openContents(store)
  await catalog.createMissing(Array.from({ length: 50 }, (_, index) => `TWSE:${1_000 + index}`))
  await store.command(
    `INSERT INTO bars_1m SELECT number % 50, toDateTime('2020-01-01 00:00:00', 'UTC') + intDiv(number, 50) * 60,
      1, 1, 1, 1, 1, NULL, NULL, 'test', true, now64(3) FROM numbers(2000000)`,
  )
  bars = sources.get('bars_1m')
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const filter = (name: string, operator: DatasetFilter['operator'], ...values: string[]): DatasetFilter => {
  const column = bars.dataset.columns.find((one) => one.name === name) as DatasetColumn // of a table written here
  return { column, operator, values }
}

/** Two million bars are some 245 granules of 8,192 rows, five for each instrument. */
test.each<[string, () => DatasetFilter[], RowPosition | undefined, number]>([
  ['one instrument', () => [filter('instrument', 'eq', 'TWSE:1007')], undefined, 7],
  [
    'a day of it',
    () => [
      filter('instrument', 'eq', 'TWSE:1007'),
      filter('ts', 'gte', '2020-01-05T00:00:00.000Z'),
      filter('ts', 'lt', '2020-01-06T00:00:00.000Z'),
    ],
    undefined,
    2,
  ],
  ['two instruments', () => [filter('instrument', 'in', 'TWSE:1007', 'TWSE:1009', 'TWSE:nothing')], undefined, 14],
  ['a page far behind', () => [], [45, '2020-01-10T00:00:00Z'], 30],
])('%s is found by the index', async (_, filters, after, granulesMax) => {
  const read = {
    source: bars,
    columns: bars.dataset.columns,
    filters: filters(),
    sort: [],
    ...(after !== undefined && { after }),
  }
  for (const { sql, params } of [rowsQuery({ ...read, limit: 100 }), rowBoundaryQuery(read, 100)]) {
    const lines = await store.rows<{ explain: string }>(`SELECT explain FROM (EXPLAIN indexes = 1 ${sql})`, params)
    const counts = lines.flatMap(({ explain }) =>
      [...explain.matchAll(/Granules: (\d+)\/\d+/g)].map(([, n]) => Number(n)),
    )
    expect(counts.length).toBeGreaterThan(0)
    expect(Math.min(...counts)).toBeLessThanOrEqual(granulesMax)
  }
})
