import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limiterContract } from './limiter.contract.js'
import type { Limit } from './limiter.js'
import { limiterDefaults } from './limiter-defaults.js'
import { type LimiterRig, ninePerSecond } from './limiter-rig.contract.js'
import { createMemoryLimiter } from './memory-limiter.js'
import { openRedisRig } from './redis-rig.contract.js'
import { type RedisServer, redisMissing, startRedis } from './redis-server.contract.js'
import { SimulatedClock } from './simulated-clock.contract.js'

/** From a loss of state to the first grant: what was granted before is answered, and one window old. */
const quietMs = limiterDefaults.leaseMs + 1_000
const quietMsMax = limiterDefaults.quietMsMax

describe.skipIf(redisMissing)('in Redis', () => {
  let server: RedisServer
  let redis: Redis

  beforeAll(async () => {
    server = await startRedis()
    redis = new Redis(server.port, '127.0.0.1')
  })

  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })

  limiterContract({ name: 'the limiter in Redis', histories: 40, openRig: () => openRedisRig(redis) })

  test('both limiters grant the same requests at the same moments', async () => {
    const request = fc.record({ holdMs: fc.integer({ min: 1, max: 3_000 }), limits: fc.constantFrom('a', 'b', 'ab') })
    const starts = fc.uniqueArray(fc.integer({ min: 1, max: 4_000 }), { minLength: 5, maxLength: 25 })
    const figures = fc.record({ requests: fc.integer({ min: 1, max: 4 }), perMs: fc.integer({ min: 50, max: 3_000 }) })
    const history = fc.record({ a: figures, b: figures, starts, requests: fc.array(request, { minLength: 25 }) })
    const law = fc.asyncProperty(history, async (given) => {
      const limits: Record<string, Limit> = { a: { key: 'a', ...given.a }, b: { key: 'b', bytes: 9, ...given.b } }
      const grantsMs = async ({ clock, limiter }: LimiterRig) => {
        const startMs = clock.now()
        const one = limiter()
        const work = given.starts.map(async (atMs, index) => {
          const { holdMs = 0, limits: names = 'a' } = given.requests[index] ?? {}
          await clock.sleep(atMs)
          const slot = await one.acquire([...names].flatMap((name) => limits[name] ?? []))
          const grantedMs = clock.now() - startMs
          await clock.sleep(holdMs)
          await slot.release({ bytes: 4 })
          return grantedMs
        })
        return await clock.run(Promise.all(work))
      }
      const clock = new SimulatedClock(1_000_000)
      const memory = await grantsMs({ clock, limiter: () => createMemoryLimiter({ clock }) })
      expect(await grantsMs(await openRedisRig(redis))).toEqual(memory)
    })
    await fc.assert(law, { numRuns: 25 })
  })

  describe('the limiter in Redis: a process that dies', () => {
    const single: Limit = { key: 'single', requests: 1, perMs: 1_000 }

    test('leaves slots that come back when their lease has run out', async () => {
      const { clock, limiter, mortal } = await openRedisRig(redis)
      const worker = mortal()
      await clock.run(worker.limiter.acquire([single]))
      await clock.pass(5_000)
      worker.die()
      const diedMs = clock.now()
      await clock.run(limiter().acquire([single]))
      expect(clock.now() - diedMs).toBeGreaterThan(single.perMs)
      expect(clock.now() - diedMs).toBeLessThan(limiterDefaults.leaseMs + single.perMs + 100)
    })

    test('while it waits, is left out of the queue', async () => {
      const { clock, limiter, mortal } = await openRedisRig(redis)
      await (await clock.run(limiter().acquire([single]))).release()
      const worker = mortal()
      void worker.limiter.acquire([single])
      await clock.settle()
      const next = limiter().acquire([single])
      await clock.settle()
      expect(await clock.run(limiter().status(single))).toMatchObject({ waiting: 2 })
      worker.die()
      const diedMs = clock.now()
      await clock.run(next)
      expect(clock.now() - diedMs).toBeLessThan(limiterDefaults.waiterTtlMs + limiterDefaults.heartbeatMs)
    })

    test('and comes back to life, finds its slot taken back before it could be given to another', async () => {
      const { clock, limiter, mortal } = await openRedisRig(redis)
      const worker = mortal()
      const slot = await clock.run(worker.limiter.acquire([single]))
      worker.die()
      const next = limiter().acquire([single])
      let abortedMs = Number.POSITIVE_INFINITY
      slot.signal.addEventListener('abort', () => {
        abortedMs = clock.now()
      })
      await clock.run(next)
      expect(abortedMs + single.perMs).toBeLessThan(clock.now())
    })
  })

  describe('the limiter in Redis: books that are lost', () => {
    test('a Redis that knows nothing is quiet until all that may be under way is one window old', async () => {
      const { clock, limiter } = await openRedisRig(redis, { quietMsMax })
      const startMs = clock.now()
      const first = limiter().acquire([ninePerSecond])
      await clock.settle()
      expect((await clock.run(limiter().status(ninePerSecond))).blockedForMs).toBeGreaterThan(quietMs)
      await clock.run(first)
      expect(clock.now() - startMs).toBeGreaterThan(quietMs)
      expect(clock.now() - startMs).toBeLessThan(quietMs + 100)
    })

    test('whichever key goes, no tenth request is let through', async () => {
      for (const part of ['head', 'spent', 'flying', 'clock']) {
        const { clock, limiter, prefix } = await openRedisRig(redis, { quietMsMax })
        const one = limiter()
        const slots = await clock.run(Promise.all(Array.from({ length: 9 }, () => one.acquire([ninePerSecond]))))
        await Promise.all(slots.slice(0, 5).map((slot) => slot.release()))
        const lostMs = clock.now()
        const key = part === 'clock' ? `${prefix}clock` : `${prefix}api/1000:${part}`
        expect(await redis.del(key), key).toBe(1)
        await clock.run(one.acquire([ninePerSecond]))
        expect(clock.now() - lostMs, key).toBeGreaterThan(quietMs)
      }
    })

    test('another server that keeps the books since, as after a restart or a failover, is quiet, too', async () => {
      const { clock, limiter, prefix } = await openRedisRig(redis, { quietMsMax })
      const one = limiter()
      await clock.run(one.acquire([ninePerSecond]))
      expect(await redis.hget(`${prefix}clock`, 'keeper')).toMatch(/^[0-9a-f]{80}$/)
      await redis.hset(`${prefix}clock`, 'keeper', '0'.repeat(80))
      const changedMs = clock.now()
      await clock.run(one.acquire([ninePerSecond]))
      expect(clock.now() - changedMs).toBeGreaterThan(quietMs)
      const againMs = clock.now()
      await clock.run(one.acquire([ninePerSecond]))
      expect(clock.now()).toBe(againMs)
    })

    test('windows above quietMsMax do not wait', async () => {
      const { clock, limiter } = await openRedisRig(redis, { quietMsMax })
      const startMs = clock.now()
      await clock.run(limiter().acquire([{ key: 'day', requests: 1, perMs: quietMsMax + 1 }]))
      expect(clock.now()).toBe(startMs)
    })

    test('who asked for a pause brings it back', async () => {
      const { clock, limiter, prefix } = await openRedisRig(redis)
      const one = limiter()
      await clock.run(one.pause('api', 300_000))
      const pausedMs = clock.now()
      await redis.del(`${prefix}api:pause`)
      void one.acquire([ninePerSecond])
      await clock.settle()
      await clock.run(limiter().acquire([ninePerSecond]))
      expect(clock.now()).toBe(pausedMs + 300_000)
    })

    test('a request that was under way meanwhile counts when it is released', async () => {
      const { clock, limiter, prefix } = await openRedisRig(redis)
      const one = limiter()
      const slot = await clock.run(one.acquire([ninePerSecond]))
      await redis.del(`${prefix}api/1000:flying`)
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ requestsUsed: 0 })
      await clock.run(slot.release())
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ requestsUsed: 1 })
    })
  })

  describe('the limiter in Redis: clocks and keys', () => {
    test('a clock of Redis that is set back, and forth again, frees nothing early', async () => {
      const { clock, limiter, shiftRedisClock } = await openRedisRig(redis)
      const one = limiter()
      const slots = await clock.run(Promise.all(Array.from({ length: 9 }, () => one.acquire([ninePerSecond]))))
      await shiftRedisClock(-800)
      await clock.run(Promise.all(slots.map((slot) => slot.release())))
      await shiftRedisClock(0)
      const releasedMs = clock.now()
      await clock.run(one.acquire([ninePerSecond]))
      expect(clock.now() - releasedMs).toBeGreaterThan(1_000)
      expect(clock.now() - releasedMs).toBeLessThan(1_100)
    })

    test('no denial is counted, and every key has an end', async () => {
      const { clock, limiter, prefix } = await openRedisRig(redis)
      const one = limiter()
      const day: Limit = { key: 'day', requests: 1, bytes: 1_000_000, perMs: 86_400_000 }
      await (await clock.run(one.acquire([day]))).release({ bytes: 5 })
      await expect(clock.run(one.acquire([day], { mode: 'attempt' }))).rejects.toMatchObject({
        code: 'TOO_MANY_REQUESTS',
      })
      await clock.run(one.pause('day', 1_000))
      expect(await clock.run(one.status(day))).toMatchObject({ requestsUsed: 1, bytesUsed: 5, waiting: 0 })
      const keys = await redis.keys(`${prefix}*`)
      expect(keys.length).toBeGreaterThanOrEqual(4)
      for (const key of keys) expect(await redis.ttl(key), key).toBeGreaterThan(0)
    })

    test('a million requests in a window take no more entries than a window has steps', async () => {
      const { clock, limiter, prefix } = await openRedisRig(redis)
      const one = limiter()
      const wide: Limit = { key: 'wide', requests: 1_000_000, perMs: 1_000 }
      for (let round = 0; round < 3; round += 1) {
        const slots = await clock.run(Promise.all(Array.from({ length: 200 }, () => one.acquire([wide]))))
        await clock.run(Promise.all(slots.map((slot) => slot.release())))
      }
      expect(await clock.run(one.status(wide))).toMatchObject({ requestsUsed: 600 })
      expect(await redis.zcard(`${prefix}wide/1000:spent`)).toBe(1)
    })
  })
})
