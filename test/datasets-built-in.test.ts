import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowInterface } from '../packages/cli/src/types.js'
import { fillFormatsStore } from './formats-store.js'

type Row = Record<string, unknown>

let directory: string
let server: RunningServer

const names = [
  'bars_1m',
  'bars_1h',
  'bars_1d',
  'instruments',
  'exchanges',
  'adjustments',
  'coverage',
  'crawls',
  'pages',
]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-built-in-'))
  await fillFormatsStore(directory)
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', 'api.pageAheadRows': '2' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const get = async (path: string) => (await fetch(server.url + path)).json()
const send = (method: string, path: string, body?: unknown, type = 'application/json') =>
  fetch(server.url + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  })

test('they are listed behind those of callers, as read only', async () => {
  const { data } = await get('/v1/datasets')
  expect(data.map(({ name }: Row) => name)).toEqual(names)
  expect(data.every(({ readOnly }: Row) => readOnly === true)).toBe(true)
})

describe('bars', () => {
  test('are what /v1/bars gives, with the name of the instrument and the instant as text', async () => {
    const columns = 'instrument,ts,open,high,low,close,volume,turnover,trades,source'
    const { data } = await get(`/v1/bars?interval=1d&columns=${columns}`)
    expect(data[0]).toMatchObject({ instrument: 'TWSE:2330', ts: '2026-10-01T01:00:00Z' })
    expect((await get('/v1/datasets/bars_1d/rows')).data).toEqual(data)
    expect(await get('/api/bars_1d?$start=1&$take=3')).toEqual(data.slice(1, 4))
  })

  test('are filtered, sorted and cut to fields', async () => {
    const { data } = await get(
      '/v1/datasets/bars_1d/rows?instrument.in=TWSE:2330,TWSE:9999&ts.gte=2026-10-02T00:00:00Z&sort=-ts&fields=ts,close',
    )
    expect(data).toEqual([
      { ts: '2026-10-05T01:00:00Z', close: 1.25 },
      { ts: '2026-10-02T01:00:00Z', close: 1.25 },
    ])
    expect((await get('/v1/datasets/bars_1d/rows?instrument=TWSE:9999')).data).toEqual([])
    expect((await get('/v1/datasets/bars_1d/rows?turnover.gt=1')).data).toHaveLength(1)
  })

  test('are found by key', async () => {
    const { data } = await get('/v1/datasets/bars_1d/rows/TWSE:2409,2026-10-05T01:00:00Z')
    expect(data).toMatchObject({ instrument: 'TWSE:2409', ts: '2026-10-05T01:00:00Z', close: 15 })
    const missing = await fetch(`${server.url}/v1/datasets/bars_1d/rows/TWSE:2409,2026-10-06T01:00:00Z`)
    expect([missing.status, (await missing.json()).code]).toEqual([404, 'NOT_FOUND'])
  })

  test('that may still change are left out, one sent again takes the place of the old, and no page is stale', async () => {
    const path = '/v1/datasets/bars_1h/rows?instrument=TWSE:2409&limit=1'
    const before = await get(path)
    const bar = { instrument: 'TWSE:2409', ts: '2026-10-01T01:00:00Z', open: 9, high: 9, low: 9, close: 9, volume: 1 }
    expect((await send('POST', '/v1/bars/1h', [bar])).status).toBe(201)
    const after = await get(path)
    expect([before.data[0].close, after.data[0].close]).toEqual([15, 9])
    expect([before.total, after.total]).toEqual([2, 2])
    const unknown = await get('/v1/datasets/bars_1h/rows?instrument=TWSE:1101&limit=1')
    expect((await send('POST', '/v1/bars/1h', [{ ...bar, instrument: 'TWSE:1101' }])).status).toBe(201)
    const known = await get('/v1/datasets/bars_1h/rows?instrument=TWSE:1101&limit=1')
    expect([unknown.data.length, known.data.length]).toEqual([0, 1])
  })

  test('are counted where an instrument is named, and by HEAD of the plain API', async () => {
    expect((await get('/v1/datasets/bars_1d/rows')).total).toBeUndefined()
    expect((await get('/v1/datasets/bars_1d/rows?instrument=TWSE:2330')).total).toBe(3)
    const head = await fetch(`${server.url}/api/bars_1d`, { method: 'HEAD' })
    expect(head.headers.get('x-datainfo-total')).toBe('5')
  })
})

