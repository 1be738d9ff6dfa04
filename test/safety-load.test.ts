import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { bar, codeOf, header, newDirectory, type Started, start, stopAll } from './safety-rig.js'

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
