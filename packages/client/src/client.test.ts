import { expect, test } from 'vitest'
import { arrowOf } from './arrow.contract.js'
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
    '/v1/bars?instruments=TWSE:2330,TWSE:2409&interval=1h&start=2020-06-01&end=2020-07-01&columns=ts,close&final=any&base=1m',
  ])
  expect(new Set(seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer secret']))
})

test('a bulk create whose connection breaks is sent again with the same idempotency key', async () => {
  const { client, seen } = await startFakeServer((_, response, number) =>
    number === 1 ? response.destroy() : sendData(response, report),
  )
  expect(await client.createBars('1m', 'instrument,ts\n', { contentType: 'text/csv' })).toEqual(report)
  const keys = seen.map(({ headers }) => headers['idempotency-key'])
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0]])
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

test('loadBars of nothing is a table without rows', async () => {
  const bytes = arrowOf(0)
  const { client } = await startFakeServer((_, response) => void response.end(bytes))
  expect((await client.loadBars(window)).numRows).toBe(0)
})

test('a URL that is not one of a server is refused at once', () => {
  expect(() => createClient({ url: 'nas:8080' })).toThrow(/such as http:\/\/localhost:8080/)
  expect(() => createClient({ url: 'http://me:pw@nas' })).toThrow(/Use `key`/)
})
