import { describe, expect, test } from 'vitest'
import type { Limit } from './limiter.js'
import { limiterDefaults } from './limiter-defaults.js'
import { type LimiterContract, ninePerSecond } from './limiter-rig.contract.js'

/** Pauses, slots that are never released, and what can be seen of it all. */
export function blockingContract({ name, openRig }: LimiterContract): void {
  describe(`${name}: pauses`, () => {
    test('hold for all who use the key, grow, and never shrink', async () => {
      const { clock, limiter } = await openRig()
      const [one, other] = [limiter(), limiter()]
      const startMs = clock.now()
      await clock.run(one.pause('api', 5_000))
      await clock.run(other.pause('api', 30_000))
      await clock.run(one.pause('api', 1_000))
      expect(await clock.run(other.status(ninePerSecond))).toMatchObject({ blockedForMs: 30_000 })
      await clock.run(other.acquire([{ ...ninePerSecond, key: 'elsewhere' }]))
      expect(clock.now()).toBe(startMs)
      await clock.run(one.acquire([ninePerSecond]))
      expect(clock.now()).toBe(startMs + 30_000)
      expect(await clock.run(other.status(ninePerSecond))).toMatchObject({ blockedForMs: 0 })
    })

    test('end early for all who use the key when they are told to, also where others know of them', async () => {
      const { clock, limiter } = await openRig()
      const [one, other] = [limiter(), limiter()]
      await clock.run(one.pause('api', 3_600_000))
      await clock.run(other.pause('api', 1_800_000))
      const waiting = one.acquire([ninePerSecond])
      await clock.pass(10_000)
      await clock.run(other.resume('api'))
      const resumedMs = clock.now()
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ blockedForMs: 0 })
      await clock.run(waiting)
      expect(clock.now() - resumedMs).toBeLessThanOrEqual(limiterDefaults.heartbeatMs)
      await clock.run(one.acquire([ninePerSecond]))
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ blockedForMs: 0, requestsUsed: 2 })
    })

    test('may come again after one was ended early', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      await clock.run(one.resume('api'))
      await clock.run(one.pause('api', 3_600_000))
      await clock.run(one.resume('api'))
      await clock.run(one.pause('api', 5_000))
      expect(await clock.run(limiter().status(ninePerSecond))).toMatchObject({ blockedForMs: 5_000 })
    })

    test('hold back those who sleep already', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const single: Limit = { key: 'banned', requests: 1, perMs: 1_000 }
      await (await clock.run(one.acquire([single]))).release()
      const waiting = one.acquire([single])
      await clock.pass(500)
      await clock.run(limiter().pause('banned', 60_000))
      const pausedMs = clock.now()
      await clock.run(waiting)
      expect(clock.now()).toBe(pausedMs + 60_000)
    })
  })

  describe(`${name}: a slot that is never released`, () => {
    test('is renewed while its request may take, then taken back, and comes back with its lease', async () => {
      const { clock, limiter } = await openRig()
      const limit: Limit = { key: 'leaked', requests: 1, perMs: 1_000 }
      const one = limiter({ holdMsMax: 60_000 })
      const startMs = clock.now()
      const leaked = await clock.run(one.acquire([limit]))
      let abortedMs = 0
      leaked.signal.addEventListener('abort', () => {
        abortedMs = clock.now() - startMs
      })
      const next = one.acquire([limit])
      await clock.pass(59_000)
      expect(leaked.signal.aborted).toBe(false)
      await clock.run(next)
      expect(leaked.signal.aborted).toBe(true)
      expect(leaked.signal.reason).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
      expect(abortedMs).toBeGreaterThanOrEqual(60_000)
      // One lease after the last renewal, one window more, and never while the request could still be sent.
      expect(clock.now() - startMs).toBeGreaterThan(abortedMs + limit.perMs)
      expect(clock.now() - startMs).toBeLessThan(60_000 + limiterDefaults.leaseMs + limit.perMs + 100)
    })
  })

  describe(`${name}: status`, () => {
    test('counts what is in flight, what came back less than a window ago, and who waits', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const limit: Limit = { key: 'seen', requests: 3, bytes: 100, perMs: 1_000 }
      await (await clock.run(one.acquire([limit]))).release({ bytes: 30 })
      await clock.run(Promise.all([one.acquire([limit]), one.acquire([limit])]))
      const waiting = one.acquire([limit])
      await clock.settle()
      expect(await clock.run(one.status(limit))).toEqual({
        requestsUsed: 3,
        requestsFree: 0,
        bytesUsed: 30,
        bytesFree: 70,
        waiting: 1,
        blockedForMs: 0,
      })
      await clock.run(waiting)
      expect(await clock.run(one.status(limit))).toMatchObject({ requestsUsed: 3, bytesUsed: 0, waiting: 0 })
    })
  })
}
