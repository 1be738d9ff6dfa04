import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openContents } from '../store/contents.js'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import type { EntitySet } from './entity-set.js'
import { entitySets } from './entity-sets.js'
import { parseOptions } from './parse-options.js'
import { boundaryQuery, type PagePosition, pageQuery, readEntities } from './read-sql.js'

let directory: string
let store: Store
let bars: EntitySet

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-odata-read-'))
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  const { catalog, sources } = await openContents(store)
  await catalog.createMissing(Array.from({ length: 50 }, (_, index) => `TWSE:${1_000 + index}`))
  await store.command(
    `INSERT INTO bars_1m SELECT number % 50, toDateTime('2020-01-01 00:00:00', 'UTC') + intDiv(number, 50) * 60,
      1, 1, 1, 1, 1, NULL, NULL, 'test', true, now64(3) FROM numbers(2000000)`,
  )
  const found = entitySets(sources).find(({ name }) => name === 'bars_1m')
  if (found === undefined) throw new Error('bars are no entity set')
  bars = found
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

/** Two million bars are some 245 granules of 8,192 rows, five for each instrument. */
test.each<[string, PagePosition | undefined, number]>([
  ["$filter=instrument eq 'TWSE:1007'", undefined, 7],
  ["$filter=instrument eq 'TWSE:1007' and ts ge 2020-01-05T00:00:00Z and ts lt 2020-01-06T00:00:00Z", undefined, 2],
  ["$filter=instrument in ('TWSE:1007','TWSE:1009')", undefined, 14],
  ["$filter=instrument eq @i and ts eq 2020-01-05T00:00:00Z&@i='TWSE:1007'", undefined, 2],
  ['$top=10', ['45', '2020-01-10 00:00:00'], 30],
])('%s behind %s looks into at most %i granules', async (query, after, granulesMax) => {
  const read = readEntities(bars, parseOptions(query), 0)
  const page = { limit: 100, skip: 0, ...(after !== undefined && { after }) }
  for (const { sql, params } of [pageQuery(read, page, false), boundaryQuery(read, page)]) {
    const lines = await store.rows<{ explain: string }>(`SELECT explain FROM (EXPLAIN indexes = 1 ${sql})`, params)
    const counts = lines.flatMap(({ explain }) =>
      [...explain.matchAll(/Granules: (\d+)\/\d+/g)].map(([, n]) => Number(n)),
    )
    expect(counts.length).toBeGreaterThan(0)
    expect(Math.min(...counts)).toBeLessThanOrEqual(granulesMax)
  }
})
