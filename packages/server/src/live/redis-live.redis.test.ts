import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, redisMissing, startRedis } from '../crawl/limiter/redis-server.contract.js'
import { liveLogContract, rigLeaseMs } from './live-log.contract.js'
import type { LogRecord } from './live-log.js'
import { createRedisLive } from './redis-live.js'

describe.skipIf(redisMissing)('on Redis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
  /** What a server process has of the live log; time stands still unless a key of Redis says otherwise. */
  const launch = (
    prefix: string,
    bounds = { messagesMax: 100, bytesMax: 100_000 },
    more: { begins?: boolean; patienceMs?: number } = {},
  ) => {
    const connect = () => new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => 20 })
    const [redis, tail] = [connect(), connect()]
    for (const one of [redis, tail]) one.on('error', () => {})
    const time = `{math.floor(tonumber(redis.call('GET', '${prefix}time') or '1000000') / 1000),
      tonumber(redis.call('GET', '${prefix}time') or '1000000') % 1000 * 1000}`
    const options = {
      ...bounds,
      redis,
      tail,
      prefix,
      leaseMs: rigLeaseMs,
      sleep: nextTurn,
      time,
      patienceMs: 1e9,
      ...more,
    }
    return { ...createRedisLive(options), redis }
  }

  liveLogContract('shared by servers', async (bounds) => {
    const prefix = `${randomUUID()}:`
    const first = launch(prefix, bounds)
    const others: ReturnType<typeof launch>[] = []
    let nowMs = 1_000_000
    return {
      ...first,
      async advance(ms) {
        nowMs += ms
        await first.redis.set(`${prefix}time`, nowMs)
      },
      async another() {
        const other = launch(prefix, bounds)
        others.push(other)
        return other
      },
      async close() {
        await Promise.all([first, ...others].map(({ log }) => log.close()))
      },
    }
  })

  test('a process that commits begins another log, and those that only listen are told though nothing was appended', async () => {
    const prefix = `${randomUUID()}:`
    const { log } = launch(prefix)
    const before = await log.append('kmin', [{ kind: 'bars', body: 'a' }])
    let tell: (epoch: string) => void = () => {}
    const restarted = new Promise<string>((resolve) => {
      tell = resolve
    })
    await log.follow({
      appended: () => {},
      restarted: (topic, { epoch }) => topic === 'kmin' && tell(epoch),
    })
    const next = launch(prefix, undefined, { begins: true })
    const place = await next.log.append('kmin', [])
    expect(place.epoch).not.toBe(before.epoch)
    expect(place.seq).toBe(before.seq)
    expect(await restarted).toBe(place.epoch)
    expect(await log.since('kmin', before, 1_000)).toBe('gone')
    await Promise.all([log.close(), next.log.close()])
  })

  /** Notes what a log tells, records and restarts, and resolves when enough was told. */
  const hear = async ({ log }: ReturnType<typeof launch>) => {
    const told: string[] = []
    let check = () => {}
    await log.follow({
      appended(topic, records) {
        if (topic === 'kmin') told.push(...records.map(({ seq, body }) => `${seq} ${body}`))
        check()
      },
      restarted(topic, { seq }) {
        if (topic === 'kmin') told.push(`restarted behind ${seq}`)
        check()
      },
    })
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        check = () => told.length >= count && resolve()
        check()
      })
    return { told, until }
  }
  const entry = (body: string) => ({ kind: 'bars', body }) as const

  test('a Redis that is emptied while all are connected is another log, whose numbers go on', async () => {
    const prefix = `${randomUUID()}:`
    const [writer, relay] = [launch(prefix), launch(prefix)]
    const ears = await Promise.all([writer, relay].map(hear))
    await writer.log.append('kmin', ['a', 'b', 'c'].map(entry))
    for (const ear of ears) await ear.until(3)
    await writer.redis.flushall()
    await writer.log.append('kmin', [entry('d')])
    for (const ear of ears) {
      await ear.until(5)
      expect(ear.told).toEqual(['1 a', '2 b', '3 c', 'restarted behind 3', '4 d'])
    }
    await Promise.all([writer, relay].map(({ log }) => log.close()))
  })

  test('what was committed and could not be appended is a gap, before anything that follows', async () => {
    const prefix = `${randomUUID()}:`
    const [writer, relay] = [launch(prefix, undefined, { patienceMs: 0 }), launch(prefix)]
    const ear = await hear(relay)
    await writer.log.append('kmin', [entry('a')])
    writer.redis.disconnect()
    await expect(writer.log.append('kmin', [entry('b')])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    await writer.redis.connect()
    await writer.log.append('kmin', [entry('c')])
    await ear.until(3)
    expect(ear.told).toEqual(['1 a', 'restarted behind 1', '2 c'])
    await Promise.all([writer, relay].map(({ log }) => log.close()))
  })

  test('who asks while Redis is away is told that it is', async () => {
    const { log, lease, redis } = launch(`${randomUUID()}:`)
    redis.disconnect()
    const away = { code: 'SERVICE_UNAVAILABLE', retry: { afterMs: expect.any(Number) } }
    await expect(lease.acquire('kmin')).rejects.toMatchObject(away)
    await expect(log.since('kmin', { epoch: 'one', seq: 0 }, 1)).rejects.toMatchObject(away)
    await expect(log.size('kmin')).rejects.toMatchObject(away)
    await log.close()
  })

  test('a Redis that comes back empty is another log, and everybody is told', async () => {
    const prefix = `${randomUUID()}:`
    const { log } = launch(prefix)
    const heard: LogRecord[] = []
    let tell: (epoch: string) => void = () => {}
    const restarted = new Promise<string>((resolve) => {
      tell = resolve
    })
    await log.follow({
      appended: (_topic, records) => void heard.push(...records),
      restarted: (topic, { epoch }) => topic === 'kmin' && tell(epoch),
    })
    const before = await log.append('kmin', [{ kind: 'bars', body: 'a' }])
    await server.restart()
    const epoch = await restarted
    expect(epoch).not.toBe(before.epoch)
    const after = await log.append('kmin', [{ kind: 'bars', body: 'b' }])
    expect(after.epoch).toBe(epoch)
    expect(await log.since('kmin', before, 1_000)).toBe('gone')
    await log.close()
  })
})
