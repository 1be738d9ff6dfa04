import { expect, test } from 'vitest'
import { pagesOf, sendData, startFakeServer } from './fake-server.contract.js'

test('toArray stops asking once it has its limit', async () => {
  const { client, seen } = await startFakeServer(pagesOf(1_000))
  const list = client.dataset('birds').rows({ limit: 5 })
  expect(await list.toArray({ limit: 12 })).toHaveLength(12)
  expect(seen).toHaveLength(3)
  expect(await list.toArray({ limit: 0 })).toEqual([])
  expect(seen).toHaveLength(3)
})

test('a whole list is every row once, with the parameters repeated on each page', async () => {
  const { client, seen } = await startFakeServer(pagesOf(12))
  const rows = await client
    .dataset('birds')
    .rows({ limit: 5, where: { Location: 'x' } })
    .toArray()
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, index) => index))
  expect(seen.map(({ query }) => query)).toEqual([
    'limit=5&Location=x',
    'limit=5&Location=x&cursor=5',
    'limit=5&Location=x&cursor=10',
  ])
})

test('awaiting a list gives its first page, asked for once', async () => {
  const { client, seen } = await startFakeServer(pagesOf(12))
  const list = client.dataset('birds').rows({ limit: 5 })
  expect(await list).toHaveLength(5)
  expect(await list).toHaveLength(5)
  expect(await list.total()).toBe(12)
  expect(seen).toHaveLength(1)
})

test('a cursor that does not move on is an error, not a loop', async () => {
  const { client } = await startFakeServer((_, response) => sendData(response, [1], { next_cursor: 'same' }))
  await expect(client.instruments().toArray()).rejects.toMatchObject({ code: 'INTERNAL_ERROR' })
})

test('a list without a total says so', async () => {
  const { client } = await startFakeServer((_, response) => sendData(response, []))
  await expect(client.exchanges().total()).rejects.toThrow(/does not tell a total/)
})
