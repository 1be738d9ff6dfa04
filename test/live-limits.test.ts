import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket as TcpSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, startServer } from '@barkeep/server'
import { io, type Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { barAt, type Ear, type LiveRig, openLiveRig } from './live-rig.js'

let rig: LiveRig | undefined
afterEach(async () => {
  await rig?.close()
  rig = undefined
})

describe('a reader that takes nothing', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `S${index}`)

  test('is told of the gap and has the latest bar of each instrument when it wakes up; others notice nothing', async () => {
    rig = await openLiveRig({ 'live.conflateMs': '0', 'live.builds': 'false', 'live.leaseMs': '600000' })
    const { session } = rig
    const [publisher, frozen, awake] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
    await frozen.say('sub_kmin')
    await awake.say('sub_kmin')
    const tcp = tcpOf(frozen)
    tcp.pause()
    // More than the buffers of the system between the two hold.
    const minutes = 80
    for (let minute = 0; minute < minutes; minute++) {
      await publisher.say('pub_kmin', { bars: names.map((name) => barAt(session, name, minute, 10 + minute)) })
    }
    await awake.until(() => awake.messages.at(-1)?.ts === barAt(session, 'S0', minutes - 1).ts)
    expect(new Set(awake.messages.map(({ ts }) => ts)).size).toBe(minutes)
    expect(awake.gaps).toEqual([])

    tcp.resume()
    await frozen.until(
      () => frozen.gaps.length > 0 && frozen.messages.at(-1)?.ts === barAt(session, 'S0', minutes - 1).ts,
    )
    const [gap] = frozen.gaps
    const last = frozen.messages.at(-1)
    expect(gap).toMatchObject({ topic: 'kmin', reason: 'slow', until: { epoch: last?.epoch, seq: last?.seq } })
    expect(last?.bars).toHaveLength(names.length)
    expect(last?.bars.every(({ close }) => close === 10 + minutes - 1)).toBe(true)
    const before = frozen.messages.slice(0, -1)
    expect(before).toEqual(awake.messages.slice(0, before.length))
    // What it missed is still in the log.
    await frozen.say('unsub_kmin')
    const known = frozen.messages.length
    expect(await frozen.say('sub_kmin', { since: gap?.since })).toMatchObject({ gone: false })
    await frozen.until(
      () => frozen.messages.at(-1)?.seq === awake.messages.at(-1)?.seq && frozen.messages.length > known,
    )
    expect([...before, ...frozen.messages.slice(known)]).toEqual(awake.messages)
  })

  /** The connection below WebSocket and Engine.IO; not in the types of the client. */
  function tcpOf({ socket }: Ear): TcpSocket {
    const { transport } = socket.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } }
    return transport.ws._socket
  }
})

test('a restart is another log; every acknowledged bar is in the store, and who resumes is told to load', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-live-restart-'))
  const first = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  const port = new URL(first.url).port
  const listener = io(first.url, { transports: ['websocket'], reconnectionDelay: 10, reconnectionDelayMax: 50 })
  try {
    await connected(listener)
    const { epoch } = await listener.emitWithAck('sub_kmin')
    const session = { date: '', openMs: Math.floor(Date.now() / 60_000) * 60_000, closeMs: 0 }
    const bars = [barAt(session, 'A', 0)]
    const { seq } = await listener.emitWithAck('pub_kmin', { bars })
    const lost = new Promise((resolve) => listener.once('disconnect', resolve))
    await first.close()
    expect(await lost).toBe('transport close')
    const second = await startServer(loadConfig({ flags: { data: directory, port } }))
    try {
      if (!listener.connected) await connected(listener)
      const answer = await listener.emitWithAck('sub_kmin', { since: { epoch, seq } })
      expect(answer).toMatchObject({ ok: true, gone: true, seq: 0 })
      const stored = await createClient({ url: second.url }).bars(['SIM:A'], { interval: '1m' })
      expect(stored).toMatchObject(bars)
    } finally {
      listener.disconnect()
      await second.close()
    }
  } finally {
    listener.disconnect()
    rmSync(directory, { recursive: true, force: true })
  }
})

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('connect', resolve))
}

describe('who may', () => {
  test('with keys, listening needs read and publishing needs publish', async () => {
    rig = await openLiveRig()
    const { server } = rig
    const owner = { authorization: `Bearer ${server.ownerKey}`, 'content-type': 'application/json' }
    const keyWith = async (scope: string) => {
      const body = JSON.stringify({ name: scope, scopes: [scope] })
      const answer = await fetch(`${server.url}/v1/keys`, { method: 'POST', headers: owner, body })
      const { data } = (await answer.json()) as { data: { key: string } }
      return data.key
    }
    const [reads, publishes] = [await keyWith('read'), await keyWith('publish')]
    await expect(rig.connect()).rejects.toMatchObject({ data: { code: 'UNAUTHORIZED_ACCESS', status: 401 } })
    await expect(rig.connect({ auth: { token: `${reads}x` } })).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED_ACCESS' },
    })
    const [listener, publisher] = [
      await rig.connect({ auth: { token: reads } }),
      await rig.connect({ auth: { token: publishes } }),
    ]
    expect(await listener.say('sub_kmin')).toMatchObject({ ok: true })
    expect((await listener.say('pub_kmin', { bars: [] })).error?.code).toBe('INSUFFICIENT_SCOPE')
    expect((await publisher.say('sub_kmin')).error?.code).toBe('INSUFFICIENT_SCOPE')
    expect(await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })).toMatchObject({ ok: true })
    const notify = await fetch(`${server.url}/v1/bars/1m/notify`, {
      method: 'POST',
      headers: { ...owner, authorization: `Bearer ${reads}` },
      body: '{}',
    })
    expect(notify.status).toBe(403)
  })

  test('a page of a foreign origin is refused', async () => {
    rig = await openLiveRig()
    const socket: Socket = io(rig.server.url, {
      transports: ['websocket'],
      reconnection: false,
      extraHeaders: { origin: 'https://evil.example' },
    })
    const error = await new Promise<unknown>((resolve) => socket.once('connect_error', resolve))
    expect(error).toMatchObject({ data: { code: 'FORBIDDEN_ORIGIN', status: 403 } })
    socket.disconnect()
  })

  test('a message larger than it may be ends the connection', async () => {
    rig = await openLiveRig({ 'live.messageBytesMax': '10000' })
    const publisher = await rig.connect()
    const ended = new Promise((resolve) => publisher.socket.once('disconnect', resolve))
    publisher.socket.emit('pub_kmin', { bars: [], source: 'x'.repeat(20_000) })
    expect(await ended).toBe('transport close')
  })
})
