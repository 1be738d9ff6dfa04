import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Connector, type UpstreamPage, upstreamError } from '@barkeep/core'
import { expect, onTestFinished, test } from 'vitest'
import { createAskNow } from './ask-now.js'
import { setUpConnector } from './connector-setup.js'
import type { ConnectorStatus } from './crawl-engine.js'
import { createMemoryLimiter } from './limiter/memory-limiter.js'
import type { RawPage, TaskOutcome } from './run-task.js'

const task = { connector: 'fake', handler: 'search', params: { query: 'york' } }
const never = new AbortController().signal

/** A connector whose upstream answers what it is told to, and what became of it. */
async function open(read: (page: UpstreamPage) => void, status?: Partial<ConnectorStatus>) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end('found')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  const limiter = createMemoryLimiter({ quietMsMax: 0 })
  onTestFinished(async () => {
    await limiter.close()
    server.closeAllConnections()
    server.close()
  })
  const connector: Connector = {
    ...{ id: 'fake', title: 'Fake', homepage: '', credentials: [], datasets: [], crawls: {} },
    limits: [{ requests: 100, perMs: 1_000, per: 'host' }],
    handlers: {
      async search(one, context) {
        read(await context.fetch({ url: 'https://upstream.example/search' }))
        return { task: one, data: { covers: [] }, nextTasks: [] }
      },
    },
  }
  const setup = setUpConnector(connector, {
    ...{ baseUrl: `http://127.0.0.1:${port}`, limits: undefined, accounts: {}, settings: {} },
  })
  const archived: RawPage[] = []
  const kept: TaskOutcome[] = []
  const askNow = createAskNow({
    ...{ setups: [setup], limiter, now: Date.now, settings: { timeoutMs: 5_000, pageBytesMax: 1_000, restMs: 60_000 } },
    sink: {
      async commit(outcome) {
        kept.push(outcome)
        return { bars: 0, rows: 0, refused: [] }
      },
      async archive(pages) {
        archived.push(...pages)
      },
    },
    status: (id) =>
      status && {
        ...{ connector: id, blockedUntilMs: null, stoppedBy: null, lastError: null, sinceMs: null },
        ...{ pages: 0, bytes: 0, bars: 0, rows: 0, refused: 0, failures: 0, ...status },
      },
  })
  return { askNow, archived, kept, limiter, asked: () => asked, limits: setup.accounts[0]?.limits ?? [] }
}

test('an answer is given at once, and kept with its page like that of any other task', async () => {
  const { askNow, kept, archived } = await open(() => {})
  const { result, kept: keeping } = await askNow(task, never)
  await keeping
  expect(result.task).toBe(task)
  expect(kept.map(({ pages }) => pages.map(({ page }) => page.text()))).toEqual([['found']])
  expect(archived).toEqual([])
})

test('a ban is archived, and holds back all that shares the limits', async () => {
  const { askNow, archived, kept, limiter, limits, asked } = await open(() => {
    throw upstreamError('UPSTREAM_BANNED', 'a wall', { afterMs: 30_000 })
  })
  await expect(askNow(task, never)).rejects.toMatchObject({ code: 'UPSTREAM_BANNED' })
  expect([archived.length, kept.length]).toEqual([1, 0])
  const [limit] = limits
  if (limit === undefined) throw new Error('no limit')
  expect((await limiter.status(limit)).blockedForMs).toBeGreaterThan(20_000)
  // Nobody waits that long, so nothing is asked and nobody is kept waiting.
  await expect(askNow(task, never)).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED' })
  expect(asked()).toBe(1)
})

test('what passes is no reason to hold the crawl back', async () => {
  const { askNow, limiter, limits } = await open(() => {
    throw upstreamError('UPSTREAM_FAILED', 'a bad day')
  })
  await expect(askNow(task, never)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
  for (const limit of limits) expect((await limiter.status(limit)).blockedForMs).toBe(0)
})

test.each([
  ['rests', { blockedUntilMs: Date.UTC(2026, 10, 22, 12) }, '2026-11-22T12:00:00.000Z'],
  ['was stopped', { stoppedBy: 'UPSTREAM_UNAUTHORIZED: no' }, 'UPSTREAM_UNAUTHORIZED: no'],
])('a connector that %s is not asked', async (_, status, reason) => {
  const { askNow, asked } = await open(() => {}, status)
  await expect(askNow(task, never)).rejects.toThrow(reason)
  expect(asked()).toBe(0)
})

test('who leaves gives the place in the line back', async () => {
  const { askNow, limiter, limits, asked } = await open(() => {})
  const left = new AbortController()
  left.abort(new Error('left'))
  await expect(askNow(task, left.signal)).rejects.toThrow('left')
  expect(asked()).toBe(0)
  for (const limit of limits) expect((await limiter.status(limit)).requestsUsed).toBe(0)
})
