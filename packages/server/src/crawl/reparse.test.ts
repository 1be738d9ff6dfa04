import type { Connector, HandlerContext } from '@barkeep/core'
import { expect, test } from 'vitest'
import type { ArchivedPage } from '../store/tasks/crawl-tables.js'
import { reparse } from './reparse.js'

const dataUrl = 'https://made.example/data'
const page: ArchivedPage = {
  ...{ connector: 'made', handler: 'page', task: 'made/page/1', params: {}, number: 0 },
  page: { url: dataUrl, status: 200, headers: {}, body: new TextEncoder().encode('told'), receivedAtMs: 7 },
}

/** A connector whose pages were asked for with the token of a login, which no archive has. */
function connectorOf(tokenOf: (context: HandlerContext) => Promise<string>, seen: string[]): Connector {
  return {
    ...{ id: 'made', title: 'Made', homepage: '', limits: [], datasets: [], crawls: {} },
    credentials: [{ name: 'password', required: true, help: '' }],
    handlers: {
      async page(task, context) {
        const token = await tokenOf(context)
        const told = await context.fetch({ url: dataUrl, secretHeaders: { authorization: token } })
        seen.push(`${told.text()} at ${context.now()}`)
        return { task, data: { covers: [] }, nextTasks: [] }
      },
    },
  }
}

async function readAgain(tokenOf: (context: HandlerContext) => Promise<string>) {
  const seen: string[] = []
  const tables = { archivedTasks: async () => new Map([[page.task, [page]]]) }
  const sink = { commit: async () => ({ bars: 0, rows: 0, refused: [] }) }
  const report = await reparse(connectorOf(tokenOf, seen), tables, sink, new AbortController().signal)
  return { seen, report }
}

test('a handler is told that pages are read again, so that it need not log in', async () => {
  const { seen, report } = await readAgain(async (context) => (context.isReadAgain === true ? '-' : 'from a login'))
  expect([seen, report]).toEqual([['told at 7'], { tasks: 1, bars: 0, rows: 0, failed: 0, failures: [] }])
})

test('a login that is asked for all the same fails that task and says which page is missing', async () => {
  const { report } = await readAgain(async ({ fetch }) =>
    (await fetch({ url: 'https://made.example/login', method: 'POST', isSecret: true })).text(),
  )
  expect(report).toMatchObject({ tasks: 1, failed: 1, failures: [{ task: page.task }] })
  expect(report.failures[0]?.error).toContain('The archive has no page of https://made.example/login')
})
