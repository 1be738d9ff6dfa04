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
    more: { begins?: boolean } = {},
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
