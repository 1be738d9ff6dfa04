import fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { loadConfig } from '../../config.js'
import type { Api } from '../context.js'
import { sendProblem } from '../problem.js'
import type { SchemaTypes } from '../schema/validation.js'
import { checkPreconditions } from './etag-precondition.js'

let app: Api

afterEach(() => app.close())

/** A promise that is kept from outside. */
function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** A server of devices whose first write lasts until told to end; what others came to is written down. */
async function startDevices() {
  const seen = { written: [] as string[], errors: [] as unknown[] }
  const [first, begun, arrived, left, over] = [createGate(), createGate(), createGate(), createGate(), createGate()]
  app = fastify().withTypeProvider<SchemaTypes>()
  app.setErrorHandler((error, request, reply) => {
    seen.errors.push(error)
    over.open()
    return sendProblem(error, request, reply)
  })
  app.addHook('preHandler', async ({ url }, reply) => {
    if (!url.endsWith('/lost')) return
    reply.raw.once('close', left.open)
    arrived.open()
  })
  checkPreconditions(app, loadConfig({}))
  app.put('/v1/datasets/:name/rows/:key', async ({ params }) => {
    const { key } = params as { key: string } // as the route says
    if (key === 'first') {
      begun.open()
      await first.opened
    }
    seen.written.push(key)
    return {}
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, seen, first, begun, arrived, left, over }
}

test('a write whose caller goes away while it waits is not carried out, and ends as cancelled', async () => {
  const { url, seen, first, begun, arrived, left, over } = await startDevices()
  const put = (key: string, init: RequestInit = {}) =>
    fetch(`${url}/v1/datasets/devices/rows/${key}`, { method: 'PUT', ...init })
  const held = put('first')
  await begun.opened
  const abort = new AbortController()
  const lost = put('lost', { headers: { 'if-match': '*' }, signal: abort.signal })
  await arrived.opened
  abort.abort()
  await expect(lost).rejects.toThrow()
  await left.opened
  first.open()
  expect((await held).status).toBe(200)
  await over.opened
  expect(seen.errors).toMatchObject([{ code: 'CANCELLED_REQUEST' }])
  expect(seen.written).toEqual(['first'])
  // Who comes next does not wait for it.
  expect((await put('next')).status).toBe(200)
})
