import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { type SeenRequest, sendJson, startFakeServer } from './fake-server.contract.js'

/** A dataset of `rows` rows, behind a server that gives at most `takeMax` of them. */
const plainOf =
  (rows: number, takeMax: number, tells = true) =>
  ({ query, method }: SeenRequest, response: ServerResponse) => {
    const params = new URLSearchParams(query)
    const start = Number(params.get('$start') ?? 0)
    const take = Math.min(Number(params.get('$take') ?? takeMax), takeMax)
    const headers = { 'x-datainfo-total': `${rows}`, 'x-datainfo-start': `${start}`, 'x-datainfo-take': `${take}` }
    const page = Array.from({ length: Math.max(0, Math.min(take, rows - start)) }, (_, index) => ({
      id: start + index,
    }))
    if (method === 'HEAD') response.writeHead(200, headers).end()
    else sendJson(response, page, 200, tells ? headers : {})
  }

const collect = async (rows: AsyncIterable<unknown>) => {
  const ids: number[] = []
  for await (const row of rows) ids.push((row as { id: number }).id)
  return ids
}
const first = (count: number) => Array.from({ length: count }, (_, id) => id)

test('every row comes once, and the total says when to stop', async () => {
  const { client, seen } = await startFakeServer(plainOf(20, 10))
  expect(await collect(client.plain('birds', { take: 5 }))).toEqual(first(20))
  expect(seen.map(({ path, query }) => `${path}?${query}`)).toEqual([
    '/api/birds?$start=0&$take=5',
    '/api/birds?$start=5&$take=5',
    '/api/birds?$start=10&$take=5',
    '/api/birds?$start=15&$take=5',
  ])
})

test('leaving the loop asks for no further page', async () => {
  const { client, seen } = await startFakeServer(plainOf(1_000, 10))
  for await (const { id } of client.plain<{ id: number }>('birds', { take: 5 })) if (id === 49) break
  expect(seen).toHaveLength(10)
})

test('pages are asked for ahead only when told', async () => {
  const { client, seen } = await startFakeServer(plainOf(1_000, 10))
  const iterator = client.plain('birds', { take: 5, prefetch: 3 })[Symbol.asyncIterator]()
  await iterator.next()
  await iterator.next()
  await expect.poll(() => seen.length).toBe(4)
  await iterator.return?.()
  expect(await collect(client.plain('birds', { take: 7, prefetch: 3 }))).toEqual(first(1_000))
})

test('a server that gives fewer rows than asked for loses none', async () => {
  const { client } = await startFakeServer(plainOf(25, 10))
  expect(await collect(client.plain('birds', { take: 100 }))).toEqual(first(25))
  expect(await collect(client.plain('birds'))).toEqual(first(25))
})

test('a server that does not tell the total is asked until a page has no rows', async () => {
  const { client, seen } = await startFakeServer(plainOf(20, 10, false))
  expect(await collect(client.plain('birds'))).toEqual(first(20))
  expect(seen).toHaveLength(3)
})

test('the total is asked for without rows', async () => {
  const { client, seen } = await startFakeServer(plainOf(25, 10))
  expect(await client.plain('birds').total()).toBe(25)
  expect(seen.map(({ method }) => method)).toEqual(['HEAD'])
})
