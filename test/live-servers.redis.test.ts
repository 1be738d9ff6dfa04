import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Bar, builtInExchanges, type LiveBar, sessionDateOf, sessionOf } from '@barkeep/core'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type RedisServer,
  redisMissing,
  startRedis,
} from '../packages/server/src/crawl/limiter/redis-server.contract.js'
import { type ClickhouseFront, startClickhouseFront } from './clickhouse-front/clickhouse-front.js'
import { barAt, type Ear, listenTo } from './live-rig.js'

const script = fileURLToPath(new URL('worker-process.mjs', import.meta.url))
const sim = builtInExchanges.find(({ code }) => code === 'SIM')
if (sim === undefined) throw new Error('The simulated exchange is built in.')
const session = sessionOf(sim, sessionDateOf(sim, Date.now()))
/** Long enough that no term ends by itself while a test runs, so that what is seen is not the clock's doing. */
const leaseMs = '120000'

/** These tests run in real time: processes, their kills and Redis are what is tested. */
describe.skipIf(redisMissing)('several servers on one Redis', () => {
  let directory: string
  let redis: RedisServer
  let sockets: Socket[]
  const processes: Process[] = []

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-live-servers-'))
    redis = await startRedis()
  })
  afterAll(async () => {
    await Promise.all(processes.map(kill))
    await redis.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(() => {
    sockets = []
  })
  afterEach(() => {
    for (const socket of sockets) socket.disconnect()
  })

  const start = async (name: string, flags: object): Promise<Process> => {
    const shared = {
      'redis.url': `redis://127.0.0.1:${redis.port}`,
      'crawl.worksHere': 'false',
      'live.leaseMs': leaseMs,
    }
    const started = await spawnServer({
      data: mkdtempSync(join(directory, `${name}-`)),
      port: '0',
      ...shared,
      ...flags,
    })
    processes.push(started)
    return started
  }
  /** One that commits bars. */
  const startWriter = (name: string, flags: object = {}) => start(name, { 'live.builds': 'false', ...flags })
  /** One that passes on what a writer commits. */
  const startRelay = (name: string) => start(name, { 'live.publishes': 'false' })

  const connect = async ({ url }: Process): Promise<Ear> => {
    const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true })
    sockets.push(socket)
    const ear = listenTo(socket, 'kmin')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('connect_error', reject)
    })
    return ear
  }
  const stored = async ({ url }: Process): Promise<LiveBar[]> => {
    const columns = 'instrument,ts,open,high,low,close,volume,turnover,trades,final,source,known_at'
    const answer = await fetch(`${url}/v1/bars?interval=1m&columns=${columns}`)
    const { data } = (await answer.json()) as { data: LiveBar[] }
    return data
  }
  const bar = (name: string, minute: number): Bar => barAt(session, name, minute)
  const heard = (ear: Ear) => ear.messages.map(({ seq, bars }) => [seq, bars])

  describe('one that commits and one that passes on', () => {
    let writer: Process
    let relay: Process
    beforeAll(async () => {
      ;[writer, relay] = await Promise.all([startWriter('writer'), startRelay('relay')])
    })

    test('what one commits, all send: the same messages at the same places, also to who comes later', async () => {
      const ears = await Promise.all([writer, relay, relay].map(connect))
      for (const ear of ears) await ear.say('sub_kmin')
      const publisher = await connect(writer)
      const first = await publisher.say('pub_kmin', { bars: [bar('A', 0), bar('B', 0)], done: bar('A', 0).ts })
      expect(first).toMatchObject({ ok: true, rows: 2, messages: 2 })
      for (const minute of [1, 2, 3]) await publisher.say('pub_kmin', { bars: [bar('A', minute)] })
      for (const ear of ears) await ear.until(() => ear.messages.length === 4)
      const [own, ...others] = ears
      if (own === undefined) throw new Error('there are three')
      for (const ear of others) {
        expect(ear.messages).toEqual(own.messages)
        expect(ear.done).toEqual(own.done)
      }
      expect(own.messages.flatMap(({ bars }) => bars)).toHaveLength(5)

      const late = await connect(relay)
      const { epoch, seq } = first
      expect(await late.say('sub_kmin', { since: { epoch, seq } })).toMatchObject({ epoch, gone: false })
      await late.until(() => late.messages.length === 3)
      expect(heard(late)).toEqual(heard(own).slice(1))
    })

    test('a server that passes on takes no bars, in no way', async () => {
      const ear = await connect(relay)
      await ear.say('sub_kmin')
      for (const [word, payload] of [
        ['pub_kmin', { bars: [bar('A', 0)] }],
        ['lease_kmin', {}],
      ] as const) {
        expect((await ear.say(word, payload)).error).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
      }
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${relay.url}/v1/bars/1m/notify`, { method: 'POST', body: '{}', headers })
      expect(answer.status).toBe(405)
    })

    test('a Redis that comes back empty is a gap for the listeners of every server, and no bar is lost', async () => {
      const ears = await Promise.all([writer, relay].map(connect))
      for (const ear of ears) await ear.say('sub_kmin')
      const publisher = await connect(writer)
      await publisher.say('lease_kmin', { takeover: true })
      const before = await publisher.say('pub_kmin', { bars: [bar('C', 0)] })
      for (const ear of ears) await ear.until(() => ear.messages.length === 1)
      await redis.restart()
      for (const ear of ears) await ear.until(() => ear.gaps.length > 0)
      const epochs = ears.map(({ gaps }) => gaps[0]?.until.epoch)
      expect(new Set(epochs).size).toBe(1)
      expect(epochs[0]).not.toBe(before.epoch)
      let again = await publisher.say('lease_kmin')
      while (again.error !== undefined) again = await publisher.say('lease_kmin')
      expect(again.lease.token).toBeGreaterThan(before.lease.token)
      const after = await publisher.say('pub_kmin', { bars: [bar('C', 1)] })
      expect(after).toMatchObject({ ok: true, epoch: epochs[0] })
      for (const ear of ears) await ear.until(() => ear.messages.length === 2)
      expect((await stored(writer)).filter(({ instrument }) => instrument === 'SIM:C')).toHaveLength(2)
    })
  })

  describe('two that commit, one after the other, into one ClickHouse database', () => {
    let front: ClickhouseFront
    let database: object
    beforeEach(async () => {
      const home = mkdtempSync(join(directory, 'clickhouse-'))
      front = await startClickhouseFront({ directory: home })
      database = { 'store.url': front.url }
    })
    afterEach(async () => {
      await Promise.all(processes.map(kill))
      await front.close()
    })

    test('a writer that is killed is followed by another on the same database: listeners are told, and nothing is lost', async () => {
      const writer = await startWriter('first', database)
      const relay = await startRelay('relay')
      const ear = await connect(relay)
      await ear.say('sub_kmin')
      const publisher = await connect(writer)
      await publisher.say('lease_kmin', { takeover: true })
      const before = await publisher.say('pub_kmin', { bars: [bar('A', 0)] })
      await ear.until(() => ear.messages.length === 1)
      // Some of these are committed and some are not, and of those that are, some were not told.
      const underWay = [1, 2, 3, 4].map((minute) => publisher.socket.emit('pub_kmin', { bars: [bar('A', minute)] }))
      expect(underWay).toHaveLength(4)
      await kill(writer)

      const next = await startWriter('second', database)
      await ear.until(() => ear.gaps.length > 0)
      const [gap] = ear.gaps
      expect(gap).toMatchObject({ topic: 'kmin', reason: 'gone', since: { epoch: before.epoch } })
      const again = await connect(next)
      // Its term has not run out: the same publisher goes on in it, another has to take it over.
      expect((await again.say('pub_kmin', { bars: [bar('B', 0)] })).error?.code).toBe('LEASE_HELD')
      const after = await again.say('pub_kmin', { bars: [bar('A', 5)], token: before.lease.token })
      expect(after).toMatchObject({ ok: true, lease: { token: before.lease.token } })
      expect(after.epoch).toBe(gap?.until.epoch)
      expect(after.seq).toBeGreaterThan(before.seq)
      await ear.until(() => ear.messages.at(-1)?.bars[0]?.ts === bar('A', 5).ts)
      // History, and what is live behind the gap, are what the store has.
      const history = await stored(next)
      const told = ear.messages.filter(({ epoch }) => epoch === after.epoch).flatMap(({ bars }) => bars)
      expect(history).toEqual(expect.arrayContaining(told))
      expect(history.map(({ ts }) => ts)).toEqual(expect.arrayContaining([bar('A', 0).ts, bar('A', 5).ts]))
      expect(told).toHaveLength(1)
    })

    test('the lease changes hands across servers, and the former holder is refused', async () => {
      const writer = await startWriter('first', database)
      const first = await connect(writer)
      await first.say('lease_kmin', { takeover: true })
      const { lease } = await first.say('pub_kmin', { bars: [bar('A', 0)] })
      // Stopped, as a machine is that swaps: it does not know that its time is over.
      writer.child.kill('SIGSTOP')
      const next = await startWriter('second', database)
      const second = await connect(next)
      const taken = await second.say('lease_kmin', { takeover: true })
      expect(taken.lease.token).toBeGreaterThan(lease.token)
      expect(await second.say('pub_kmin', { bars: [bar('A', 1)] })).toMatchObject({ ok: true })
      writer.child.kill('SIGCONT')
      const late = await first.say('pub_kmin', { bars: [bar('A', 1), bar('A', 2)] })
      expect(late.error).toMatchObject({ code: 'LEASE_LOST' })
      expect((await stored(next)).map(({ ts }) => ts)).toEqual([0, 1].map((minute) => bar('A', minute).ts))
    })
  })
})

interface Process {
  readonly child: ChildProcess
  readonly url: string
}

/** The built server as a process of its own, once it says where it is. */
async function spawnServer(flags: object): Promise<Process> {
  const child = spawn(process.execPath, [script, 'serve', JSON.stringify(flags)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The server ended with ${code}.`)
  })
  failed.catch(() => undefined)
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), failed])
  return { child, url }
}

/** `kill -9`. */
async function kill({ child }: Process): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
