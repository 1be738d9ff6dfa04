import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../config.js'
import { createHttpServer, refuseMalformed } from './security-server.js'

const directory = mkdtempSync(join(tmpdir(), 'barkeep-sockets-'))
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections?.()
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

async function listen(settings: Partial<Config>, listener: RequestListener): Promise<number> {
  const server = createHttpServer({ ...loadConfig({}), ...settings }, listener)
  server.on('clientError', refuseMalformed)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port // it listens to a port
}

/** What comes back until the server ends the connection. */
async function say(port: number, ...words: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  for (const word of words) socket.write(word)
  return text(socket)
}

const problem = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
const head = 'POST / HTTP/1.1\r\nhost: localhost\r\n'
const ignore: RequestListener = () => {}

describe('a caller that is slow on purpose', () => {
  test('is refused when its headers take too long', async () => {
    const port = await listen({ 'api.headersMsMax': 100, 'api.requestMsMax': 100 }, ignore)
    const answer = await say(port, head)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(problem(answer)).toMatchObject({ status: 408, code: 'REQUEST_TIMEOUT' })
  })

  test('is cut off when it stops amid its body', async () => {
    const port = await listen({ 'api.silenceMsMax': 100 }, (request) => request.resume())
    expect(await say(port, `${head}content-length: 10\r\n\r\nabc`)).toBe('')
  })

  test('is cut off when it stops reading the answer', async () => {
    const closed = new Promise<void>((resolve) => {
      listen({ 'api.silenceMsMax': 100 }, (_request, response) => {
        response.once('close', resolve)
        response.write(Buffer.alloc(64 * 1_024 * 1_024))
      }).then((port) => {
        const socket = connect(port, '127.0.0.1')
        socket.pause()
        socket.on('error', () => {})
        socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
      })
    })
    await closed
  })

  test('does not keep an idle connection', async () => {
    const port = await listen({ 'api.silenceMsMax': 100 }, (_request, response) => response.end('ok'))
    expect(await say(port, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK/)
  })
})

test('while the server thinks, or lets a body wait, a silent connection stays', async () => {
  let silences = 0
  const port = await listen({ 'api.silenceMsMax': 200 }, (request, response) => {
    // The body is read only after several times the limit.
    request.socket.on('timeout', () => {
      silences += 1
      if (silences === 3) request.resume().once('end', () => response.end('done'))
    })
  })
  const socket = connect(port, '127.0.0.1')
  const body = 'x'.repeat(100_000)
  socket.write(`${head}connection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  expect(await text(socket)).toMatch(/done$/)
  expect(silences).toBeGreaterThanOrEqual(3)
})

test('headers beyond the limit are refused by name', async () => {
  const port = await listen({ 'api.headerBytesMax': 20_000 }, (_request, response) => response.end('ok'))
  const ask = (bytes: number) => say(port, `GET /${'x'.repeat(bytes)} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
  expect(await ask(19_000)).toMatch(/^HTTP\/1\.1 200 /)
  const answer = await ask(21_000)
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  expect(problem(answer)).toMatchObject({
    code: 'HEADERS_TOO_LARGE',
    message: expect.stringContaining('api.headerBytesMax'),
  })
})

test('what is not HTTP is told so', async () => {
  const port = await listen({}, ignore)
  const answer = await say(port, 'hello\r\n\r\n')
  expect(problem(answer)).toMatchObject({ status: 400, code: 'MALFORMED_REQUEST' })
})

test('connections beyond the limit are closed', async () => {
  const port = await listen({ 'api.connectionsMax': 1 }, ignore)
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  const second: Socket = connect(port, '127.0.0.1').resume()
  second.on('error', () => {})
  await once(second, 'close')
  expect(first.destroyed).toBe(false)
  first.destroy()
})

const openssl = hasOpenssl()
if (!openssl && process.env.CI === 'true') throw new Error('openssl is missing')
if (!openssl) console.warn('SKIPPED, openssl is missing: tests of TLS need a certificate')

describe('with a certificate', () => {
  const files = { 'tls.cert': join(directory, 'cert.pem'), 'tls.key': join(directory, 'key.pem') }
  const certify = () =>
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', files['tls.key'], '-out', files['tls.cert']],
    ])

  test.skipIf(!openssl)('the server speaks HTTP/2, and HTTP/1.1 to who asks for that', async () => {
    certify()
    const port = await listen(files, (request, response) => response.end(`version ${request.httpVersion}`))
    const ca = readFileSync(files['tls.cert'])
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca })
    const stream = session.request({ ':path': '/' })
    expect(await text(stream)).toBe('version 2.0')
    const [answer] = await once(httpsRequest({ host: '127.0.0.1', port, ca }).end(), 'response')
    expect(await text(answer)).toBe('version 1.1')
    // The session is still open, and does not hold the server up.
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    expect(session.closed).toBe(true)
  })

  test.skipIf(!openssl)('a stream that stands still is cut, and its session goes on', async () => {
    certify()
    const port = await listen({ ...files, 'api.silenceMsMax': 100 }, (request, response) => {
      if (request.url === '/') response.end('ok')
      else request.resume()
    })
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: readFileSync(files['tls.cert']) })
    const silent = session.request({ ':method': 'POST', ':path': '/upload' }, { endStream: false })
    silent.write('a')
    await once(silent, 'close')
    expect(silent.rstCode).not.toBe(0)
    session.close()
  })

  test.each([
    [{ 'tls.cert': 'cert.pem' }, 'tls.key is empty'],
    [{ 'tls.key': 'key.pem' }, 'tls.cert is empty'],
    [{ 'tls.cert': 'nowhere.pem', 'tls.key': 'nowhere.pem' }, "'nowhere.pem'"],
    [{ 'tls.cert': join(directory, 'no.pem'), 'tls.key': join(directory, 'no.pem') }, 'not a certificate'],
  ])('that is half or cannot be read the server does not start: %j', (settings, hint) => {
    writeFileSync(join(directory, 'no.pem'), 'nothing')
    expect(() => createHttpServer({ ...loadConfig({}), ...settings }, ignore)).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTING', message: expect.stringContaining(hint) }),
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
