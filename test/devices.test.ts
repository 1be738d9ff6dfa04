import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
let server: RunningServer

const definition = {
  title: 'Devices',
  key: ['id'],
  columns: [
    { name: 'id', type: 'string' },
    { name: 'name', type: 'string' },
    { name: 'online', type: 'boolean' },
    { name: 'seen', type: 'instant' },
  ],
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-devices-'))
  const flags = { data: directory, port: '0', 'api.plainPaths': '/api,/device-management' }
  server = await startServer(loadConfig({ flags }))
  expect((await ask('PUT', '/v1/datasets/devices', definition)).status).toBe(201)
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

async function ask(method: string, path: string, body?: object) {
  const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(server.url + path, { method, ...json })
  const text = await answer.text()
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    body: text === '' ? null : JSON.parse(text),
  }
}

const lamp = { id: 'lamp-1', name: 'Lamp', online: true, seen: '2026-11-20T01:00:00.000Z' }

test.each(['/device-management', '/api'])(
  'devices are listed, created, read, updated and deleted under %s',
  async (base) => {
    expect(await ask('GET', `${base}/devices`)).toMatchObject({ status: 200, body: [] })
    const location = `${base}/devices/lamp-1`
    expect(await ask('POST', `${base}/devices`, lamp)).toEqual({ status: 201, location, body: lamp })
    expect(await ask('GET', location)).toMatchObject({ status: 200, body: lamp })
    const updated = { ...lamp, name: 'Desk lamp', seen: null }
    expect(await ask('PUT', location, { name: 'Desk lamp', online: true })).toMatchObject({
      status: 200,
      body: updated,
    })
    expect(await ask('GET', `${base}/devices`)).toMatchObject({ status: 200, body: [updated] })
    expect(await ask('DELETE', location)).toMatchObject({ status: 204, body: null })
    expect(await ask('GET', location)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  },
)

test.each([
  ['POST', '/api/devices', { ...lamp, id: 'taken' }, 409, 'CONFLICT', 'PUT replaces'],
  ['POST', '/api/devices', { name: 'x' }, 400, 'INVALID_BODY', 'id is missing'],
  ['POST', '/api/devices', { id: 'new', nmae: 'x' }, 400, 'INVALID_BODY', 'nmae is no column'],
  ['POST', '/api/devices', { id: 'new', online: 'perhaps' }, 422, 'INVALID_ROWS', 'no boolean'],
  ['POST', '/api/devices', { id: 'new', name: { nested: 1 } }, 400, 'INVALID_BODY', 'name'],
  ['POST', '/api/nothing', { id: 'new' }, 404, 'NOT_FOUND', 'nothing'],
  ['PUT', '/api/devices/one', { id: 'two' }, 400, 'INVALID_BODY', "'one'"],
  ['PATCH', '/api/devices/none', { name: 'x' }, 404, 'NOT_FOUND', "'none'"],
  ['DELETE', '/api/devices/none', undefined, 404, 'NOT_FOUND', "'none'"],
  ['PUT', '/api/devices', {}, 405, 'METHOD_NOT_ALLOWED', 'POST'],
])('%s %s %j is refused', async (method, path, body, status, code, hint) => {
  await ask('PUT', '/api/devices/taken', { name: 'first' })
  const answer = await ask(method, path, body)
  expect([answer.status, answer.body.code, answer.body.message]).toEqual([status, code, expect.stringContaining(hint)])
  expect((await ask('GET', '/api/devices')).body).toEqual([{ id: 'taken', name: 'first', online: null, seen: null }])
})

test('fields that are not sent stay with PATCH and go with PUT', async () => {
  await ask('PUT', '/api/devices/taken', { ...lamp, id: 'taken' })
  expect((await ask('PATCH', '/api/devices/taken', { name: 'other' })).body).toEqual({
    ...lamp,
    id: 'taken',
    name: 'other',
  })
  expect((await ask('PUT', '/api/devices/taken', { name: 'third' })).body).toEqual({
    id: 'taken',
    name: 'third',
    online: null,
    seen: null,
  })
})
