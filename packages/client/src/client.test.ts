import { float64, int64, tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { expect, test } from 'vitest'
import { createClient } from './client.js'
import { sendData, sendProblem, startFakeServer } from './fake-server.contract.js'

const window = { interval: '1h', start: '2020-06-01', end: '2020-07-01' } as const
const report = { interval: '1m', rows: 1, replaced: 0, created_instruments: [] }

test('filters, sorting and fields are the parameters of the wire', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendData(response, []))
  const where = { Location: '玉山 & 山莊', Quantity: { gte: 5, in: [5, 6] }, seen: { lt: new Date(0) } }
  await client.dataset('birds').rows({ where, sort: ['-ts', 'Name'], fields: ['Name', 'ts'], limit: 3 })
  expect(seen[0]?.path).toBe('/v1/datasets/birds/rows')
  expect(seen[0]?.query.replaceAll('+', ' ')).toBe(
    'sort=-ts,Name&fields=Name,ts&limit=3&Location=玉山 & 山莊&Quantity.gte=5&Quantity.in=5,6&seen.lt=1970-01-01T00:00:00.000Z',
  )
})

test('an empty choice and a value with a comma are refused before anything is sent', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendData(response, []))
  expect(() => client.bars([], window)).toThrow(/instruments: the list is empty/)
  expect(() => client.dataset('birds').rows({ where: { Name: { in: ['a,b'] } } })).toThrow(/comma/)
  expect(() => client.dataset('birds').rows({ where: { limit: 5 } })).toThrow(/cannot be filtered/)
  expect(seen).toEqual([])
})

test('each method asks its route, with the key', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendData(response, []), { key: 'secret' })
  await client.exchanges()
  await client.instruments({ exchange: 'TWSE', kind: 'etf', limit: 9 })
  await client.instrument('TWSE:2330')
  await client.calendar('TWSE', { start: '2026-01-01', end: '2026-02-01' })
  await client.datasets()
  await client.dataset('birds').info()
  await client.dataset('birds').row('a/b c')
  await client.bars(['TWSE:2330', 'TWSE:2409'], { ...window, columns: ['ts', 'close'], final: false, base: '1m' })
  expect(seen.map(({ path, query }) => (query === '' ? path : `${path}?${query}`))).toEqual([
    '/v1/exchanges',
    '/v1/instruments?exchange=TWSE&kind=etf&limit=9',
    '/v1/instruments/TWSE:2330',
    '/v1/calendar/TWSE?start=2026-01-01&end=2026-02-01',
    '/v1/datasets',
    '/v1/datasets/birds',
    '/v1/datasets/birds/rows/a%2Fb%20c',
    '/v1/bars?instruments=TWSE:2330,TWSE:2409&interval=1h&start=2020-06-01&end=2020-07-01&columns=ts,close&final=false&base=1m',
  ])
  expect(new Set(seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer secret']))
})

test('a bulk create that is repeated keeps its idempotency key; another has its own', async () => {
  const { client, seen } = await startFakeServer((_, response, number) =>
    number === 1
      ? response.destroy()
      : number === 2
        ? sendProblem(response, 'OVER_CAPACITY')
        : sendData(response, report),
  )
  const csv = 'instrument,ts\n'
  expect(await client.createBars('1m', csv, { contentType: 'text/csv', source: 'hand' })).toEqual(report)
  await client.createBars('1m', csv, { contentType: 'text/csv', idempotencyKey: 'mine' })
  const keys = seen.map(({ headers }) => headers['idempotency-key'])
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
  expect(keys).toEqual([keys[0], keys[0], keys[0], 'mine'])
  expect(seen[2]).toMatchObject({ method: 'POST', path: '/v1/bars/1m', query: 'source=hand', body: csv })
  expect(seen[2]?.headers['content-type']).toBe('text/csv')
})

test('rows are inserted as JSON, or NDJSON when told', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendData(response, { rows: 2 }))
  const birds = client.dataset('birds')
  await birds.insert([{ id: 1 }, { id: 2 }], { key: ['id'], title: 'Birds' })
  await birds.insert([{ id: 1 }, { id: 2 }], { contentType: 'application/x-ndjson' })
  expect(seen[0]).toMatchObject({
    path: '/v1/datasets/birds/rows',
    query: 'key=id&title=Birds',
    body: '[{"id":1},{"id":2}]',
  })
  expect(seen[1]?.body).toBe('{"id":1}\n{"id":2}\n')
  await expect(birds.insert('id\n1\n')).rejects.toMatchObject({ code: 'INVALID_PARAMETER', message: /contentType/ })
})

