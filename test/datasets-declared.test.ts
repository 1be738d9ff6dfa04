import { createClient } from '@barkeep/client'
import { describe, expect, test } from 'vitest'
import { testServer } from './test-server.js'

const server = testServer()

const get = async (path: string) => {
  const answer = await server.ask(path)
  return { status: answer.status, body: await answer.text() }
}
const getJson = async (path: string) => JSON.parse((await get(path)).body)
const send = async (method: string, path: string, body?: unknown) => {
  const answer = await server.send(method, path, body)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

describe('a dataset that is declared', () => {
  const definition = {
    title: 'Valuations',
    key: ['code', 'day'],
    columns: [
      { name: 'code', type: 'string' },
      { name: 'day', type: 'date' },
      { name: 'ratio', type: 'number', title: 'Price to earnings' },
      { name: 'lots', type: 'integer' },
    ],
  }
  const path = '/v1/datasets/valuations'
  const keyed = (row: object) => ({ ratio: null, lots: null, ...row })

  test('is there before any row, with the columns of its key never without a value', async () => {
    const made = await send('PUT', path, definition)
    expect(made).toMatchObject({ status: 201, body: { data: { name: 'valuations', licence: null } } })
    expect(made.body.data.columns.map(({ nullable }: { nullable: boolean }) => nullable)).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(await getJson(`${path}/rows`)).toMatchObject({ data: [], total: 0 })
    expect((await send('PUT', path, definition)).status).toBe(200)
  })

  test('takes rows by their keys, one by one', async () => {
    const row = `${path}/rows/0050,2026-11-20`
    const first = { code: '0050', day: '2026-11-20', ratio: 1.5, lots: 3 }
    expect(await send('PUT', row, { ratio: 1.5, lots: 3 })).toMatchObject({ status: 201, body: { data: first } })
    expect(await send('PUT', row, { lots: 4 })).toMatchObject({ status: 200, body: { data: { ratio: null, lots: 4 } } })
    await send('PATCH', row, { lots: '123456789012345678' })
    await send('PATCH', row, { ratio: 2 })
    const text = (await get(`${path}/rows?format=ndjson`)).body
    expect(text).toBe('{"code":"0050","day":"2026-11-20","ratio":2,"lots":123456789012345678}\n')
    expect((await send('DELETE', row)).body.data).toEqual({ dataset: 'valuations', deleted: 1 })
    expect((await send('DELETE', row)).status).toBe(404)
    expect((await getJson(`${path}/rows`)).total).toBe(0)
  })

  test('can have all rows replaced at once, or stays as it was', async () => {
    const days = ['2026-11-18', '2026-11-19', '2026-11-20']
    const rows = days.map((day) => keyed({ code: '2330', day }))
    expect((await send('PUT', `${path}/rows`, rows)).body.data).toMatchObject({ rows: 3, replaced: 0, removed: 0 })
    const others = [keyed({ code: '2330', day: '2026-11-20', lots: 1 }), keyed({ code: '0050', day: '2026-11-18' })]
    const report = { dataset: 'valuations', rows: 2, replaced: 1, removed: 2, created: false }
    expect(await send('PUT', `${path}/rows`, others)).toMatchObject({ status: 200, body: { data: report } })
    expect((await getJson(`${path}/rows`)).data).toEqual(others)
    const broken = await send('PUT', `${path}/rows`, [...rows, { code: '1', day: 'yesterday' }])
    expect([broken.status, broken.body.code]).toEqual([422, 'INVALID_ROWS'])
    expect((await getJson(`${path}/rows`)).data).toEqual(others)
    expect((await send('PUT', `${path}/rows`, rows)).body.data).toMatchObject({ replaced: 1, removed: 1 })
    expect((await getJson(`${path}/rows`)).data).toEqual(rows)
  })

  test('loses the rows that filters name, and none without a filter', async () => {
    expect((await send('DELETE', `${path}/rows?day.lte=2026-11-19&code=2330`)).body.data.deleted).toBe(2)
    expect((await send('DELETE', `${path}/rows?code=none`)).body.data.deleted).toBe(0)
    expect((await send('DELETE', `${path}/rows`)).body.code).toBe('MISSING_PARAMETER')
    expect((await send('DELETE', `${path}/rows?cdoe=2330`)).body).toMatchObject({ code: 'UNKNOWN_PARAMETER' })
    expect((await getJson(`${path}/rows`)).data).toEqual([keyed({ code: '2330', day: '2026-11-20' })])
  })

  test('can be told more of, and gets further columns', async () => {
    const columns = [{ name: 'note', type: 'string' }, ...definition.columns]
    const changed = await send('PUT', path, { ...definition, columns, title: 'Ratios', licence: 'OGDL' })
    expect(changed).toMatchObject({ status: 200, body: { data: { title: 'Ratios', licence: 'OGDL' } } })
    await send('PATCH', `${path}/rows/2330,2026-11-20`, { note: 'new' })
    expect((await getJson(`${path}/rows`)).data).toEqual([keyed({ code: '2330', day: '2026-11-20', note: 'new' })])
  })

  const [code, day, ratio, lots] = definition.columns
  const note = { name: 'note', type: 'string' }
  test.each([
    ['another key', { key: ['code'], columns: [code, { ...day, nullable: false }, ratio, lots, note] }, 'key'],
    ['a column less', { columns: [code, day, ratio, note] }, 'lots'],
    ['another type', { columns: [code, day, { ...ratio, type: 'string' }, lots, note] }, 'ratio'],
    ['a value that must be', { columns: [code, day, { ...ratio, nullable: false }, lots, note] }, 'ratio'],
    [
      'a new column without values',
      { columns: [code, day, ratio, lots, note, { name: 'x', type: 'string', nullable: false }] },
      'x',
    ],
  ])('refuses %s, which its rows would not fit', async (_, change, hint) => {
    const answer = await send('PUT', path, { ...definition, ...change })
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([
      409,
      'CONFLICT',
      expect.stringContaining(hint),
    ])
  })

  test.each([
    ['no columns', { columns: [] }, 'columns'],
    ['a type that is none', { columns: [{ name: 'code', type: 'text' }] }, 'type'],
    ['a name that is none', { columns: [{ name: 'a b', type: 'string' }], key: ['a b'] }, 'columns'],
    ['a key that is no column', { key: ['cdoe'] }, "'code'"],
    ['a column twice', { columns: [...definition.columns, code] }, 'twice'],
  ])('is not made of %s', async (_, change, hint) => {
    const answer = await send('PUT', '/v1/datasets/unmade', { ...definition, ...change })
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([
      400,
      'INVALID_BODY',
      expect.stringContaining(hint),
    ])
    expect((await get('/v1/datasets/unmade')).status).toBe(404)
  })

  test('refuses numbers that JSON would round', async () => {
    const answer = await fetch(`${server.url}${path}/rows/1,2026-11-20`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"lots":9007199254740993}',
    })
    expect([answer.status, (await answer.json()).message]).toEqual([400, expect.stringContaining('lots')])
  })

  test('goes with its rows, and can be made anew', async () => {
    await send('PUT', '/v1/datasets/passing', definition)
    await send('PUT', '/v1/datasets/passing/rows/1,2026-11-20', {})
    expect((await send('DELETE', '/v1/datasets/passing')).status).toBe(200)
    expect((await get('/v1/datasets/passing/rows')).status).toBe(404)
    expect((await send('DELETE', '/v1/datasets/passing')).status).toBe(404)
    await send('PUT', '/v1/datasets/passing', definition)
    expect((await getJson('/v1/datasets/passing/rows')).total).toBe(0)
    await send('DELETE', '/v1/datasets/passing')
  })
})

