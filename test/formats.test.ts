import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProtobufReader } from './read-protobuf.js'
import { readXml, valueOfXml } from './read-xml.js'

let directory: string
let server: RunningServer

const awkward = '<a href="x">&amp; \u0007\r\n\t\u{1F426} ]]> \\ " / 鳥 \uffff é'
const rows = [
  { id: '1', n: 1, x: 1.5, ok: true, day: '2026-11-20', at: '2026-11-20T01:02:03.456Z', 地點: awkward, µ: 'micro' },
  { id: '2', n: -1, x: -0.25, ok: false, day: '1969-12-31', at: '1969-12-31T23:59:59.999Z', 地點: '', µ: null },
  { id: '3', n: '123456789012345678', x: 1e300, ok: null, day: null, at: null, 地點: null, µ: 'x' },
  { id: '4', n: null, x: null, ok: null, day: null, at: null, 地點: '玉山'.repeat(300), µ: '&'.repeat(300) },
]
const columns = [
  { name: 'id', type: 'string' },
  { name: 'n', type: 'integer' },
  { name: 'x', type: 'number' },
  { name: 'ok', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'instant' },
  { name: '地點', type: 'string' },
  { name: 'µ', type: 'string' },
]
const bars =
  'instrument,ts,open,high,low,close,volume,turnover,trades\nTWSE:2330,2026-10-01T01:00:00Z,1,2,0.5,1.5,1000,,7\n'