test.each(names)('pages of %s, by any sort, lose no row and repeat none', async (name) => {
  const whole: Row[] = (await get(`/v1/datasets/${name}/rows?limit=1000`)).data
  const { columns } = (await get(`/v1/datasets/${name}`)).data
  const sorts = ['', ...columns.flatMap((column: Row) => [`&sort=${column.name}`, `&sort=-${column.name}`])]
  const textsOf = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort()
  for (const sort of sorts) {
    const rows: Row[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      // Three rows are more than are read ahead, so each page asks the engine for where it ends.
      const page = await get(`/v1/datasets/${name}/rows?limit=3${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      rows.push(...page.data)
      cursor = page.next_cursor
    }
    expect([sort, textsOf(rows)]).toEqual([sort, textsOf(whole)])
  }
  const plain: Row[] = []
  for (let start = 0; start < whole.length; start += 2)
    plain.push(...(await get(`/api/${name}?$start=${start}&$take=2`)))
  expect(plain).toEqual(whole)
})

test('what their rows are', async () => {
  expect((await get('/v1/datasets/adjustments/rows?instrument=TWSE:2330&fields=date,kind,value,source')).data).toEqual([
    { date: '2026-10-02', kind: 'dividend', value: 0.125, source: 'test' },
    { date: '2026-10-05', kind: 'split', value: 2, source: 'test' },
  ])
  const ordered = { connector: 'twse', plan: 'daily', start: '2026-10-01', end: '2026-10-02', state: 'planned' }
  expect((await get('/v1/datasets/crawls/rows')).data).toEqual([
    { id: 1, ...ordered, instruments: null },
    { id: 2, ...ordered, instruments: 1 },
  ])
  expect((await get('/v1/datasets/exchanges/rows/TWSE')).data).toMatchObject({ mic: 'XTAI', timeZone: 'Asia/Taipei' })
  expect((await get('/v1/datasets/instruments/rows?exchange=TWSE&kind=stock')).data[0]).toMatchObject({
    instrument: 'TWSE:2330',
    listed: null,
  })
  expect((await get('/v1/datasets/pages/rows?status=200')).data[0]).toMatchObject({ url: 'https://www.twse.com.tw/' })
})

test('an exchange that is added is there', async () => {
  const sessions = [{ since: '1900-01-01', open: '10:00', close: '16:00' }]
  const added = { code: 'MINE', name: 'Mine', mic: null, timeZone: 'Asia/Tokyo', currency: 'JPY', sessions }
  expect((await send('POST', '/v1/exchanges', [added])).status).toBe(201)
  const { data } = await get('/v1/datasets/exchanges/rows/MINE')
  expect({ ...data, sessions: JSON.parse(data.sessions) }).toEqual(added)
})

test.each([
  ['POST', '/v1/datasets/bars_1d/rows', [], 'POST /v1/bars/1d'],
  ['PUT', '/v1/datasets/instruments/rows', [], 'POST /v1/instruments'],
  ['DELETE', '/v1/datasets/coverage/rows?of=1d', undefined, 'POST /v1/crawls'],
  ['DELETE', '/v1/datasets/exchanges/rows/TWSE', undefined, 'POST /v1/exchanges'],
  ['PATCH', '/v1/datasets/exchanges/rows/TWSE', {}, 'POST /v1/exchanges'],
  ['DELETE', '/v1/datasets/crawls', undefined, 'POST /v1/crawls'],
  ['PUT', '/v1/datasets/pages', { key: ['id'], columns: [{ name: 'id', type: 'string' }] }, 'another name'],
  ['POST', '/api/bars_1m', {}, 'POST /v1/bars/1m'],
  ['PUT', '/api/adjustments/x', {}, 'POST /v1/adjustments'],
])('%s %s is refused with where to write', async (method, path, body, hint) => {
  const answer = await send(method, path, body)
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  const { code, message } = await answer.json()
  expect([code, message]).toEqual(['METHOD_NOT_ALLOWED', expect.stringContaining(hint)])
})

test.each([
  ['bars_1d', [1, 'yesterday']],
  ['bars_1d', ['TWSE:2330', '2026-10-01T01:00:00Z']],
  ['bars_1d', [1]],
  ['coverage', ['1d', 'TWSE', '2026', '2026-10-01', 'twse']],
  ['instruments', [-1]],
])('a cursor of %s that is %j is refused', async (name, position) => {
  const cursor = Buffer.from(JSON.stringify(position)).toString('base64url')
  const answer = await fetch(`${server.url}/v1/datasets/${name}/rows?cursor=${cursor}`)
  expect([answer.status, (await answer.json()).code]).toEqual([400, 'INVALID_PARAMETER'])
})

test('OData has them with their keys, and finds an instrument by its name', async () => {
  const { value } = await get('/odata/v4/')
  expect(value.map(({ name }: Row) => name)).toEqual(names)
  expect(await get("/odata/v4/exchanges('TWSE')")).toMatchObject({ mic: 'XTAI' })
  const filter = encodeURIComponent("instrument eq 'TWSE:2330' and kind eq 'split'")
  expect((await get(`/odata/v4/adjustments?$filter=${filter}`)).value).toMatchObject([{ value: 2, date: '2026-10-05' }])
  expect((await get('/odata/v4/exchanges?$apply=aggregate($count%20as%20n)')).value[0].n).toBeGreaterThan(1)
})

test('a program gets their types and walks over them', async () => {
  const client = createClient({ url: server.url })
  expect(rowInterface(await client.dataset('bars_1d').info())).toContain('export interface Bars1dRow {')
  const seen: unknown[] = []
  for await (const { symbol } of client.dataset<{ symbol: string }>('instruments').rows({ limit: 1 })) seen.push(symbol)
  expect(seen.slice(0, 2)).toEqual(['2330', '2409'])
})
