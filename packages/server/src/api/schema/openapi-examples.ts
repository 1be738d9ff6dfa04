import type { Catalog } from '../../store/catalog.js'

/** What one operation is tried out with: together these make a request that is answered. */
export interface OperationExample {
  /** Path and query parameters by name; all others stay empty when one tries it. */
  readonly params?: Readonly<Record<string, unknown>>
  /** A body as JSON, and as text of other types. */
  readonly body?: unknown
  readonly texts?: Readonly<Record<string, string>>
}

/** The names of which examples speak; they are of what the server holds, where it holds anything. */
export interface ExampleNames {
  readonly exchange: string
  readonly instrument: string
  readonly dataset: string
  /** Of a row of that dataset. */
  readonly key: string
}

/** Of a dataset, where there is one, and of a row of it, where it has one. */
export type ExampleRow = Pick<ExampleNames, 'dataset'> & Partial<Pick<ExampleNames, 'key'>>

const demonstration: ExampleNames = { exchange: 'SIM', instrument: 'SIM:1001', dataset: 'birds', key: '1' }

/** Names out of what is there; those of the demonstration stand for the rest. */
export function exampleNames({ instruments }: Catalog, row: ExampleRow | undefined): ExampleNames {
  const known = instruments.find(({ instrument }) => instrument === demonstration.instrument) ?? instruments[0]
  return { ...demonstration, ...(known && { exchange: known.exchange, instrument: known.instrument }), ...row }
}

/** A dataset of its own for what writes, so that trying it does no harm to what is there. */
export const tryOutDataset = 'try-out'

