import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterEach, beforeEach, expect, test } from 'vitest'

let directory: string
let server: RunningServer

const start = async (lockMsMax: string) => {
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', 'api.lockMsMax': lockMsMax } }))
  const created = await send('POST', '/v1/datasets/devices/rows?key=id', [{ id: '1', name: 'one' }])
  expect(created.status).toBe(201)
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-locks-'))
})

afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const json = { 'content-type': 'application/json' }
const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { method, body: JSON.stringify(body), headers: { ...json, ...headers } })

/** A write that has begun and shares the dataset until its body ends. */
async function holdUpload(path = '/v1/datasets/devices/rows'): Promise<ClientRequest> {
  const upload = httpRequest(server.url + path, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } })
  upload.on('error', () => {})
  upload.write('{"id": "2", "name": "two"}\n')
  await once(upload, 'socket')
  return upload
}

test.each(['/api/devices/1', '/v1/datasets/devices/rows/1', '/v1/datasets/%64evices/rows/1'])(
  'an upload to the dataset and a write with If-Match to %s wait for each other',
  async (path) => {
    await start('100')
    const upload = await holdUpload()
    const put = () => send('PUT', path, { name: 'changed' }, { 'if-match': '*' })
    // The upload may not have its lock yet when the first is sent.
    await expect.poll(async () => (await put()).status).toBe(503)
    const refused = await put()
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'LOCK_ACQUISITION_TIMEOUT'])
    upload.end()
    await once(upload, 'close')
    await expect.poll(async () => (await put()).status).toBe(200)
  },
)

test('of two that read the same row, one by each path, one wins', async () => {
  await start('10000')
  const paths = ['/api/devices/1', '/v1/datasets/devices/rows/1']
  const tags = await Promise.all(paths.map(async (path) => (await fetch(server.url + path)).headers.get('etag') ?? ''))
  const answers = await Promise.all(
    paths.map((path, index) => send('PUT', path, { name: path }, { 'if-match': tags[index] ?? '' })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
})

test('a caller who goes away before the answer is counted as cancelled, and its write leaves a line in the audit log', async () => {
  await start('10000')
  const upload = await holdUpload()
  await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status).toBe(200)
  upload.destroy()
  const counted = /duration_seconds_count\{method="POST",route="\/v1\/datasets\/:name\/rows",status="499"\} 1\n/
  await expect.poll(async () => (await fetch(`${server.url}/metrics`)).text()).toMatch(counted)
  expect((await (await fetch(`${server.url}/v1/datasets/devices/rows`)).json()).data).toEqual([
    { id: '1', name: 'one' },
  ])
  const lines = () => readFileSync(join(directory, 'audit.ndjson'), 'utf8').trim().split('\n')
  await expect.poll(() => lines().map((line) => JSON.parse(line).answered)).toEqual([true, false])
})
