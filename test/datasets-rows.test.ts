import { createClient } from '@barkeep/client'
import { describe, expect, test } from 'vitest'
import { testServer } from './test-server.js'

const server = testServer()

const birds = [
  { No: '3', Seen: '2013-06-21', Place: '玉山', Lon: '120.93', Count: 2, Wild: true },
  { No: '1', Seen: '2013-06-20', Place: "it's \\ here", Lon: '120.5', Count: 1, Wild: false },
  { No: '2', Seen: '2013-06-20', Place: '玉山', Lon: '', Count: 7, Wild: null },
]

const get = async (path: string) => {
  const answer = await server.ask(path)
  return { status: answer.status, headers: answer.headers, body: await answer.text() }
}
const getJson = async (path: string) => JSON.parse((await get(path)).body)
const post = (path: string, body: string | Uint8Array, type = 'application/json', headers = {}) =>
  server.send('POST', path, body, { 'content-type': type, ...headers })

describe('rows go in and come out', () => {
  test('the first body makes the dataset', async () => {
    const answer = await post('/v1/datasets/birds/rows?key=No&title=Birds&licence=OGDL', JSON.stringify(birds))
    expect(await answer.json()).toMatchObject({ data: { dataset: 'birds', rows: 3, replaced: 0, created: true } })
    const { data } = await getJson('/v1/datasets/birds')
    expect(data).toEqual({
      name: 'birds',
      title: 'Birds',
      licence: 'OGDL',
      source: null,
      key: ['No'],
      columns: [
        { name: 'No', type: 'string', nullable: false },
        { name: 'Seen', type: 'string', nullable: true },
        { name: 'Place', type: 'string', nullable: true },
        { name: 'Lon', type: 'string', nullable: true },
        { name: 'Count', type: 'integer', nullable: true },
        { name: 'Wild', type: 'boolean', nullable: true },
      ],
    })
    const listed: { readOnly?: true }[] = (await getJson('/v1/datasets')).data
    expect(listed.filter(({ readOnly }) => readOnly !== true)).toEqual([data])
  })

  test('rows come in the order in which they were sent, and as they were', async () => {
    const page = await getJson('/v1/datasets/birds/rows')
    expect(page.data).toEqual(birds)
    expect(page).toMatchObject({ total: 3, next_cursor: null })
  })

  test('a row with a known key replaces the one it has, in its place', async () => {
    const body = JSON.stringify([
      { No: '9', Count: 5 },
      { ...birds[1], Count: 4 },
    ])
    expect(await (await post('/v1/datasets/birds/rows', body)).json()).toMatchObject({
      data: { rows: 2, replaced: 1, created: false },
    })
    const rows = (await getJson('/v1/datasets/birds/rows?fields=No,Count')).data
    expect(rows).toEqual([
      { No: '3', Count: 2 },
      { No: '1', Count: 4 },
      { No: '2', Count: 7 },
      { No: '9', Count: 5 },
    ])
  })

  test.each([
    ['Place=玉山', ['3', '2']],
    ["Place=it's \\ here", ['1']],
    ['Count.gte=4', ['1', '2', '9']],
    ['Count.gt=4&Count.lt=7', ['9']],
    ['No.in=9,1', ['1', '9']],
    ['Wild=true', ['3']],
    ['Count.lte=4&sort=Count', ['3', '1']],
    ['sort=-Count', ['2', '9', '1', '3']],
    ['sort=Place,-No', ['1', '3', '2', '9']],
    ['sort=-Wild', ['3', '1', '2', '9']],
    ['No=none', []],
  ])('%s', async (query, expected) => {
    const all = await getJson(`/v1/datasets/birds/rows?${encodeURI(query).replaceAll('+', '%2B')}`)
    expect(all.data.map((row: { No: string }) => row.No)).toEqual(expected)
    expect(all.total).toBe(expected.length)
    // Whatever the page's size, the pages together are the whole.
    const paged: string[] = []
    const { rows } = createClient({ url: server.url }).dataset<{ No: string }>('birds')
    const params = new URLSearchParams(query.replaceAll('+', '%2B'))
    const sort = params.get('sort')?.split(',')
    params.delete('sort')
    for await (const row of rows({ where: Object.fromEntries(params), ...(sort && { sort }), limit: 1 })) {
      paged.push(row.No)
    }
    expect(paged).toEqual(expected)
  })

  test('one row is found by its key', async () => {
    expect((await getJson('/v1/datasets/birds/rows/9')).data.Count).toBe(5)
    const missing = await get('/v1/datasets/birds/rows/none')
    expect([missing.status, JSON.parse(missing.body).code]).toEqual([404, 'NOT_FOUND'])
  })

  test('every format has the same rows', async () => {
    const rows = (await getJson('/v1/datasets/birds/rows?fields=No,Count')).data
    const csv = await get('/v1/datasets/birds/rows?fields=No,Count&format=csv')
    expect(csv.body.replaceAll('"', '').trim().split('\n')).toEqual([
      'No,Count',
      ...rows.map((row: { No: string; Count: number }) => `${row.No},${row.Count}`),
    ])
    expect(csv.headers.get('x-total-count')).toBe('4')
    const ndjson = await get('/v1/datasets/birds/rows?fields=No,Count&format=ndjson')
    expect(
      ndjson.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows)
    for (const [format, type] of [
      ['arrow', 'application/vnd.apache.arrow.stream'],
      ['parquet', 'application/vnd.apache.parquet'],
    ] as const) {
      const answer = await fetch(`${server.url}/v1/datasets/birds/rows?format=${format}`)
      const body = new Uint8Array(await answer.arrayBuffer())
      const copied = await post(`/v1/datasets/copy-${format}/rows?key=No`, body, type)
      expect([format, copied.status, await copied.json()]).toMatchObject([format, 201, { data: { rows: 4 } }])
      expect((await getJson(`/v1/datasets/copy-${format}/rows?fields=No,Count`)).data).toEqual(rows)
    }
  })

  test('columns can be called what the store calls its own', async () => {
    const names = ['row', 'new', 'old', 'key0', 'type0', 'nullable0', 'v0', 'at', 'fault', 'total', 'p0', 'n', '_seq']
    const rows = [5, 3, 4].map((start) => Object.fromEntries(names.map((name, index) => [name, start * 100 + index])))
    expect((await post('/v1/datasets/awkward/rows?key=row,key0', JSON.stringify(rows))).status).toBe(201)
    expect((await post('/v1/datasets/awkward/rows', JSON.stringify(rows))).status).toBe(201)
    const client = createClient({ url: server.url }).dataset<{ row: number }>('awkward')
    expect(await client.rows().toArray()).toEqual(rows)
    const sorted = await client
      .rows({ where: { v0: { gt: 0 }, n: { gt: 0 } }, sort: ['p0', 'row'], limit: 1 })
      .toArray()
    expect(sorted.map(({ row }) => row)).toEqual([300, 400, 500])
  })

  test('the types of CSV are read from its text, and codes keep their zeros', async () => {
    const csv =
      'code,day,price,lots,at,note\n0050,2026-11-20,1.50,10,2026-11-20T09:00:00+08:00,\n2330,2026-11-19,2,-3,2026-11-20T01:00:00Z,x\n'
    expect((await post('/v1/datasets/prices/rows?key=code,day', csv, 'text/csv')).status).toBe(201)
    const { columns } = (await getJson('/v1/datasets/prices')).data
    expect(columns.map(({ name, type }: { name: string; type: string }) => `${name}:${type}`)).toEqual([
      'code:string',
      'day:date',
      'price:number',
      'lots:integer',
      'at:instant',
      'note:string',
    ])
    expect((await getJson('/v1/datasets/prices/rows/0050,2026-11-20')).data).toEqual({
      code: '0050',
      day: '2026-11-20',
      price: 1.5,
      lots: 10,
      at: '2026-11-20T01:00:00.000Z',
      note: null,
    })
    const filtered = await getJson('/v1/datasets/prices/rows?day.gte=2026-11-20&at=2026-11-20T01:00:00Z')
    expect(filtered.data.map(({ code }: { code: string }) => code)).toEqual(['0050'])
  })
})

