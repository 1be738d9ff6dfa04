import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Absence, Page, Task } from '@barkeep/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../config.js'
import { type RunningServer, startServer } from '../../server.js'
import type { Clock } from '../limiter/clock.js'
import { taskKey } from '../queue/task-key.js'
import type { RawPage, TaskOutcome } from '../run-task.js'
import { pageOf } from '../upstream-fetch.js'
import { createRemoteSink } from './remote-sink.js'
import { type ResultBody, writeResult } from './remote-sink-body.js'

const task: Task = { connector: 'worldtradingdata', handler: 'history', params: { instrument: 'NYSE:T', start: 'x' } }
const bar = { instrument: 'NYSE:T', ts: '2019-03-04T14:30:00Z', open: 30, high: 31, low: 29, close: 30.5, volume: 7 }
const found: Page = {
  bars: [{ interval: '1d', bars: [{ ...bar, turnover: null, trades: null }] }],
  covers: [{ scope: 'NYSE:T', of: '1d', start: '2019-03-04', end: '2019-03-05' }],
}
const outcomeOf = (data: Page | Absence): TaskOutcome => ({ result: { task, data, nextTasks: [] }, pages: [rawPage()] })

function rawPage(): RawPage {
  const { connector, handler, params } = task
  const body = new TextEncoder().encode('{"history": "漢字"}')
  const page = pageOf('https://api.worldtradingdata.com/api/v1/history', 200, { server: 'x' }, body, 1_551_700_000_000)
  return { connector, handler, task: taskKey(task), params, number: 0, page }
}

