import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bar, bearer, codeOf, header, type Started, start, stopAll } from './safety-rig.js'

describe('beyond loopback', () => {
  afterEach(stopAll)

  test('a server without a key does not start, and says how to make one', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      message: expect.stringContaining('barkeep keys create'),
    })
  })

  test('with a key it starts, and asks for one even when the last is revoked', async () => {
    const local = await start()
    const { id, key } = (await (await local.post('/v1/keys', { name: 'x', scopes: ['read'] })).json()).data
    await local.stop()
    const wide = await start({ host: '0.0.0.0' }, local.data)
    expect(wide.server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await wide.ask('/v1/exchanges')).status).toBe(401)
    expect((await wide.ask('/v1/exchanges', { headers: bearer(key) })).status).toBe(200)
    await wide.ask(`/v1/keys/${id}`, { method: 'DELETE', headers: bearer(wide.server.ownerKey) })
    expect((await wide.ask('/v1/exchanges')).status).toBe(401)
    await wide.stop()
  })
})

describe('web pages', () => {
  let started: Started
  const page = 'https://app.example'
  beforeAll(async () => {
    started = await start({ 'api.corsOrigins': `${page}, http://other.example:3000/` })
  })
  afterAll(stopAll)

  test('of an origin that is named may read answers and send what the API takes', async () => {
    const answer = await started.ask('/v1/exchanges', { headers: { origin: page } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(page)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    for (const name of ['Link', 'Retry-After', 'X-Total-Count', 'X-Request-Id', 'ETag', 'X-DATAINFO-TOTAL']) {
      expect(answer.headers.get('access-control-expose-headers')?.split(', ')).toContain(name)
    }
    const preflight = await started.ask('/v1/bars/1m', {
      method: 'OPTIONS',
      headers: { origin: page, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    expect((await started.post('/v1/bars/1m', header + bar('1', 0), { origin: page })).status).toBe(201)
  })

  test('of another origin may not, and their writes are refused before anything is read', async () => {
    const foreign = 'https://evil.example'
    const answer = await started.ask('/v1/exchanges', { headers: { origin: foreign } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    for (const origin of [foreign, 'null', `${page}.evil.example`]) {
      expect(await codeOf(await started.post('/v1/bars/1m', header, { origin }))).toEqual([403, 'FORBIDDEN_ORIGIN'])
    }
  })

  test('of the server itself may write', async () => {
    expect((await started.post('/v1/bars/1m', header + bar('1', 1), { origin: started.server.url })).status).toBe(201)
  })

  test('that give their own name to this machine find nothing on a server without keys', async () => {
    const { port } = new URL(started.server.url)
    const answerTo = async (host: string) => {
      const request = httpRequest({ port, host: '127.0.0.1', path: '/v1/exchanges', headers: { host } }).end()
      const [answer] = await once(request, 'response')
      return [answer.statusCode, JSON.parse(await text(answer)).code]
    }
    expect(await answerTo(`rebound.example:${port}`)).toEqual([403, 'FORBIDDEN_ORIGIN'])
    expect(await answerTo('127.0.0.1.evil.example')).toEqual([403, 'FORBIDDEN_ORIGIN'])
    expect(await answerTo(`localhost:${port}`)).toEqual([200, undefined])
  })

  test('OPTIONS names the methods of a path', async () => {
    const answer = await started.ask('/v1/bars/1m', { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
    expect(await codeOf(await started.ask('/nowhere', { method: 'OPTIONS' }))).toEqual([404, 'ROUTE_NOT_FOUND'])
  })

  test('of the server run their own scripts and no others, in no frame', async () => {
    const answer = await started.ask('/docs')
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/default-src 'none'.*script-src 'self' 'sha256-[^']+'.*frame-ancestors 'none'/)
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    const data = await started.ask('/v1/exchanges')
    expect(data.headers.get('x-content-type-options')).toBe('nosniff')
    expect(data.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
  })
})