describe('what cannot be done says why', () => {
  test.each([
    ['/v1/datasets/brids', 404, 'NOT_FOUND', "'birds'"],
    ['/v1/datasets/brids/rows', 404, 'NOT_FOUND', "'birds'"],
    ['/v1/datasets/birds/rows?Cuont=1', 400, 'UNKNOWN_PARAMETER', "'Count'"],
    ['/v1/datasets/birds/rows?Count=many', 400, 'INVALID_PARAMETER', 'integer'],
    ['/v1/datasets/birds/rows?Count.ge=1', 400, 'UNKNOWN_PARAMETER', 'Count'],
    ['/v1/datasets/birds/rows?sort=Cuont', 400, 'INVALID_PARAMETER', "'Count'"],
    ['/v1/datasets/birds/rows?fields=No,No', 400, 'INVALID_PARAMETER', 'twice'],
    ['/v1/datasets/birds/rows?cursor=nonsense', 400, 'INVALID_PARAMETER', 'next_cursor'],
    ['/v1/datasets/birds/rows?limit=0', 400, 'INVALID_PARAMETER', 'limit'],
    ['/v1/datasets/birds/rows?Wild=maybe', 400, 'INVALID_PARAMETER', 'boolean'],
    ['/v1/datasets/prices/rows?day=2026-02-30', 400, 'INVALID_PARAMETER', '2026-02-30'],
    ['/v1/datasets/prices/rows?at=2026-11-20T09:00:00', 400, 'INVALID_PARAMETER', 'offset'],
  ])('%s', async (path, status, code, hint) => {
    const answer = await get(path)
    const problem = JSON.parse(answer.body)
    expect([answer.status, problem.code]).toEqual([status, code])
    expect(problem.message).toContain(hint)
  })

  test.each([
    ['new/rows', 'application/json', '[{"a":1}]', 400, 'MISSING_PARAMETER', 'key='],
    ['new/rows?key=b', 'application/json', '[{"a":1}]', 400, 'INVALID_BODY', "'b'"],
    ['new/rows?key=a', 'application/json', '[{"a":1},{"b":1}]', 400, 'INVALID_BODY', "'a'"],
    ['new/rows?key=a', 'application/json', '[{"a":1},{"a":1}]', 422, 'INVALID_ROWS', 'row 1'],
    ['new/rows?key=a', 'application/json', '[{"a":', 400, 'INVALID_BODY', 'read'],
    ['new/rows?key=a', 'application/json', '[]', 400, 'INVALID_BODY', 'body'],
    ['new/rows?key=a', 'text/html', '<a>', 415, 'UNSUPPORTED_MEDIA_TYPE', 'text/csv'],
    ['New/rows?key=a', 'application/json', '[{"a":1}]', 400, 'INVALID_BODY', 'name'],
    ['new/rows?key=a b', 'application/json', '[{"a b":1}]', 400, 'INVALID_BODY', "'a b'"],
    ['birds/rows', 'application/json', '[{"No":"1","Cuont":1}]', 400, 'INVALID_BODY', "'Count'"],
    ['birds/rows', 'application/json', '[{"Count":1}]', 400, 'INVALID_BODY', "'No'"],
    ['birds/rows', 'application/json', '[{"No":"5","Count":"x"}]', 422, 'INVALID_ROWS', 'no integer'],
    ['birds/rows', 'text/csv', 'No,Count\n5,1\n6,2.5\n', 422, 'INVALID_ROWS', 'row 1'],
    ['prices/rows', 'text/csv', 'code,day\n1,2026-13-01\n', 422, 'INVALID_ROWS', 'no date'],
  ])('POST %s %s %s', async (path, type, body, status, code, hint) => {
    const answer = await post(`/v1/datasets/${path}`, body, type)
    const problem = await answer.json()
    expect([answer.status, problem.code, problem.message]).toEqual([status, code, expect.stringContaining(hint)])
    expect((await getJson('/v1/datasets/birds/rows')).total).toBe(4)
    expect((await get('/v1/datasets/new')).status).toBe(404)
  })
})

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'one' }
  const path = '/v1/datasets/once/rows?key=a'

  test('makes a repeated request count once', async () => {
    const first = await (await post(path, '[{"a":1}]', 'application/json', key)).json()
    const again = await (await post(path, '[{"a":1}]', 'application/json', key)).json()
    expect(again).toEqual(first)
    expect(first.data).toMatchObject({ created: true, replaced: 0 })
  })

  test('cannot be used for another request', async () => {
    const other = await post(path, '[{"a":2}]', 'application/json', key)
    expect([other.status, (await other.json()).code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED'])
    expect((await getJson('/v1/datasets/once/rows')).total).toBe(1)
  })

  test('of a request that failed is free again', async () => {
    const fresh = { 'idempotency-key': 'two' }
    expect((await post(path, '[{"b":2}]', 'application/json', fresh)).status).toBe(400)
    expect((await post(path, '[{"a":2}]', 'application/json', fresh)).status).toBe(201)
  })
})