describe('a sink that hands outcomes to a server', () => {
  let requests: { headers: IncomingHttpHeaders; body: ResultBody }[]
  /** What the server answers, one after the other; the last one stays. */
  let answers: { status: number; body: object; headers?: Record<string, string> }[]
  let server: Server
  let url: string
  const clock = new EagerClock()
  const report = { bars: 1, rows: 0, refused: [] }
  const kept = { status: 201, body: { data: report } }
  const sinkOf = (address = url) => createRemoteSink({ server: address, clock, random: () => 0.5 })

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ResultBody // written by the sink
      requests.push({ headers: request.headers, body })
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      response.writeHead(answer?.status ?? 500, answer?.headers).end(JSON.stringify(answer?.body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    requests = []
    answers = [kept]
    clock.slept.length = 0
  })

  test('sends the page as it came, what it gave and what it covers, and gives the report', async () => {
    expect(await sinkOf().commit(outcomeOf(found))).toEqual(report)
    const [request] = requests
    expect(request?.body).toMatchObject({ task, data: found, pages: [{ status: 200, headers: { server: 'x' } }] })
    expect(Buffer.from(request?.body.pages[0]?.body ?? '', 'base64').toString()).toBe('{"history": "漢字"}')
    expect(request?.headers['idempotency-key']).toMatch(new RegExp(`^${taskKey(task)}/`))
  })

  test('sends only the pages of a task that failed, and nothing when there are none', async () => {
    await sinkOf().archive([rawPage()])
    await sinkOf().archive([])
    expect(requests).toMatchObject([{ body: { task, data: null, pages: [{ status: 200 }] } }])
  })

  test('tries again under the same key while the server fails, and obeys Retry-After', async () => {
    const busy = { status: 503, body: { code: 'OVER_CAPACITY', message: 'Later.' }, headers: { 'retry-after': '20' } }
    answers = [{ status: 500, body: {} }, busy, kept]
    expect(await sinkOf().commit(outcomeOf(found))).toEqual(report)
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(requests).toHaveLength(3)
    expect(clock.slept).toEqual([250, 20_000])
  })

  test('has a key of its own for each commit of a task', async () => {
    const sink = sinkOf()
    await sink.commit(outcomeOf(found))
    await sink.commit(outcomeOf(found))
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  test('waits when the server does not know its key, and says so', async () => {
    answers = [{ status: 401, body: { code: 'UNAUTHORIZED_ACCESS', message: 'Which key?' } }, kept]
    const told: string[] = []
    const sink = createRemoteSink({ server: url, clock, random: () => 0.5, onFailure: ({ code }) => told.push(code) })
    expect(await sink.commit(outcomeOf(found))).toEqual(report)
    expect(told).toEqual(['UNAUTHORIZED_ACCESS'])
  })

  test('throws what the server refuses the result with', async () => {
    answers = [{ status: 422, body: { code: 'INVALID_ROWS', message: 'Row 3 is wrong.', errors: [] } }]
    await expect(sinkOf().commit(outcomeOf(found))).rejects.toMatchObject({
      code: 'INVALID_ROWS',
      message: 'Row 3 is wrong.',
    })
    answers = [{ status: 404, body: { error: 'what?' } }]
    await expect(sinkOf().commit(outcomeOf(found))).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      message: expect.stringContaining('status 404'),
    })
    expect(clock.slept).toEqual([])
  })

  test('waits without end for a server that is away, until it is closed', async () => {
    const sink = sinkOf('http://127.0.0.1:1')
    clock.onSleep = () => {
      if (clock.slept.length === 5) sink.close()
    }
    await expect(sink.commit(outcomeOf(found))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(clock.slept).toEqual([250, 500, 1_000, 2_000, 4_000])
  })
})

describe('the server that workers hand their results to', () => {
  let directory: string
  let server: RunningServer

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-results-'))
    const flags = { data: directory, port: '0', 'crawl.resultBytesMax': '20000' }
    server = await startServer(loadConfig({ flags }))
  })
  afterEach(async () => {
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const sinkOf = () => createRemoteSink({ server: server.url, clock: new EagerClock(), random: () => 0.5 })
  const bars = async () => {
    const path = '/v1/bars?instruments=NYSE:T&interval=1d&start=2019-01-01&end=2020-01-01'
    return ((await (await fetch(server.url + path)).json()) as { data: unknown }).data
  }

  test('keeps a result, so that it can be read when the answer comes', async () => {
    expect(await sinkOf().commit(outcomeOf(found))).toEqual({ bars: 1, rows: 0, refused: [] })
    expect(await bars()).toEqual([{ ...bar, turnover: null, trades: null }])
  })

  test('keeps an absence, and the pages of a task that failed', async () => {
    expect(await sinkOf().commit(outcomeOf({ absence: 'holiday', covers: found.covers }))).toMatchObject({ bars: 0 })
    await sinkOf().archive([rawPage()])
  })

  test('refuses a bar without a price as the crawl itself would, and keeps the others', async () => {
    const [page] = found.bars ?? []
    const broken = { ...bar, ts: '2019-03-05T14:30:00Z', close: Number.NaN, turnover: null, trades: null }
    const both: Page = { ...found, bars: [{ interval: '1d', bars: [...(page?.bars ?? []), broken] }] }
    expect(await sinkOf().commit(outcomeOf(both))).toMatchObject({
      bars: 1,
      refused: [{ row: expect.stringContaining('2019-03-05'), reason: 'a price is not a number' }],
    })
  })

  test('carries a repeated result out once', async () => {
    const post = async (of: Task) => {
      const answer = await fetch(`${server.url}/v1/crawl-results`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: writeResult(of, { absence: 'no-data', covers: [] }, [rawPage()]),
      })
      return answer.status
    }
    expect(await Promise.all([post(task), post(task)])).toEqual([201, 201])
    expect(await post({ ...task, params: {} })).toBe(409)
  })

  test('refuses the result of a connector that it does not have', async () => {
    const outcome = outcomeOf(found)
    const foreign = { ...outcome, result: { ...outcome.result, task: { ...task, connector: 'nobody' } } }
    await expect(sinkOf().commit(foreign)).rejects.toMatchObject({
      code: 'INVALID_BODY',
      message: expect.stringContaining("'nobody'"),
    })
  })

  test('refuses a result that is larger than the setting allows', async () => {
    const refused = [{ row: 'x'.repeat(30_000), reason: 'long' }]
    await expect(sinkOf().commit(outcomeOf({ ...found, refused }))).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
      message: expect.stringContaining('crawl.resultBytesMax = 20000'),
    })
  })
})

/** Sleeps take no time; they are noted. */
class EagerClock implements Clock {
  readonly slept: number[] = []
  onSleep = () => {}

  now(): number {
    return 0
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(delayMs)
    this.onSleep()
    signal?.throwIfAborted()
  }
}
