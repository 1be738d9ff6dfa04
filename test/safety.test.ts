import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, readOwnerKey, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const header = 'instrument,ts,open,high,low,close,volume\n'
const bar = (symbol: string, minute: number) =>
  `SIM:${symbol},2024-03-04T01:${String(minute).padStart(2, '0')}:00Z,1,1,1,1,1\n`

const directories: string[] = []
const servers = new Set<RunningServer>()

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-safety-'))
  directories.push(directory)
  return directory
}

async function start(flags: Record<string, string> = {}, data = newDirectory()) {
  const server = await startServer(loadConfig({ flags: { data, port: '0', ...flags } }))
  servers.add(server)
  const ask = (path: string, init: RequestInit = {}) => fetch(server.url + path, init)
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json', ...headers },
    })
  const stop = async () => {
    servers.delete(server)
    await server.close()
  }
  return { server, data, ask, post, stop }
}
type Started = Awaited<ReturnType<typeof start>>

// The embedded engine bears one data directory a process, so one server at a time.
async function stopAll() {
  for (const server of servers) await server.close()
  servers.clear()
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const bare = (tag: string | null) => tag?.replace('W/', '')
const codeOf = async (answer: Response) => [answer.status, (await answer.json()).code]

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

describe('an answer', () => {
  let started: Started
  const bars = '/v1/bars?interval=1m&instruments=SIM:1'
  beforeAll(async () => {
    started = await start({ 'api.compressBytesMin': '500', 'api.compressLoopback': 'true' })
    const rows = Array.from({ length: 60 }, (_, minute) => bar('1', minute))
    await started.post('/v1/bars/1m', header + rows.join(''))
    await started.post('/v1/datasets/devices/rows?key=id', [{ id: '1', name: 'one' }])
  })
  afterAll(stopAll)

  test.each([
    ['json', 'br, gzip', 'br'],
    ['json', 'gzip, deflate', 'gzip'],
    ['csv', 'br;q=0.5, gzip', 'gzip'],
    ['ndjson', 'br;q=0, gzip;q=0', null],
    ['ndjson', '*', 'br'],
    ['arrow', 'br, gzip', null],
    ['parquet', 'br, gzip', null],
  ])('in %s to a caller of %s is coded as %s', async (format, accepted, coding) => {
    const plain = await started.ask(`${bars}&format=${format}`, { headers: { 'accept-encoding': 'identity' } })
    const answer = await started.ask(`${bars}&format=${format}`, { headers: { 'accept-encoding': accepted } })
    expect(answer.headers.get('content-encoding')).toBe(coding)
    expect(answer.headers.get('vary')).toContain('Accept-Encoding')
    const bytes = [...new Uint8Array(await answer.arrayBuffer())]
    if (format !== 'parquet') expect(bytes).toEqual([...new Uint8Array(await plain.arrayBuffer())])
  })

  test('that is small is sent as it is', async () => {
    const answer = await started.ask('/healthz', { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers.get('content-encoding')).toBeNull()
  })

  const rows = '/v1/datasets/devices/rows'
  const tagged = ['/v1/exchanges', '/v1/instruments', '/v1/datasets', '/v1/calendar/SIM', '/openapi.json']
  test.each([...tagged, bars, rows, `${rows}?format=csv`, `${rows}/1`, '/api/devices'])(
    'of %s is not sent again to who has it',
    async (path) => {
      const first = await started.ask(path)
      const tag = first.headers.get('etag') ?? ''
      expect(tag).toMatch(/^(W\/)?"[\w-]{22}"$/)
      expect(first.headers.get('cache-control')).toBe('private, no-cache')
      const again = await started.ask(path, { headers: { 'if-none-match': `"other", ${tag}` } })
      expect([again.status, await again.text(), bare(again.headers.get('etag'))]).toEqual([304, '', bare(tag)])
      expect((await started.ask(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
      expect(bare((await started.ask(path, { method: 'HEAD' })).headers.get('etag'))).toBe(bare(tag))
    },
  )

  test('of bars has another tag after a write, in another format, and for another question', async () => {
    const tagOf = async (path: string) => (await started.ask(path)).headers.get('etag')
    const before = await tagOf(bars)
    expect(await tagOf(`${bars}&limit=5`)).not.toBe(before)
    expect(await tagOf(`${bars}&format=csv`)).not.toBe(before)
    await started.post('/v1/bars/1m', header + bar('2', 0))
    expect(await tagOf(bars)).not.toBe(before)
  })

  test('of rows has another tag after every kind of write', async () => {
    const tagOf = async () => (await started.ask(rows)).headers.get('etag')
    const send = (method: string, path: string, body?: unknown) =>
      started.ask(path, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      })
    const seen = [await tagOf()]
    for (const [method, path, body] of [
      ['POST', rows, [{ id: '2', name: 'two' }]],
      ['PUT', `${rows}/2`, { id: '2', name: 'zwei' }],
      ['PATCH', `${rows}/2`, { name: 'deux' }],
      ['DELETE', `${rows}/2`],
    ] as const) {
      expect((await send(method, path, body)).ok).toBe(true)
      seen.push(await tagOf())
    }
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('to a parameter without the one that it needs is a refusal', async () => {
    const answer = await started.post('/v1/datasets/birds/rows?title=Birds', [{ id: '1' }])
    expect(await answer.json()).toMatchObject({
      status: 400,
      code: 'INCLUSIVE_PARAMETERS',
      errors: [{ parameter: 'title' }],
    })
  })

  test('that is an error has no tag', async () => {
    const answer = await started.ask(`${bars}&start=2024-03-05&end=2024-03-04`)
    expect([answer.status, answer.headers.get('etag')]).toEqual([400, null])
  })

  test('to a write can be left out', async () => {
    const headers = { prefer: 'return=minimal' }
    const answer = await started.post('/v1/bars/1m', header + bar('1', 0), headers)
    expect([answer.status, await answer.text(), answer.headers.get('preference-applied')]).toEqual([
      201,
      '',
      'return=minimal',
    ])
  })

  test('to a write on a row that has changed since it was read is a refusal', async () => {
    const row = '/v1/datasets/devices/rows/1'
    const put = (name: string, headers: Record<string, string>) =>
      started.ask(row, {
        method: 'PUT',
        body: JSON.stringify({ id: '1', name }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    const tag = (await started.ask(row)).headers.get('etag') ?? ''
    expect(await codeOf(await put('lost', { 'if-match': '"other"' }))).toEqual([412, 'PRECONDITION_FAILED'])
    // Both have read the same; one of them wins.
    const both = await Promise.all(['two', 'three'].map((name) => put(name, { 'if-match': tag })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await put('four', { 'if-match': '*' })).status).toBe(200)
    expect(await codeOf(await put('five', { 'if-none-match': '*' }))).toEqual([412, 'PRECONDITION_FAILED'])
    expect((await (await started.ask(row)).json()).data.name).toBe('four')
  })
})

describe('load', () => {
  let started: Started
  afterEach(stopAll)

  test('more requests a second of one caller than allowed are told when to come again', async () => {
    started = await start({ 'api.requestsPerSecond': '5' })
    const answers = await Promise.all(Array.from({ length: 30 }, () => started.ask('/v1/exchanges')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5)
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await refused[0]?.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  })

  test('while as many requests wait as may, another is refused, and the health is still told', async () => {
    started = await start({ 'api.requestsMax': '1' })
    const slow = await holdUpload(started.server.url)
    expect(await codeOf(await started.ask('/v1/exchanges'))).toEqual([503, 'OVER_CAPACITY'])
    expect((await started.ask('/healthz')).status).toBe(200)
    slow.destroy()
    await expect.poll(async () => (await started.ask('/v1/exchanges')).status).toBe(200)
  })

  test('a read of more rows than allowed is refused before its answer begins', async () => {
    started = await start({ 'api.rowsReadMax': '10' })
    const rows = Array.from({ length: 60 }, (_, minute) => bar('1', minute)).join('')
    expect((await started.post('/v1/bars/1m', header + rows)).status).toBe(201)
    for (const path of [
      '/v1/bars?interval=1m&format=arrow',
      '/v1/bars?interval=1m&limit=5',
      '/v1/bars?interval=1h&base=1m',
    ]) {
      const answer = await started.ask(path)
      const problem = await answer.json()
      expect([path, answer.status, problem.code]).toEqual([path, 400, 'REQUEST_TOO_COMPLEX'])
      expect(problem.message).toContain('api.rowsReadMax = 10')
    }
  })

  test('a write with If-Match that others hold up too long is refused', async () => {
    started = await start({ 'api.lockMsMax': '50' })
    await started.post('/v1/datasets/devices/rows?key=id', [{ id: '1', name: 'one' }])
    const slow = await holdUpload(started.server.url, '/v1/datasets/devices/rows', 'application/x-ndjson', '{"id":"2"')
    const answer = await started.post('/v1/datasets/devices/rows', [{ id: '3' }], { 'if-match': '*' })
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await codeOf(answer)).toEqual([503, 'LOCK_ACQUISITION_TIMEOUT'])
    slow.destroy()
  })

  test('who comes while the server stops is told so', async () => {
    started = await start()
    const { hostname, port } = new URL(started.server.url)
    const late = connect(Number(port), hostname)
    late.write('GET /v1/exchanges HTTP/1.1\r\nhost: localhost\r\n')
    const slow = await holdUpload(started.server.url)
    const closing = stopAll()
    await expect
      .poll(() =>
        fetch(started.server.url).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    late.write('\r\n')
    const [answer] = await once(late, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1[\s\S]*"code":"SERVICE_UNAVAILABLE"/)
    slow.destroy()
    await closing
  })
})

const openssl = hasOpenssl()
if (!openssl && process.env.CI === 'true') throw new Error('openssl is missing')
if (!openssl) console.warn('SKIPPED, openssl is missing: a test of TLS needs a certificate')

describe.skipIf(!openssl)('over TLS', () => {
  afterAll(stopAll)

  test('one session of HTTP/2 writes and reads bars, with all that holds for others', async () => {
    const [cert, key] = ['cert.pem', 'key.pem'].map((file) => join(newDirectory(), file)) as [string, string] // two
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ])
    const { server } = await start({
      'tls.cert': cert,
      'tls.key': key,
      'api.compressBytesMin': '1',
      'api.compressLoopback': 'true',
    })
    expect(server.url).toMatch(/^https:/)
    const session = connectHttp2(server.url, { ca: readFileSync(cert) })
    const ask = async (headers: OutgoingHttpHeaders, body = '') => {
      const stream = session.request(headers, { endStream: body === '' })
      if (body !== '') stream.end(body)
      const [head] = await once(stream, 'response')
      return { head, body: Buffer.concat(await stream.toArray()) }
    }
    const csv = header + bar('1', 0)
    const posted = await ask({ ':method': 'POST', ':path': '/v1/bars/1m', 'content-type': 'text/csv' }, csv)
    expect(posted.head[':status']).toBe(201)
    const path = '/v1/bars?interval=1m&columns=ts,close'
    const { head, body } = await ask({ ':path': path, 'accept-encoding': 'gzip' })
    expect(head).toMatchObject({ ':status': 200, 'content-encoding': 'gzip', 'x-content-type-options': 'nosniff' })
    expect(JSON.parse(gunzipSync(body).toString()).data).toEqual([{ ts: '2024-03-04T01:00:00Z', close: 1 }])
    const again = await ask({ ':path': path, 'if-none-match': head.etag })
    expect(again.head[':status']).toBe(304)
    const rebound = await ask({ ':path': path, ':authority': 'rebound.example' })
    expect(rebound.head[':status']).toBe(403)
    expect((await ask({ ':path': '/metrics' })).body.toString()).toMatch(
      /barkeep_http_answer_bytes_total\{route="\/v1\/bars"\}/,
    )
  })
})

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
}

/** A bulk create whose body does not end; resolves when the server has begun to work on it. */
async function holdUpload(url: string, path = '/v1/bars/1m', type = 'text/csv', beginning = header) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  // 100 Continue is what tells that the request has reached its route.
  const head = ['host: localhost', `content-type: ${type}`, 'content-length: 1000000', 'expect: 100-continue']
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  await once(socket, 'data')
  socket.write(beginning)
  return socket
}