const send = (method: string, path: string, body: unknown, type = 'application/json') =>
  fetch(server.url + path, {
    method,
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const get = (path: string, accept?: string) =>
  fetch(server.url + path, accept === undefined ? {} : { headers: { accept } })
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-formats-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  expect((await send('PUT', '/v1/datasets/odd-ones', { key: ['id'], columns })).status).toBe(201)
  expect((await send('POST', '/v1/datasets/odd-ones/rows', rows)).status).toBe(201)
  expect((await send('POST', '/v1/bars/1d', bars, 'text/csv')).status).toBe(201)
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

describe('the table of formats and resources', () => {
  const rowTypes = {
    json: 'application/json; charset=utf-8',
    ndjson: 'application/x-ndjson; charset=utf-8',
    csv: 'text/csv; charset=utf-8',
    xml: 'application/xml; charset=utf-8',
    protobuf: 'application/x-protobuf',
    arrow: 'application/vnd.apache.arrow.stream',
    parquet: 'application/vnd.apache.parquet',
  }
  const lists = ['/v1/datasets/odd-ones/rows', '/v1/bars?interval=1d', '/v1/bars?interval=1w', '/api/odd-ones']
  const ofRows = lists.flatMap((path) => Object.entries(rowTypes).map(([format, type]) => ({ path, format, type })))

  test.each(ofRows)('$path as $format, by name and by Accept', async ({ path, format, type }) => {
    const named = await get(`${path}${path.includes('?') ? '&' : '?'}format=${format}`)
    const accepted = await get(path, type.split(';')[0])
    expect([named.status, named.headers.get('content-type')]).toEqual([200, type])
    expect([accepted.status, accepted.headers.get('content-type')]).toEqual([200, type])
    const [one, other] = [await bytesOf(named), await bytesOf(accepted)]
    expect(one.byteLength).toBeGreaterThan(20)
    // JSON tells the request, and a Parquet file its writer's time; all else is the same.
    if (format !== 'json' && format !== 'parquet') expect(other.equals(one)).toBe(true)
  })

  const things = [
    '/v1/datasets/odd-ones',
    '/v1/datasets/odd-ones/rows/1',
    '/api/odd-ones/1',
    '/v1/exchanges/TWSE',
    '/v1/instruments/TWSE:2330',
  ]
  const all = [...things, '/v1/datasets', '/v1/exchanges', '/v1/instruments', '/v1/calendar/TWSE']

  test.each(all)('%s in JSON, XML and Protobuf says the same', async (path) => {
    const json = await (await get(path)).json()
    const xml = await get(path, 'application/xml')
    expect([xml.status, xml.headers.get('content-type')]).toEqual([200, rowTypes.xml])
    const isRow = path.includes('odd-ones/')
    // Control characters cannot stand in XML; all else comes back.
    const readable = isRow
      ? JSON.parse(
          JSON.stringify(json)
            .replaceAll('\\u0007', '\ufffd')
            .replaceAll('\uffff', '\ufffd')
            .replaceAll('"µ"', '"_x00B5_"'),
        )
      : json
    expect(valueOfXml(readXml(await xml.text()))).toEqual(readable)
    const protobuf = await get(path, 'application/x-protobuf')
    expect(protobuf.headers.get('link')).toContain('</v1/answer.proto>; rel="describedby"')
    const reader = new ProtobufReader(await (await get('/v1/answer.proto')).text())
    expect(reader.read('Answer', await bytesOf(protobuf))).toEqual({ body: json })
  })

  test.each(['/v1/datasets', '/v1/exchanges', '/v1/instruments'])('%s as NDJSON and CSV', async (path) => {
    const { data } = (await (await get(path)).json()) as { data: Record<string, unknown>[] }
    const ndjson = (await (await get(path, 'application/x-ndjson')).text()).trim().split('\n')
    expect(ndjson.map((line) => JSON.parse(line))).toEqual(data)
    const csv = await (await get(path, 'text/csv')).text()
    const columns = new Set(data.flatMap((row) => Object.keys(row)))
    expect(csv.split('\n')[0]).toBe([...columns].join(','))
  })

  test('what no format can be is refused, and a browser is shown JSON', async () => {
    for (const path of ['/v1/datasets/odd-ones/rows', '/v1/exchanges']) {
      const refused = await get(path, 'image/png')
      expect([refused.status, (await refused.json()).code]).toEqual([406, 'NOT_ACCEPTABLE'])
      const browser = await get(path, 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')
      expect(browser.headers.get('content-type')).toBe(rowTypes.json)
    }
    const preferred = await get('/v1/datasets/odd-ones/rows', 'application/json;q=0.5, application/xml')
    expect(preferred.headers.get('content-type')).toBe(rowTypes.xml)
  })
})

describe('rows as XML', () => {
  test('have an element for each column, and come back as they were', async () => {
    const root = readXml(await (await get('/v1/datasets/odd-ones/rows?format=xml')).text())
    const read = root.children.map(({ children }) =>
      Object.fromEntries(
        children.map(({ name, text, attributes }) => [name, attributes['xsi:nil'] === 'true' ? null : text]),
      ),
    )
    const texts = rows.map((row) => Object.entries(row).map(([name, value]) => [name, textOf(value)]))
    const expected = texts.map((fields) =>
      Object.fromEntries(fields.map(([name, text]) => [name === 'µ' ? '_x00B5_' : name, text])),
    )
    expect(read).toEqual(expected)
  })

  const textOf = (value: unknown) => {
    if (value === null) return null
    if (typeof value === 'number') return String(value).replace('e+', 'e')
    return String(value).replaceAll('\u0007', '\ufffd').replaceAll('\uffff', '\ufffd')
  }

  test('any text comes back, but for characters that XML cannot hold', async () => {
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 30 }), 300)
    const body = texts.map((text, index) => ({ id: `${index}`, text: text.toWellFormed() }))
    expect((await send('POST', '/v1/datasets/texts/rows?key=id', body)).status).toBe(201)
    const root = readXml(await (await get('/v1/datasets/texts/rows?format=xml')).text())
    // biome-ignore lint/suspicious/noControlCharactersInRegex: characters that XML cannot hold.
    const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
    expect(root.children.map(({ children: [, text] }) => text?.text)).toEqual(
      body.map(({ text }) => text.replaceAll(impossible, '\ufffd')),
    )
  })
})

