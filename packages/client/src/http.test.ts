import { expect, test } from 'vitest'
import { sleepOnTimer } from './backoff.js'
import { createClient } from './client.js'
import { sendData, sendJson, sendProblem, startFakeServer } from './fake-server.contract.js'

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

test('the default sleep ends at once when aborted, before or while it waits', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const sleeping = sleepOnTimer(1_000_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  await expect(sleepOnTimer(1_000_000, controller.signal)).rejects.toBe(reason)
  await sleepOnTimer(0)
})
