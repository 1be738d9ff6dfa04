import type { Connector, HandlerContext, LocalContext } from '@barkeep/core'
import { expect, test } from 'vitest'
import { runTask } from './run-task.js'

const local: LocalContext = { setting: () => 7, exchanges: [], kept: async () => new Map() }
const task = { connector: 'made', handler: 'page', params: {} }

/** A connector whose one handler is this. */
function connectorOf(isLocal: boolean, look: (context: HandlerContext) => unknown): Connector {
  return {
    ...{ id: 'made', title: 'Made', homepage: '', isLocal, limits: [], credentials: [], datasets: [], crawls: {} },
    handlers: {
      async page(asked, context) {
        await look(context)
        return { task: asked, data: { covers: [] }, nextTasks: [] }
      },
    },
  }
}

const surroundings = {
  credentials: {},
  now: () => 0,
  fetch: async () => {
    throw new Error('it asked')
  },
}

test('a local connector sees the server and may not fetch', async () => {
  const seen: unknown[] = []
  const connector = connectorOf(true, (context) => seen.push(context.local?.setting('seed')))
  expect((await runTask(task, { ...surroundings, connector, local })).pages).toEqual([])
  expect(seen).toEqual([7])
  const asking = connectorOf(true, ({ fetch }) => fetch({ url: 'https://host.example/' }))
  await expect(runTask(task, { ...surroundings, connector: asking, local })).rejects.toMatchObject({
    cause: expect.objectContaining({ message: 'made is local, so it may not fetch.' }),
  })
})

test('a page that is a secret itself is handed to the handler, and is not among what is archived', async () => {
  const asking = connectorOf(false, async ({ fetch }) => {
    await fetch({ url: 'https://host.example/login', isSecret: true })
    await fetch({ url: 'https://host.example/data' })
  })
  const fetch = async ({ url }: { readonly url: string }) => ({
    ...{ url, status: 200, headers: {}, body: new Uint8Array(), receivedAtMs: 0 },
    text: () => '',
  })
  const { pages } = await runTask(task, { ...surroundings, fetch, connector: asking })
  expect(pages.map(({ page, number }) => [page.url, number])).toEqual([['https://host.example/data', 0]])
})

test('any other connector sees nothing of the server', async () => {
  const seen: unknown[] = []
  await runTask(task, { ...surroundings, connector: connectorOf(false, (context) => seen.push('local' in context)) })
  expect(seen).toEqual([false])
})
