import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { LiveMessage } from '@barkeep/core'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Newsroom, Processes } from './chaos-processes.js'
import { barAt, type Ear, type LiveRig, listenTo, openLiveRig } from './live-rig.js'

const openssl = spawnSync('openssl', ['version']).error === undefined
if (!openssl && process.env.CI === 'true') throw new Error('openssl is missing')
if (!openssl) console.warn('SKIPPED, openssl is missing: tests of TLS need a certificate')

describe.skipIf(!openssl)('over TLS, with HTTP/2', () => {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-live-tls-'))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  let rig: LiveRig
  let session: ClientHttp2Session
  let ca: Buffer
  const sockets: Socket[] = []
  let publisher: Ear

  beforeAll(async () => {
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ])
    ca = readFileSync(cert)
    rig = await openLiveRig({ 'tls.cert': cert, 'tls.key': key, 'live.builds': 'false', 'live.heartbeatMs': '500' })
    session = connectHttp2(rig.server.url, { ca })
    publisher = await connect()
  })
  afterAll(async () => {
    for (const socket of sockets) socket.disconnect()
    // Streams that are open must not hold the server up.
    await rig.close()
    session.destroy()
    rmSync(directory, { recursive: true })
  })

  async function connect(): Promise<Ear> {
    const socket = io(rig.server.url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      ca: [ca] as never,
    })
    sockets.push(socket)
    const ear = listenTo(socket, 'kmin')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('connect_error', reject)
    })
    return ear
  }
  const publish = (name: string, minute: number) =>
    publisher.say('pub_kmin', { bars: [barAt(rig.session, name, minute)] })

  test('socket.io is served beside HTTP/2, publishes and listens', async () => {
    expect(rig.server.url).toMatch(/^https:/)
    const listener = await connect()
    await listener.say('sub_kmin')
    expect(await publish('A', 0)).toMatchObject({ ok: true, rows: 1 })
    await listener.until(() => listener.messages.length === 1)
    expect(listener.messages[0]?.bars).toMatchObject([{ instrument: 'SIM:A' }])
  })

  test('a stream of HTTP/2 gets bars behind its place, and its session serves others meanwhile', async () => {
    const since = await publish('B', 0)
    const stream = session.request({ ':path': `/v1/stream?topic=kmin&since=${since.epoch}-${since.seq}` })
    const [head] = await once(stream, 'response')
    expect(head).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
    const other = session.request({ ':path': '/healthz' })
    const [answer] = await once(other, 'response')
    expect(answer[':status']).toBe(200)
    await publish('B', 1)
    expect((await firstMessage(stream)).bars).toMatchObject([barAt(rig.session, 'B', 1)])
  })

  test('a stream of HTTP/1.1 gets bars', async () => {
    const since = await publish('C', 0)
    const { hostname: host, port } = new URL(rig.server.url)
    const path = `/v1/stream?topic=kmin&since=${since.epoch}-${since.seq}`
    const asked = request({ host, port, path, ca, headers: { host: 'localhost' } }).end()
    const [answer] = await once(asked, 'response')
    expect([answer.statusCode, answer.httpVersion]).toEqual([200, '1.1'])
    await publish('C', 1)
    expect((await firstMessage(answer)).bars).toMatchObject([barAt(rig.session, 'C', 1)])
  })

  test('the SDK publishes, where Node was told of the authority', async () => {
    await publisher.say('unlease_kmin')
    const processes = new Processes({ NODE_EXTRA_CA_CERTS: cert })
    const { openMs } = rig.session
    const clock = { openMs, startedMs: Date.now(), tickMs: 100 }
    const flags = { url: rig.server.url, instruments: ['SIM:SDK'], ...clock, takeovers: false }
    const newsroom = new Newsroom(processes, 1, flags)
    try {
      const listener = await connect()
      await listener.say('sub_kmin', { instruments: ['SIM:SDK'] })
      await listener.until(() => listener.messages.length > 0)
      await expect.poll(() => newsroom.told.length, { timeout: 300_000 }).toBeGreaterThan(0)
      await newsroom.close()
    } finally {
      await processes.killAll()
    }
  })

  test('nobody is told that a WebSocket may come within a session of HTTP/2', async () => {
    if (session.remoteSettings.enableConnectProtocol === undefined) await once(session, 'remoteSettings')
    expect(session.remoteSettings.enableConnectProtocol).toBe(false)
  })
})

/** The first message of a stream of events, which ends with it. */
async function firstMessage(stream: Readable): Promise<LiveMessage> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    const found = /^event: kmin\n(?:id: .*\n)?data: (.*)\n\n/m.exec(text)
    if (found?.[1] !== undefined) return JSON.parse(found[1])
  }
  throw new Error(`The stream ended: ${text}`)
}
