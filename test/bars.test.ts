import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { float64, TimeUnit, tableFromArrays, tableToIPC, timestamp, utf8 } from '@uwdata/flechette'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'barkeep-bars-'))
let server: RunningServer

beforeAll(async () => {
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades'
const minute = '"ts":"2024-03-04T01:00:00Z","open":1,"high":1,"low":1,"close":1'
const arrowType = 'application/vnd.apache.arrow.stream'
const post = (interval: string, body: string | Uint8Array<ArrayBuffer>, type = 'text/csv') =>
  fetch(`${server.url}/v1/bars/${interval}`, { method: 'POST', body, headers: { 'content-type': type } })
const get = async (path: string) => {
  const answer = await fetch(server.url + path)
  return { status: answer.status, body: await answer.text(), headers: answer.headers }
}
const getJson = async (path: string) => JSON.parse((await get(path)).body)

describe('bars go in and come out', () => {
  test('what is posted as CSV reads back in every format', async () => {
    const rows = [
      'TWSE:2330,2020-07-01T01:00:00Z,314,316.5,312.5,316.5,34000000,10000000000,12345',
      'TWSE:2409,2020-07-01T01:00:00Z,8.1,8.2,8,8.05,1000,,',
    ]
    const answer = await post('1d', `${header}\n${rows.join('\n')}\n`)
    expect(await answer.json()).toMatchObject({
      data: { interval: '1d', rows: 2, replaced: 0, created_instruments: ['TWSE:2330', 'TWSE:2409'] },
    })
    expect(answer.status).toBe(201)

    const page = await getJson('/v1/bars?interval=1d&instruments=TWSE:2409,TWSE:2330&start=2020-07-01&end=2020-07-02')
    expect(page.data).toEqual([
      {
        instrument: 'TWSE:2330',
        ts: '2020-07-01T01:00:00Z',
        open: 314,
        high: 316.5,
        low: 312.5,
        close: 316.5,
        volume: 34000000,
        turnover: 10000000000,
        trades: 12345,
      },
      {
        instrument: 'TWSE:2409',
        ts: '2020-07-01T01:00:00Z',
        open: 8.1,
        high: 8.2,
        low: 8,
        close: 8.05,
        volume: 1000,
        turnover: null,
        trades: null,
      },
    ])
    expect(page.next_cursor).toBeNull()

    const csv = await get('/v1/bars?interval=1d&instruments=TWSE:2330&format=csv')
    expect(csv.body.replaceAll('"', '').trim().split('\n')).toEqual([header, rows[0]])

    const ndjson = await get('/v1/bars?interval=1d&format=ndjson&columns=close,instrument')
    expect(
      ndjson.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { close: 316.5, instrument: 'TWSE:2330' },
      { close: 8.05, instrument: 'TWSE:2409' },
    ])

    const table = await createClient({ url: server.url }).loadBars({ interval: '1d' })
    expect(table.numRows).toBe(2)
    expect(table.getChild('instrument').toArray()).toEqual(['TWSE:2330', 'TWSE:2409'])
    expect([...table.getChild('close').toArray()]).toEqual([316.5, 8.05])
  })

  test.each([
    ['text/csv', `${header}\nSIM:float,2024-03-04T01:00:00Z,1,1,1,1,1000.0,,7.0\n`],
    ['application/json', `[{"instrument":"SIM:float",${minute},"volume":1000.0,"trades":7.0}]`],
    [arrowType, arrowBar(1000)],
  ])('whole numbers may be written as many programs write them, in %s', async (type, body) => {
    const answer = await post('1m', body, type)
    expect([answer.status, (await answer.json()).data?.rows]).toEqual([201, 1])
    const { data } = await getJson('/v1/bars?interval=1m&instruments=SIM:float&columns=volume,trades')
    expect(data).toEqual([{ volume: 1000, trades: 7 }])
  })

  test('the same bar again replaces the first and is counted', async () => {
    const answer = await post(
      '1d',
      `${header}\nTWSE:2330,2020-07-01T01:00:00Z,314,316.5,312.5,315,34000000,10000000000,12345\n`,
    )
    expect(await answer.json()).toMatchObject({ data: { rows: 1, replaced: 1, created_instruments: [] } })
    const page = await getJson('/v1/bars?interval=1d&instruments=TWSE:2330')
    expect(page.data).toHaveLength(1)
    expect(page.data[0].close).toBe(315)
  })

  test('pages follow the cursor until it is null and lose no row', async () => {
    const lines = Array.from({ length: 270 }, (_, minute) => {
      const ts = new Date(Date.parse('2024-03-04T01:00:00Z') + minute * 60_000).toISOString().replace('.000', '')
      return `SIM:1,${ts},10,11,9,10.5,${minute},,`
    })
    expect((await post('1m', `${header}\n${lines.join('\n')}\n`)).status).toBe(201)
    const client = createClient({ url: server.url })
    const seen: number[] = []
    for await (const bar of client.bars(['SIM:1'], { interval: '1m', limit: 100 })) seen.push(bar.volume)
    expect(seen).toEqual(Array.from({ length: 270 }, (_, minute) => minute))
  })

  test('a page ends at the same bar whether or not its rows tell where they stand', async () => {
    for (const limit of [1, 90, 269, 270, 271]) {
      const path = `/v1/bars?interval=1m&instruments=SIM:1&limit=${limit}`
      const [whole, volumes] = [await getJson(path), await getJson(`${path}&columns=volume`)]
      expect(volumes.data).toEqual(whole.data.map(({ volume }: { volume: number }) => ({ volume })))
      expect(volumes.next_cursor).toBe(whole.next_cursor)
      expect(whole.next_cursor === null).toBe(limit >= 270)
    }
  })

  test('hours are anchored to the session open and the last is marked partial', async () => {
    const page = await getJson('/v1/bars?interval=1h&base=1m&instruments=SIM:1&columns=ts,end,volume,partial')
    expect(
      page.data.map((bar: { ts: string; end: string; partial: boolean }) => [
        bar.ts.slice(11, 16),
        bar.end.slice(11, 16),
        bar.partial,
      ]),
    ).toEqual([
      ['01:00', '02:00', false],
      ['02:00', '03:00', false],
      ['03:00', '04:00', false],
      ['04:00', '05:00', false],
      ['05:00', '05:30', true],
    ])
    expect(page.data.reduce((sum: number, bar: { volume: number }) => sum + bar.volume, 0)).toBe((269 * 270) / 2)
    const [day] = (await getJson('/v1/bars?interval=1d&base=1m&instruments=SIM:1')).data
    expect(day).toMatchObject({ ts: '2024-03-04T01:00:00Z', open: 10, high: 11, low: 9, close: 10.5, partial: false })
    const [month] = (await getJson('/v1/bars?interval=1mo&base=1m&instruments=SIM:1')).data
    expect(month.ts).toBe('2024-03-01T01:00:00Z')
  })

  test('a bar tells its source when asked', async () => {
    const body = `${header}\nSIM:2,2024-03-04T01:00:00Z,10,11,9,10.5,1,,\n`
    expect((await post('1m?source=my.feed', body)).status).toBe(201)
    const page = await getJson('/v1/bars?interval=1m&instruments=SIM:2&columns=source,final,interval')
    expect(page.data).toEqual([{ source: 'my.feed', final: true, interval: '1m' }])
  })

  test('the calendar has the dates that have bars', async () => {
    const client = createClient({ url: server.url })
    expect(await client.calendar('TWSE', {})).toEqual(['2020-07-01'])
    expect(await client.calendar('SIM', { start: '2024-03-05' })).toEqual([])
  })

  test('a body with one wrong row writes nothing and names the row', async () => {
    const answer = await post(
      '1m',
      `${header}\nTWSE:9999,2024-03-04T01:00:00Z,10,11,9,10,1,,\nTWSE:9999,2024-03-04T01:01:00Z,10,9,11,10,1,,\n`,
    )
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ code: 'INVALID_ROWS', errors: [{ index: 1, field: 'high' }] })
    expect((await get('/v1/bars?interval=1m&instruments=TWSE:9999')).status).toBe(404)
  })
})

