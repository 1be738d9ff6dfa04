import { expect, test } from 'vitest'
import { sleepOnTimer } from './backoff.js'
import { createClient } from './client.js'
import { sendData, sendJson, sendProblem, startFakeServer } from './fake-server.contract.js'

test('429 and 503 are asked again with full jitter over a growing window', async () => {
  const { client, seen, slept } = await startFakeServer((_, response, number) =>
    number <= 3
      ? sendProblem(response, number === 2 ? 'TOO_MANY_REQUESTS' : 'OVER_CAPACITY')
      : sendData(response, ['ok']),
  )
  expect(await client.exchanges()).toEqual(['ok'])
  expect(seen).toHaveLength(4)
  expect(slept).toEqual([125, 250, 500])
})

test('Retry-After is obeyed in seconds and as a date', async () => {
  const nowMs = Date.parse('2026-11-20T01:00:00Z')
  const headers = ['7', 'Fri, 20 Nov 2026 01:00:30 GMT']
  const answer: Parameters<typeof startFakeServer>[0] = (_, response, number) => {
    const retryAfter = headers[number - 1]
    if (retryAfter === undefined) return sendData(response, [])
    sendProblem(response, 'SERVICE_UNAVAILABLE', { 'retry-after': retryAfter })
  }
  const { client, slept } = await startFakeServer(answer, { now: () => nowMs })
  await client.exchanges()
  expect(slept).toEqual([7_000, 30_000])
})

test('a Retry-After longer than two minutes is handed to the caller', async () => {
  const { client, slept } = await startFakeServer((_, response) =>
    sendProblem(response, 'TOO_MANY_REQUESTS', { 'retry-after': '3600' }),
  )
  await expect(client.exchanges()).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS', retry: { afterMs: 3_600_000 } })
  expect(slept).toEqual([])
})

test('retries end at retriesMax with the last error', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendProblem(response, 'OVER_CAPACITY'), {
    retriesMax: 2,
  })
  await expect(client.exchanges()).rejects.toMatchObject({ code: 'OVER_CAPACITY' })
  expect(seen).toHaveLength(3)
})

test('a connection that breaks, before or within the answer, is tried again', async () => {
  const { client, seen } = await startFakeServer((_, response, number) => {
    if (number === 1) return void response.destroy()
    if (number === 2) {
      response.writeHead(200, { 'content-length': '1000' }).write('{"data": [', () => response.destroy())
      return
    }
    sendData(response, ['ok'])
  })
  expect(await client.exchanges()).toEqual(['ok'])
  expect(seen).toHaveLength(3)
})

test('no server is CONNECTION_FAILED, naming the URL', async () => {
  const client = createClient({ url: 'http://127.0.0.1:1', retriesMax: 0 })
  await expect(client.exchanges()).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    message: expect.stringContaining('http://127.0.0.1:1'),
  })
})

test('an answer that does not come within timeoutMs is CONNECTION_FAILED', async () => {
  const { client } = await startFakeServer(() => {}, { timeoutMs: 20, retriesMax: 0 })
  await expect(client.exchanges()).rejects.toMatchObject({ code: 'CONNECTION_FAILED', message: /20 ms/ })
})

test('a problem becomes the error of its code, with message and details, and is not asked again', async () => {
  const { client, seen } = await startFakeServer((_, response) => sendProblem(response, 'INVALID_TIME_WINDOW'))
  await expect(client.calendar('TWSE', { start: '2026-02-01', end: '2026-01-01' })).rejects.toMatchObject({
    name: 'BarkeepError',
    code: 'INVALID_TIME_WINDOW',
    status: 400,
    message: 'message of INVALID_TIME_WINDOW',
    errors: [{ code: 'INVALID_TIME_WINDOW', parameter: 'start' }],
  })
  expect(seen).toHaveLength(1)
})

test('an unknown code is INTERNAL_ERROR and keeps what the server said', async () => {
  const { client } = await startFakeServer((_, response) =>
    sendJson(response, { code: 'NEWER', message: 'Moon.' }, 418),
  )
  await expect(client.exchanges()).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: /418.*NEWER.*Moon/ })
})

test('a page of HTML is no answer', async () => {
  const { client } = await startFakeServer((_, response) => void response.end('<html>'))
  await expect(client.exchanges()).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: /not JSON/ })
})

test('aborting is CANCELLED_REQUEST, before, during and between attempts', async () => {
  const reason = new Error('enough')
  const { client, seen } = await startFakeServer(() => controller.abort(reason))
  const controller = new AbortController()
  const cancelled = { code: 'CANCELLED_REQUEST', cause: reason }
  await expect(client.exchanges({ signal: controller.signal })).rejects.toMatchObject(cancelled)
  await expect(client.exchanges({ signal: controller.signal })).rejects.toMatchObject(cancelled)
  expect(seen).toHaveLength(1)

  const waiting = new AbortController()
  const busy = await startFakeServer((_, response) => sendProblem(response, 'OVER_CAPACITY', { 'retry-after': '60' }))
  const sleep = async (_: number, signal?: AbortSignal) => {
    waiting.abort(reason)
    signal?.throwIfAborted()
  }
  const sleeper = createClient({ url: busy.url, sleep })
  await expect(sleeper.exchanges({ signal: waiting.signal })).rejects.toMatchObject(cancelled)
  expect(busy.seen).toHaveLength(1)
})

test('the default sleep ends at once when aborted, before or while it waits', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const sleeping = sleepOnTimer(1_000_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  await expect(sleepOnTimer(1_000_000, controller.signal)).rejects.toBe(reason)
  await sleepOnTimer(0)
})
