import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { readOwnerKey } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bar, bearer, codeOf, header, type Started, start, stopAll } from './safety-rig.js'

describe('keys', () => {
  let started: Started
  let admin: string
  const make = async (name: string, scopes: string[], headers: Record<string, string> = {}) =>
    (await (await started.post('/v1/keys', { name, scopes }, headers)).json()).data as { id: string; key: string }

  beforeAll(async () => {
    started = await start()
    await started.post('/v1/bars/1m', header + bar('1', 0))
  })
  afterAll(stopAll)

  test('without any, an open server on loopback asks for none; with the first it asks everyone', async () => {
    expect((await started.ask('/v1/bars?interval=1m')).status).toBe(200)
    admin = (await make('admin', ['admin'])).key
    expect(admin).toMatch(/^bk_[0-9a-f]{10}_[\w-]{43}$/)
    const refused = await started.ask('/v1/bars?interval=1m')
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(await codeOf(refused)).toEqual([401, 'UNAUTHORIZED_ACCESS'])
    expect((await started.ask('/v1/bars?interval=1m', { headers: bearer(admin) })).status).toBe(200)
    expect(await codeOf(await started.ask('/nowhere'))).toEqual([401, 'UNAUTHORIZED_ACCESS'])
  })

  test('the health of the process and the page of errors need none', async () => {
    for (const path of ['/healthz', '/docs/errors']) expect((await started.ask(path)).status).toBe(200)
    for (const path of ['/readyz', '/metrics', '/openapi.json', '/docs', '/v1/exchanges']) {
      expect([path, (await started.ask(path)).status]).toEqual([path, 401])
    }
  })

  test('a secret is shown once and nowhere again, not in the store either', async () => {
    const { id, key } = await make('laptop', ['read'], bearer(admin))
    const list = await (await started.ask('/v1/keys', { headers: bearer(admin) })).text()
    expect(JSON.parse(list).data).toContainEqual({
      id,
      name: 'laptop',
      scopes: ['read'],
      created_at: expect.stringMatching(/Z$/),
    })
    expect(list).not.toContain(key.slice('bk_0123456789_'.length))
  })

  test.each([
    [['read'], 200, 403, 403],
    [['write'], 403, 201, 403],
    [['read', 'write'], 200, 201, 403],
    [['publish'], 403, 403, 403],
    [['admin'], 200, 201, 200],
  ])('a key with %j may do that and no more', async (scopes, read, write, manage) => {
    const { key } = await make('some', scopes, bearer(admin))
    const headers = bearer(key)
    expect((await started.ask('/v1/bars?interval=1m', { headers })).status).toBe(read)
    expect((await started.post('/v1/bars/1m', header + bar('1', 1), headers)).status).toBe(write)
    const managed = await started.ask('/v1/keys', { headers })
    expect(managed.status).toBe(manage)
    if (manage === 403) expect((await managed.json()).code).toBe('INSUFFICIENT_SCOPE')
  })

  test('a revoked key is refused at once, and one that never was too', async () => {
    const { id, key } = await make('gone', ['read'], bearer(admin))
    expect((await started.ask('/v1/exchanges', { headers: bearer(key) })).status).toBe(200)
    const revoke = () => started.ask(`/v1/keys/${id}`, { method: 'DELETE', headers: bearer(admin) })
    expect((await revoke()).status).toBe(200)
    expect(await codeOf(await started.ask('/v1/exchanges', { headers: bearer(key) }))).toEqual([
      401,
      'UNAUTHORIZED_ACCESS',
    ])
    expect(await codeOf(await revoke())).toEqual([404, 'NOT_FOUND'])
    const other = `${admin.slice(0, -1)}${admin.endsWith('A') ? 'B' : 'A'}`
    for (const wrong of [other, 'x', `${admin}x`, key.replace(id, admin.slice(3, 13))]) {
      expect((await started.ask('/v1/exchanges', { headers: bearer(wrong) })).status).toBe(401)
    }
  })

  test('who can only send a user and a password sends the key as the password', async () => {
    const authorization = `Basic ${Buffer.from(`anyone:${admin}`).toString('base64')}`
    expect((await started.ask('/v1/exchanges', { headers: { authorization } })).status).toBe(200)
    const page = await started.ask('/docs', { headers: { accept: 'text/html,*/*' } })
    expect(page.headers.get('www-authenticate')).toMatch(/^Basic/)
  })

  test('the SDK sends it, and its user reads why it was refused', async () => {
    const client = (key: string) => createClient({ url: started.server.url, key })
    expect((await client(admin).exchanges()).length).toBeGreaterThan(0)
    await expect(client('nope').exchanges().toArray()).rejects.toMatchObject({ code: 'UNAUTHORIZED_ACCESS' })
  })

  test('an order for a key names known scopes', async () => {
    const answer = await started.post('/v1/keys', { name: 'x', scopes: ['root'] }, bearer(admin))
    expect(await codeOf(answer)).toEqual([400, 'INVALID_BODY'])
  })

  test('commands of the same user need none: the key of this start is in a file that only the user reads', async () => {
    const path = join(started.data, 'owner.key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const key = readOwnerKey(started.data) ?? ''
    expect((await started.ask('/v1/keys', { headers: bearer(key) })).status).toBe(200)
  })

  test('keys survive a restart, and the key of the start before does not', async () => {
    const before = readOwnerKey(started.data) ?? ''
    await started.stop()
    expect(readOwnerKey(started.data)).toBeUndefined()
    started = await start({}, started.data)
    expect((await started.ask('/v1/exchanges', { headers: bearer(admin) })).status).toBe(200)
    expect((await started.ask('/v1/exchanges', { headers: bearer(before) })).status).toBe(401)
  })

  test('every write leaves a line in the audit log, with who and how many rows, and without a secret', async () => {
    await started.post('/v1/bars/1m?source=mine', header + bar('1', 2) + bar('1', 3), bearer(admin))
    await started.post('/v1/bars/1m', header + bar('1', 2))
    await started.stop()
    const log = readFileSync(join(started.data, 'audit.ndjson'), 'utf8')
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.at(-2)).toMatchObject({
      key: admin.slice(3, 13),
      method: 'POST',
      route: '/v1/bars/:interval',
      path: '/v1/bars/1m',
      status: 201,
      answered: true,
      rows: 2,
    })
    expect(lines.at(-1)).toMatchObject({ key: null, status: 401, rows: null })
    expect(log).not.toContain(admin.slice(14))
    expect(statSync(join(started.data, 'audit.ndjson')).mode & 0o777).toBe(0o600)
  })
})
