import type { Catalog } from '../packages/server/src/store/catalog.js'
import { openContents } from '../packages/server/src/store/contents.js'
import { openStore } from '../packages/server/src/store/open-store.js'
import { CrawlTable } from '../packages/server/src/store/tasks/crawl-table.js'
import { CrawlTables } from '../packages/server/src/store/tasks/crawl-tables.js'

const bars = [
  ['TWSE:2330', '2026-10-01T01:00:00Z', 1, 2, 0.5, 1.5, 1_000, 1_500.25, 7],
  ['TWSE:2330', '2026-10-02T01:00:00Z', 1.5, 2, 1, 1.25, 9_007_199_254, null, null],
  ['TWSE:2330', '2026-10-05T01:00:00Z', 1.25, 2, 1, 1.25, 0, 0, 0],
  ['TWSE:2409', '2026-10-01T01:00:00Z', 10, 20, 5, 15, 1_000, null, 7],
  ['TWSE:2409', '2026-10-05T01:00:00Z', 10, 20, 5, 15, 1_000, null, 7],
] as const

/** Fills a data directory with a few rows of everything that a store keeps. */
export async function fillFormatsStore(directory: string): Promise<Catalog> {
  const nowhere = { url: '', user: '', password: '', database: '' }
  const store = await openStore({ directory, server: nowhere, streamsMax: 1, silenceMsMax: 600_000 })
  try {
    const { catalog, ingest } = await openContents(store)
    for (const interval of ['1m', '1h', '1d'] as const) {
      const text = bars
        .map(([instrument, ts, open, high, low, close, volume, turnover, trades]) =>
          JSON.stringify({ instrument, ts, open, high, low, close, volume, turnover, trades }),
        )
        .join('\n')
      const body = (async function* () {
        yield Buffer.from(text)
      })()
      await ingest.store({ interval, format: 'JSONEachRow', body, bytesMax: 1e6, source: 'test' })
    }
    const tables = new CrawlTables(store, catalog)
    const day = { of: '1d', start: '2026-10-01', end: '2026-10-02', connector: 'twse' }
    await tables.saveCoverage([
      { ...day, scope: 'TWSE:2330', outcome: 'page' },
      { ...day, scope: 'TWSE', outcome: 'holiday' },
    ])
    const source = 'test'
    await tables.saveAdjustments([
      { instrument: 'TWSE:2330', date: '2026-10-05', kind: 'split', value: 2, source },
      { instrument: 'TWSE:2330', date: '2026-10-02', kind: 'dividend', value: 0.125, source },
    ])
    const page = {
      url: 'https://www.twse.com.tw/',
      status: 200,
      headers: {},
      body: Buffer.from('x'),
      receivedAtMs: 1e12,
    }
    const asked = { connector: 'twse', handler: 'dailyBars', task: 'abc', params: { symbol: '2330' }, number: 0 }
    await tables.archive([{ ...asked, page }])
    const crawls = new CrawlTable(store)
    const order = { connector: 'twse', plan: 'daily', start: '2026-10-01', end: '2026-10-02' }
    for (const more of [{}, { instruments: ['TWSE:2330'] }]) {
      const { id } = await crawls.create(JSON.stringify({ ...order, ...more }))
      await crawls.setState(id, 'planned')
    }
    return catalog
  } finally {
    await store.close()
  }
}
