import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Format, formats } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { tableFromIPC } from '@uwdata/flechette'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parquetCompressors } from '../packages/connectors/src/file/parquet-codecs.js'
import { builtInDatasets } from '../packages/server/src/store/datasets/dataset-built-in.js'
import { fillFormatsStore } from './formats-store.js'
import { readCsv } from './read-csv.js'
import { ProtobufReader } from './read-protobuf.js'
import { readXml, valueOfXml } from './read-xml.js'

/** Columns of an answer by name, one object a row, as the reader of a format has them. */
type Row = Readonly<Record<string, unknown>>

const guide = readFileSync(new URL('../docs/guide/datasets.md', import.meta.url), 'utf8')
const lists = ['/v1/exchanges', '/v1/instruments', '/v1/calendar/TWSE', '/v1/datasets', '/v1/crawls']
const rows = [
  '/v1/bars?interval=1d',
  '/v1/bars?interval=1w',
  '/v1/bars?interval=1d&fill=previous',
  '/v1/coverage',
  '/v1/coverage/sources?interval=1d',
  '/v1/gaps?exchange=TWSE&interval=1d',
  '/v1/datasets/things/rows',
  '/api/things',
]

let directory: string
let server: RunningServer
let builtIn: readonly string[]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-formats-table-'))
  const catalog = await fillFormatsStore(directory)
  builtIn = builtInDatasets(catalog).map(({ name }) => name)
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  const things =
    '[{"id": 1, "text": "a,\\"b\\"\\n<鳥>&", "x": 1.5, "ok": true}, {"id": 2, "text": null, "x": null, "ok": null}]'
  const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: things }
  expect((await fetch(`${server.url}/v1/datasets/things/rows?key=id`, body)).status).toBe(201)
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const names = Object.keys(formats) as Format[] // the keys of a literal
const table = [...lists, ...rows].flatMap((path) => names.map((format) => ({ path, format })))

test.each(table)('$path as $format is read back as it is in JSON', async ({ path, format }) => {
  await holdAgainstJson(path, format)
})

test.each(names)('every dataset that the store keeps itself is read back from %s', async (format) => {
  for (const name of builtIn) {
    for (const path of [`/v1/datasets/${name}/rows`, `/api/${name}`]) await holdAgainstJson(path, format)
  }
})

test('the table of formats and resources in the guide is this one', () => {
  const told = [...guide.matchAll(/^\| `(\/[^`]+)` \|((?: [^|]+ \|)+)$/gm)].map(([, path, cells = '']) => [
    path,
    cells.split('|').filter((cell) => cell.trim() === 'yes').length,
  ])
  const all = [...lists, ...rows, '/v1/datasets/bars_1d/rows', '/odata/v4/things']
  expect(told.map(([path]) => path)).toEqual(all)
  for (const [path, count] of told) if (path !== '/odata/v4/things') expect([path, count]).toEqual([path, names.length])
})

async function holdAgainstJson(path: string, format: Format) {
  const expected = await read(path, 'json')
  const found = await read(path, format)
  expect(expected.length, `${path} has rows`).toBeGreaterThan(0)
  expect(found.length, `${path} in ${format}`).toBe(expected.length)
  for (const [index, row] of expected.entries()) {
    for (const [column, value] of Object.entries(row)) {
      const other = found[index]?.[column]
      expect(isSame(value, other), `${path} in ${format}: ${column} ${value} is ${String(other)}`).toBe(true)
    }
  }
}

/** Formats differ in what a value can be: text only, a number of milliseconds, a bigint; it must say the same. */
function isSame(json: unknown, other: unknown): boolean {
  if (json === null || json === undefined) return other === null || other === undefined || other === ''
  if (typeof json === 'number') return other !== null && other !== '' && Number(other) === json
  if (typeof json === 'boolean') return String(other) === String(json)
  if (typeof json === 'object') return isDeepStrictEqual(typeof other === 'string' ? JSON.parse(other) : other, json)
  if (other instanceof Date) return Date.parse(String(json)) === other.getTime()
  if (typeof other === 'number' || typeof other === 'bigint') return Date.parse(String(json)) === Number(other)
  return String(json) === other
}

async function read(path: string, format: Format): Promise<readonly Row[]> {
  const answer = await fetch(server.url + path, { headers: { accept: formats[format] } })
  expect([path, answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([path, 200, formats[format]])
  return readers[format](Buffer.from(await answer.arrayBuffer()), answer.headers.get('link') ?? '')
}

type Reader = (bytes: Buffer, link: string) => readonly Row[] | Promise<readonly Row[]>

const rowsOf = (data: readonly unknown[]) =>
  data.map((one) => (typeof one === 'string' ? { value: one } : (one as Row))) // lists of objects or of texts
const lines = (bytes: Buffer) =>
  bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')

const readers: Readonly<Record<Format, Reader>> = {
  json(bytes) {
    const body: unknown = JSON.parse(bytes.toString())
    return rowsOf(Array.isArray(body) ? body : (body as { data: unknown[] }).data)
  },
  ndjson: (bytes) => rowsOf(lines(bytes).map((line) => JSON.parse(line))),
  csv(bytes) {
    const [header = [], ...records] = readCsv(bytes.toString())
    return records.map((record) => Object.fromEntries(header.map((name, index) => [name, record[index]])))
  },
  xml(bytes) {
    const root = readXml(bytes.toString())
    if (root.name !== 'rows') return rowsOf((valueOfXml(root) as { data: unknown[] }).data) // an envelope
    return root.children.map(({ children }) =>
      Object.fromEntries(
        children.map(({ name, text, attributes }) => [name, attributes['xsi:nil'] === 'true' ? null : text]),
      ),
    )
  },
  async protobuf(bytes, link) {
    const url = /<([^>]+)>; rel="describedby"/.exec(link)?.[1] ?? ''
    const file = await (await fetch(server.url + url)).text()
    const reader = new ProtobufReader(file)
    if (url === '/v1/answer.proto') {
      const { body } = reader.read('Answer', bytes) as { body: { data: unknown[] } } // as the schema says
      return rowsOf(body.data)
    }
    return reader.readAll(/^message (\w+)/m.exec(file)?.[1] ?? '', bytes) as Row[] // messages are objects
  },
  arrow: (bytes) => tableFromIPC(bytes, { useDate: true, useBigInt: true }).toArray() as Row[], // rows are objects
  async parquet(bytes) {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    return parquetReadObjects({ file: file as ArrayBuffer, compressors: parquetCompressors }) // a Buffer of fetch is no shared memory
  },
}