/** Examples by method and path. They run from top to bottom: what one needs, another one above has made. */
export function operationExamples({ exchange, instrument, dataset, key }: ExampleNames) {
  const bar = { instrument: 'SIM:TRYOUT', ts: '2026-11-20T01:00:00Z', open: 10, high: 11, low: 9.5, close: 10.5 }
  const row = { id: 1, name: 'Taiwan blue magpie', seen: '2026-11-20', count: 7 }
  const mine = { name: tryOutDataset }
  const plain = { dataset: tryOutDataset, key: '1' }
  const week = { start: '2026-11-16', end: '2026-11-21' }
  const rowTexts = {
    'text/csv': 'id,name,seen,count\n1,Taiwan blue magpie,2026-11-20,7\n',
    'application/x-ndjson': `${JSON.stringify(row)}\n`,
  }
  const barTexts = {
    'text/csv': 'instrument,ts,open,high,low,close,volume\nSIM:TRYOUT,2026-11-20T01:00:00Z,10,11,9.5,10.5,1000\n',
    'application/x-ndjson': `${JSON.stringify({ ...bar, volume: 1_000 })}\n`,
  }
  return {
    'GET /v1/bars': { params: { interval: '1h', instruments: [instrument], ...week, limit: 5 } },
    'POST /v1/bars/{interval}': {
      params: { interval: '1d', source: 'mine' },
      body: [{ ...bar, volume: 1_000 }],
      texts: barTexts,
    },
    'GET /v1/exchanges/{code}': { params: { code: exchange } },
    'POST /v1/exchanges': {
      body: [
        {
          code: 'TRYOUT',
          name: 'An exchange to try things on',
          mic: null,
          timeZone: 'Asia/Tokyo',
          currency: 'JPY',
          sessions: [{ since: '2000-01-01', open: '09:00', close: '15:00' }],
        },
      ],
    },
    'GET /v1/instruments': { params: { exchange, limit: 5 } },
    'GET /v1/instruments/{instrument}': { params: { instrument } },
    'POST /v1/instruments': { body: [{ instrument: 'SIM:TRYOUT', name: 'Try-out Ltd.', kind: 'stock' }] },
    'POST /v1/adjustments': {
      body: [{ instrument: 'SIM:TRYOUT', date: '2026-11-20', kind: 'split', value: 2 }],
    },
    'GET /v1/calendar/{code}': { params: { code: exchange, start: '2026-11-02', end: '2026-11-21' } },
    'GET /v1/datasets/{name}': { params: { name: dataset } },
    'GET /v1/datasets/{name}/rows': { params: { name: dataset, limit: 5 } },
    'GET /v1/datasets/{name}/rows/{key}': { params: { name: dataset, key } },
    'GET /v1/datasets/{name}.proto': { params: { name: dataset } },
    'GET /api/{dataset}': { params: { dataset, $start: 0, $take: 5 } },
    'GET /api/{dataset}/{key}': { params: { dataset, key } },
    'PUT /v1/datasets/{name}': {
      params: mine,
      body: {
        title: 'Birds that we saw',
        licence: 'CC0-1.0',
        key: ['id'],
        columns: [
          { name: 'id', type: 'integer' },
          { name: 'name', type: 'string' },
          { name: 'seen', type: 'date' },
          { name: 'count', type: 'integer', nullable: true },
        ],
      },
    },
    'POST /v1/datasets/{name}/rows': { params: mine, body: [row], texts: rowTexts },
    'PUT /v1/datasets/{name}/rows': { params: mine, body: [row], texts: rowTexts },
    'PUT /v1/datasets/{name}/rows/{key}': { params: { ...mine, key: '1' }, body: { ...row, count: 8 } },
    'PATCH /v1/datasets/{name}/rows/{key}': { params: { ...mine, key: '1' }, body: { count: 9 } },
    'DELETE /v1/datasets/{name}/rows/{key}': { params: { ...mine, key: '1' } },
    'POST /api/{dataset}': { params: { dataset: tryOutDataset }, body: { ...row, id: 2 } },
    'PUT /api/{dataset}/{key}': { params: plain, body: { ...row, count: 8 } },
    'PATCH /api/{dataset}/{key}': { params: plain, body: { count: 9 } },
    'DELETE /api/{dataset}/{key}': { params: plain },
    'DELETE /v1/datasets/{name}/rows': { params: { ...mine, filters: { 'count.lt': '5' } } },
    'DELETE /v1/datasets/{name}': { params: mine },
    'GET /v1/gaps': { params: { exchange, interval: '1d', ...week, limit: 5 } },
    'POST /v1/backfills': {
      params: { dry_run: 'true' },
      body: { exchange, interval: '1d', start: '2026-11-02', end: '2026-11-21' },
    },
    'POST /v1/crawls': {
      params: { dry_run: 'true' },
      body: {
        connector: 'twse',
        plan: 'daily-bars',
        instruments: ['TWSE:2330'],
        start: '2026-01-01',
        end: '2026-11-01',
      },
    },
    'POST /v1/connectors/{id}': { params: { id: 'twse' }, body: { revive: false } },
    'POST /v1/connectors/{id}/reparse': { params: { id: 'twse' } },
    'POST /v1/crawl-results': {
      body: { task: { connector: 'twse', handler: 'dailyBars', params: {} }, data: null, pages: [] },
    },
    'GET /v1/search': { params: { q: instrument, sources: ['instruments'] } },
    'GET /v1/searches/{id}/changes': { params: { since: 1 } },
    'GET /v1/stream': { params: { topic: 'kmin', instruments: [instrument] } },
    'POST /v1/bars/{interval}/notify': { params: { interval: '1m' }, body: { done: '2026-11-20T01:00:00Z' } },
    'GET /v1/coverage': { params: { limit: 5 } },
    'PUT /v1/schedules/{name}': {
      params: { name: tryOutDataset },
      body: {
        cron: '30 18 * * 1-5',
        exchange: 'TWSE',
        days: 1,
        crawl: { connector: 'twse', plan: 'market-days' },
      },
    },
    'DELETE /v1/schedules/{name}': { params: { name: tryOutDataset } },
    'POST /v1/keys': { body: { name: 'laptop', scopes: ['read'] } },
  } satisfies Record<string, OperationExample>
}