describe('what cannot be answered says why', () => {
  test.each([
    ['/v1/bars', 400, 'MISSING_PARAMETER', 'interval'],
    ['/v1/bars?interval=2m', 400, 'INVALID_PARAMETER', '5m'],
    ['/v1/bars?interval=1d&instrument=TWSE:2330', 400, 'UNKNOWN_PARAMETER', "'instruments'"],
    ['/v1/bars?interval=1d&instruments=2330', 400, 'INVALID_PARAMETER', 'EXCHANGE:SYMBOL'],
    ['/v1/bars?interval=1d&instruments=TWSE:0000', 404, 'NOT_FOUND', '/v1/instruments'],
    ['/v1/bars?interval=1d&instruments=TSWE:2330', 400, 'UNKNOWN_EXCHANGE', 'TWSE'],
    ['/v1/bars?interval=1d&exchange=TSWE', 400, 'UNKNOWN_EXCHANGE', 'TWSE'],
    ['/v1/bars?interval=1d&exchange=TWSE&instruments=TWSE:2330', 400, 'EXCLUSIVE_PARAMETERS', 'exclude'],
    ['/v1/bars?interval=1d&start=2020-07-01T09:00:00', 400, 'INVALID_PARAMETER', 'offset'],
    ['/v1/bars?interval=1d&start=2020-02-30', 400, 'INVALID_PARAMETER', '2020-02-30'],
    ['/v1/bars?interval=1d&start=2020-07-02&end=2020-07-01', 400, 'INVALID_TIME_WINDOW', 'half-open'],
    ['/v1/bars?interval=1d&limit=0', 400, 'INVALID_PARAMETER', 'limit'],
    ['/v1/bars?interval=1d&limit=1&limit=2', 400, 'INVALID_PARAMETER', 'more than once'],
    ['/v1/bars?interval=1d&cursor=nonsense', 400, 'INVALID_PARAMETER', 'next_cursor'],
    ['/v1/bars?interval=1d&columns=close,opne', 400, 'INVALID_PARAMETER', "'open'"],
    ['/v1/bars?interval=1h&base=1d', 400, 'INVALID_PARAMETER', 'base'],
    ['/v1/bars?interval=1d&format=xls', 400, 'INVALID_PARAMETER', 'csv'],
    ['/v1/exchanges/NOPE', 404, 'NOT_FOUND', '/v1/exchanges'],
    ['/v1/instruments/TWSE:0000', 404, 'NOT_FOUND', '/v1/instruments'],
    ['/v1/calendar/TWSE?start=2020-07-01T00:00:00Z', 400, 'INVALID_PARAMETER', 'session date'],
    ['/v1/nothing', 404, 'ROUTE_NOT_FOUND', '/v1/nothing'],
    ['/v1/bars/1d', 405, 'METHOD_NOT_ALLOWED', 'POST'],
  ])('%s', async (path, status, code, hint) => {
    const answer = await get(path)
    expect(answer.status).toBe(status)
    const problem = JSON.parse(answer.body)
    expect(problem).toMatchObject({ code, status })
    expect(problem.message).toContain(hint)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  test.each([
    ['1m', 'application/json', '{"instrument":', 400, 'INVALID_BODY'],
    ['1m', 'text/plain', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['5m', 'text/csv', header, 400, 'INVALID_PARAMETER'],
    ['1m', 'text/csv', `${header}\nNOWHERE:1,2024-03-04T01:00:00Z,1,1,1,1,1,,`, 400, 'UNKNOWN_EXCHANGE'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04 01:00:00,1,1,1,1,1,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:30Z,1,1,1,1,1,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,1960-03-04T01:00:00Z,1,1,1,1,1,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,-1,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,1,,5000000000`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,0.5,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,nan,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,1e16,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,1,,2.5`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `${header}\nTWSE:1,2024-03-04T01:00:00Z,0,1,0,1,1,,`, 422, 'INVALID_ROWS'],
    ['1d', 'text/csv', `${header}\nTWSE:1,2024-03-04T00:00:00Z,1,1,1,1,1,,`, 422, 'INVALID_ROWS'],
    ['1m', 'text/csv', `instrument,ts,open,high,low,volume\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1`, 422, 'INVALID_ROWS'],
    [
      '1m',
      'text/csv',
      `${header}\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,1,,\nTWSE:1,2024-03-04T01:00:00Z,1,1,1,1,1,,`,
      422,
      'INVALID_ROWS',
    ],
    ['1m', 'application/x-ndjson', '{"instrument":"TWSE:1","tss":"2024-03-04T01:00:00Z"}', 400, 'INVALID_BODY'],
    ['1m', arrowType, 'not arrow', 400, 'INVALID_BODY'],
    ['1m', arrowType, arrowBar(0.5), 422, 'INVALID_ROWS'],
  ])('POST %s as %s: %s', async (interval, type, body, status, code) => {
    const answer = await post(interval, body, type)
    const problem = await answer.json()
    expect([answer.status, problem.code, problem.message]).toEqual([status, code, expect.any(String)])
    expect(JSON.stringify(problem)).not.toContain(directory)
  })

  test('the documentation that a problem names has a heading for its code', async () => {
    const problem = JSON.parse((await get('/v1/bars')).body)
    const [path, code] = problem.documentation_url.split('#')
    const page = await get(path)
    expect(page.status).toBe(200)
    expect(page.body).toContain(`id="${code}"`)
  })
})

/** A bar whose numbers are all floats, as a data frame has them. */
function arrowBar(volume: number): Uint8Array<ArrayBuffer> {
  const numbers = { open: 1, high: 1, low: 1, close: 1, volume, trades: 7 }
  const floats = Object.keys(numbers).map((name) => [name, float64()])
  const table = tableFromArrays(
    {
      instrument: ['SIM:float'],
      ts: [new Date('2024-03-04T01:00:00Z')],
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, [value]])),
    },
    { types: { instrument: utf8(), ts: timestamp(TimeUnit.MILLISECOND, 'UTC'), ...Object.fromEntries(floats) } },
  )
  return new Uint8Array(tableToIPC(table, { format: 'stream' }) ?? [])
}