describe('rows as Protobuf', () => {
  test('are what the published schema says', async () => {
    const answer = await get('/v1/datasets/odd-ones/rows?format=protobuf&limit=3')
    expect(answer.headers.get('link')).toMatch(/rel="next", <\/v1\/datasets\/odd-ones\.proto>; rel="describedby"$/)
    const reader = new ProtobufReader(await (await get('/v1/datasets/odd-ones.proto')).text())
    const all = [await bytesOf(answer), await bytesOf(await get('/v1/datasets/odd-ones/rows?format=protobuf'))]
    const [page, whole] = all.map((bytes) => reader.readAll('Row', bytes))
    const expected = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => {
            if (name === 'n') return [name, BigInt(String(value))]
            return [name, name === 'at' ? BigInt(Date.parse(String(value))) : value]
          }),
      ),
    )
    expect(whole).toEqual(expected)
    expect(page).toEqual(expected.slice(0, 3))
  })

  test('keep the numbers of their fields when only some are asked for', async () => {
    const reader = new ProtobufReader(await (await get('/v1/datasets/odd-ones.proto')).text())
    const bytes = await bytesOf(await get('/v1/datasets/odd-ones/rows?format=protobuf&fields=x,id&limit=1'))
    expect(reader.readAll('Row', bytes)).toEqual([{ x: 1.5, id: '1' }])
  })

  test('bars have a message, too', async () => {
    const reader = new ProtobufReader(await (await get('/v1/bars.proto')).text())
    const bytes = await bytesOf(await get('/v1/bars?interval=1d&format=protobuf'))
    const ts = BigInt(Date.parse('2026-10-01T01:00:00Z'))
    expect(reader.readAll('Bar', bytes)).toEqual([
      { instrument: 'TWSE:2330', ts, open: 1, high: 2, low: 0.5, close: 1.5, volume: 1000n, trades: 7n },
    ])
  })
})

test.each(['gaps', 'coverage'])('%s come in all formats, whether there are any or none', async (name) => {
  const path = `/v1/${name}?${name === 'gaps' ? 'exchange=TWSE&interval=1d&' : ''}format=`
  const { data } = await (await get(`${path}json`)).json()
  const xml = readXml(await (await get(`${path}xml`)).text())
  expect(xml.children.length).toBe(data.length)
  const file = await (await get(`/v1/${name}.proto`)).text()
  const bytes = await bytesOf(await get(`${path}protobuf`))
  const message = /^message (\w+)/m.exec(file)?.[1] ?? ''
  const messages = new ProtobufReader(file).readAll(message, bytes) as { scope: string }[]
  expect(messages.map(({ scope }) => scope)).toEqual(data.map(({ scope }: { scope: string }) => scope))
  for (const format of ['ndjson', 'csv', 'arrow', 'parquet']) expect((await get(path + format)).status).toBe(200)
})

test.each([
  ['/v1/datasets/odd-ones/rows?n=many&format=', 400],
  ['/v1/datasets/nothing/rows?format=', 404],
  ['/v1/bars?interval=1d&start=2026-11-20&end=2026-11-19&format=', 400],
  ['/api/nothing/1', 404],
  ['/nowhere', 404],
])('the error of %s is the same in JSON, XML and Protobuf', async (path, status) => {
  const named = path.endsWith('=')
  const ask = (format: string, type: string) => (named ? get(path + format) : get(path, type))
  const json = await ask('json', 'application/json')
  const xml = await ask('xml', 'application/xml')
  const protobuf = await ask('protobuf', 'application/x-protobuf')
  expect([json.status, xml.status, protobuf.status]).toEqual([status, status, status])
  expect([json, xml, protobuf].map(({ headers }) => headers.get('content-type'))).toEqual([
    'application/problem+json; charset=utf-8',
    'application/problem+xml; charset=utf-8',
    'application/x-protobuf',
  ])
  const problem = await json.json()
  const reader = new ProtobufReader(await (await get('/v1/problem.proto')).text())
  const errors = problem.errors.map((detail: object) => ({ ...detail }))
  const same = (read: unknown, format: string) => {
    const { eventTime, request_id, ...rest } = read as Record<string, unknown>
    expect([typeof eventTime, typeof request_id]).toEqual(['string', 'string'])
    const params = named ? { ...problem.request.params, format } : problem.request.params
    const { eventTime: _, request_id: __, ...told } = problem
    expect({ errors: [], ...rest, status: Number(rest.status) }).toEqual({ ...told, errors, request: { params } })
  }
  same(valueOfXml(readXml(await xml.text())), 'xml')
  same(reader.read('Problem', await bytesOf(protobuf)), 'protobuf')
})