test('a stream is sent once, and never again', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendProblem(response, 'OVER_CAPACITY'))
  const body = new Blob(['instrument,ts\n']).stream()
  await expect(client.createBars('1m', body, { contentType: 'text/csv' })).rejects.toMatchObject({
    code: 'OVER_CAPACITY',
  })
  expect(seen.map((request) => request.body)).toEqual(['instrument,ts\n'])
})

test('barsText gives the raw body as it arrives, and leaving it cancels the download', async () => {
  let hungUp = () => {}
  const clientHungUp = new Promise<void>((resolve) => {
    hungUp = resolve
  })
  const { client, seen } = await startFakeServer((_, response) => {
    response.on('close', hungUp)
    response.writeHead(200).write('instrument,ts\n') // and never ends
  })
  for await (const chunk of client.barsText(undefined, { ...window, format: 'csv' })) {
    expect(new TextDecoder().decode(chunk)).toBe('instrument,ts\n')
    break
  }
  await clientHungUp
  expect(seen[0]).toMatchObject({ query: 'interval=1h&start=2020-06-01&end=2020-07-01&format=csv' })
})

test('a download that breaks midway is CONNECTION_FAILED, one that is aborted CANCELLED_REQUEST', async () => {
  const broken = await startFakeServer((_, response) => {
    response.writeHead(200).write('instrument,ts\n', () => response.destroy())
  })
  const read = async () => {
    for await (const _ of broken.client.barsText(undefined, { ...window, format: 'csv' }));
  }
  await expect(read()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })

  const endless = await startFakeServer((_, response) => void response.writeHead(200).write('instrument,ts\n'))
  const controller = new AbortController()
  const abortMidway = async () => {
    const options = { ...window, format: 'csv', signal: controller.signal } as const
    for await (const _ of endless.client.barsText(undefined, options)) setImmediate(() => controller.abort())
  }
  await expect(abortMidway()).rejects.toMatchObject({ code: 'CANCELLED_REQUEST' })
})

function arrowOf(rows: number): Uint8Array {
  const ts = Array.from({ length: rows }, (_, index) => 1_590_973_200_000 + index)
  const columns = { ts: ts.map(BigInt), close: ts.map((_, index) => 500 + index) }
  const table = tableFromArrays(columns, { types: { ts: int64(), close: float64() }, maxBatchRows: 100 })
  const bytes = tableToIPC(table, { format: 'stream' })
  if (bytes === null) throw new Error('flechette wrote nothing')
  return bytes
}

test('loadBars gives typed columns, however the stream is cut', async () => {
  const bytes = arrowOf(1_050)
  const { client, seen } = await startFakeServer((_, response) => {
    for (let offset = 0; offset < bytes.length; offset += 777) response.write(bytes.subarray(offset, offset + 777))
    response.end()
  })
  const table = await client.loadBars({ instruments: ['TWSE:2330'], ...window, columns: ['ts', 'close'] })
  expect(table.numRows).toBe(1_050)
  expect(table.getChild('ts').at(1_049)).toBe(1_590_973_201_049)
  expect(table.getChild('close').toArray()).toBeInstanceOf(Float64Array)
  expect(table.getChild('close').at(1_049)).toBe(1_549)
  expect(seen[0]?.query).toMatch(/^instruments=TWSE:2330&.*columns=ts,close&format=arrow$/)
})

test('loadBars of nothing is a table without rows', async () => {
  const bytes = arrowOf(0)
  const { client } = await startFakeServer((_, response) => void response.end(bytes))
  expect((await client.loadBars(window)).numRows).toBe(0)
})

test('loadBars asks again for a stream that ends within a message, and refuses what is not Arrow', async () => {
  const bytes = arrowOf(500)
  const { client, seen } = await startFakeServer((_, response, number) => {
    response.end(number === 1 ? bytes.subarray(0, bytes.length - 100) : number === 2 ? bytes : 'instrument,ts,open\n')
  })
  expect((await client.loadBars(window)).numRows).toBe(500)
  expect(seen).toHaveLength(2)
  await expect(client.loadBars(window)).rejects.toMatchObject({
    code: 'INTERNAL_ERROR',
    message: /not an Arrow stream/,
  })
})

test('a URL that is not one of a server is refused at once', () => {
  expect(() => createClient({ url: 'nas:8080' })).toThrow(/such as http:\/\/localhost:8080/)
  expect(() => createClient({ url: 'http://me:pw@nas' })).toThrow(/Use `key`/)
})
