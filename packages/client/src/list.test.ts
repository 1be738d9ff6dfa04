import { expect, test } from 'vitest'
import { pagesOf, sendData, startFakeServer } from './fake-server.contract.js'

test('a list that nobody reads asks for nothing', async () => {
  const { client, seen } = await startFakeServer(pagesOf(1_000))
  client.dataset('birds').rows({ limit: 5 })
  await client.health()
  expect(seen.map(({ path }) => path)).toEqual(['/healthz'])
})

test('1,000 rows in pages of 5, left at the 50th, are 10 requests', async () => {
  const { client, seen } = await startFakeServer(pagesOf(1_000))
  const ids: unknown[] = []
  for await (const row of client.dataset('birds').rows({ limit: 5 })) {
    ids.push(row.id)
    if (ids.length === 50) break
  }
  expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => index))
  expect(seen).toHaveLength(10)
})

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

test('short and empty pages do not end a list; the cursor does', async () => {
  const pages = [[1], [], [2, 3], [4, 5, 6]]
  const { client, seen } = await startFakeServer((_, response, number) =>
    sendData(response, pages[number - 1], { next_cursor: number < 4 ? `after ${number}` : null }),
  )
  const sizes: number[] = []
  for await (const page of client.instruments().pages()) sizes.push(page.length)
  expect(sizes).toEqual([1, 0, 2, 3])
  expect(seen).toHaveLength(4)
})

test('a cursor that does not move on is an error, not a loop', async () => {
  const { client } = await startFakeServer((_, response) => sendData(response, [1], { next_cursor: 'same' }))
  await expect(client.instruments().toArray()).rejects.toMatchObject({ code: 'INTERNAL_ERROR' })
})

test('a list without a total says so', async () => {
  const { client } = await startFakeServer((_, response) => sendData(response, []))
  await expect(client.exchanges().total()).rejects.toThrow(/does not tell a total/)
})

test('leaving a list while a page is on its way cancels that request and asks for no further page', async () => {
  let arrived = () => {}
  let hungUp = () => {}
  const secondArrived = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const clientHungUp = new Promise<void>((resolve) => {
    hungUp = resolve
  })
  const { client, seen } = await startFakeServer((_, response, number) => {
    if (number === 1) return sendData(response, [1], { next_cursor: 'two' })
    response.on('close', hungUp) // never answered
    arrived()
  })
  const pages = client.instruments().pages()
  await pages.next()
  const pending = pages.next()
  await secondArrived
  await pages.return?.()
  expect(await pending).toEqual({ done: true, value: undefined })
  await clientHungUp
  expect(seen).toHaveLength(2)
})