describe('types of text, as open data has it', () => {
  const rows = [
    { No: '1', Day: '2013-06-21', Lon: '120.93', Code: '0050', Many: '3' },
    { No: '2', Day: '2013-06-20', Lon: '', Code: '2330', Many: 'many' },
  ]
  const typesOf = async (name: string) => {
    const { columns } = (await getJson(`/v1/datasets/${name}`)).data
    return columns.map((column: { name: string; type: string }) => `${column.name}:${column.type}`).join()
  }

  test('are the narrowest that all rows fit, where that is wished', async () => {
    expect((await send('POST', '/v1/datasets/auto/rows?key=No&types=auto', rows)).status).toBe(201)
    expect(await typesOf('auto')).toBe('No:integer,Day:date,Lon:number,Code:string,Many:string')
    expect((await getJson('/v1/datasets/auto/rows?Day.gte=2013-06-21')).data).toEqual([
      { ...rows[0], No: 1, Lon: 120.93 },
    ])
  })

  test('are those that are told, and the others as the body tells', async () => {
    expect((await send('POST', '/v1/datasets/told/rows?key=No&types=No:integer,Day:date', rows)).status).toBe(201)
    expect(await typesOf('told')).toBe('No:integer,Day:date,Lon:string,Code:string,Many:string')
    const again = await send('POST', '/v1/datasets/told/rows?types=No:string', rows)
    expect([again.status, again.body.code]).toEqual([409, 'CONFLICT'])
  })

  test.each([
    ['Many:integer', 422, 'INVALID_ROWS', 'row 1'],
    ['Maany:integer', 400, 'INVALID_PARAMETER', "'Many'"],
    ['Many:int', 400, 'INVALID_PARAMETER', 'integer'],
    ['Many', 400, 'INVALID_PARAMETER', 'auto'],
  ])('types=%s is refused where it does not fit', async (types, status, code, hint) => {
    const answer = await send('POST', `/v1/datasets/unfit/rows?key=No&types=${types}`, rows)
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([
      status,
      code,
      expect.stringContaining(hint),
    ])
    expect((await get('/v1/datasets/unfit')).status).toBe(404)
  })
})

test('the SDK declares, replaces, changes and removes', async () => {
  const client = createClient({ url: server.url })
  const dataset = client.dataset<{ id: string; n: number | null }>('sdk')
  const columns = [
    { name: 'id', type: 'string' },
    { name: 'n', type: 'integer' },
  ] as const
  expect(await dataset.declare({ key: ['id'], columns })).toMatchObject({ name: 'sdk', title: 'sdk' })
  expect(
    await dataset.replace([
      { id: 'a', n: 1 },
      { id: 'b', n: 2 },
    ]),
  ).toMatchObject({ rows: 2, removed: 0 })
  expect(await dataset.put('c', { n: 3 })).toEqual({ id: 'c', n: 3 })
  expect(await dataset.patch('a', { n: null })).toEqual({ id: 'a', n: null })
  await dataset.delete('b')
  expect(await dataset.deleteWhere({ n: { gt: 2 } })).toBe(1)
  expect(await dataset.rows().toArray()).toEqual([{ id: 'a', n: null }])
  await expect(dataset.patch('z', { n: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await dataset.remove()
  await expect(dataset.info()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
