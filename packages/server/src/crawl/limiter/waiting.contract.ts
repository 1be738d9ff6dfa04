import { describe, expect, test } from 'vitest'
import { attemptsMax } from './back-off.js'
import type { Limit, Limiter, Slot } from './limiter.js'
import { limiterDefaults } from './limiter-defaults.js'
import type { LimiterContract } from './limiter-rig.contract.js'

/** Who waits, in both modes. */
export function waitingContract({ name, openRig }: LimiterContract): void {
  describe(`${name}: who waits`, () => {
    const single: Limit = { key: 'single', requests: 1, perMs: 500 }

    test('is served in the order of arrival, across processes', async () => {
      const { clock, limiter } = await openRig()
      const processes = [limiter(), limiter(), limiter()]
      const served: number[] = []
      const expected = Array.from({ length: 30 }, (_, number) => number)
      const work = expected.map(async (number) => {
        // Apart in time, so that there is an order of arrival.
        await clock.sleep(number)
        const slot = await (processes[number % 3] as Limiter).acquire([single]) // the remainder is 0, 1 or 2
        served.push(number)
        await clock.sleep(30)
        await slot.release()
      })
      await clock.run(Promise.all(work))
      expect(served).toEqual(expected)
    })

    test('is not passed by those who come later, though a slot is free before it wakes', async () => {
      const { clock, limiter } = await openRig()
      const [one, other] = [limiter(), limiter()]
      const slot = await clock.run(one.acquire([single]))
      const served: string[] = []
      const first = one.acquire([single]).then(async (granted) => {
        served.push('first')
        await granted.release()
      })
      await clock.settle()
      await clock.run(slot.cancel())
      const second = other.acquire([single]).then(() => served.push('second'))
      await clock.run(Promise.all([first, second]))
      expect(served).toEqual(['first', 'second'])
    })

    test('keeps its place however long it waits', async () => {
      const { clock, limiter } = await openRig()
      const [one, other] = [limiter(), limiter()]
      const slow: Limit = { key: 'slow', requests: 1, perMs: 60_000 }
      await (await clock.run(one.acquire([slow]))).release()
      const waiting = one.acquire([slow])
      for (let seconds = 0; seconds < 50; seconds += 7) {
        await clock.pass(7_000)
        expect(await clock.run(other.status(slow))).toMatchObject({ waiting: 1 })
      }
      await clock.run(waiting)
    })

    test('sleeps once to a moment that is known, and is not woken in between', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      await (await clock.run(one.acquire([single]))).release()
      clock.slept.length = 0
      await clock.run(one.acquire([single]))
      const beforeHolding = clock.slept.filter((ms) => ms !== limiterDefaults.leaseMs / 4)
      expect(beforeHolding).toHaveLength(1)
      expect(beforeHolding[0]).toBeGreaterThan(500)
    })

    test('and is aborted, leaves its place to the next', async () => {
      const { clock, limiter } = await openRig()
      const slow: Limit = { key: 'slow', requests: 1, perMs: 20_000 }
      await (await clock.run(limiter().acquire([slow]))).release()
      const releasedMs = clock.now()
      const controller = new AbortController()
      const first = limiter().acquire([slow], { signal: controller.signal })
      const refused = expect(first).rejects.toThrow('not needed any more')
      await clock.pass(10)
      const second = limiter().acquire([slow])
      await clock.pass(1_000)
      expect(await clock.run(limiter().status(slow))).toMatchObject({ waiting: 2 })
      controller.abort(new Error('not needed any more'))
      await clock.run(refused)
      await clock.settle()
      expect(await clock.run(limiter().status(slow))).toMatchObject({ waiting: 1 })
      await clock.run(second)
      expect(clock.now() - releasedMs).toBeLessThan(20_000 + 100)
    })

    test('and was aborted before it asked, takes nothing', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const aborted = one.acquire([single], { signal: AbortSignal.abort(new Error('too late')) })
      await expect(clock.run(aborted)).rejects.toThrow('too late')
      expect(await clock.run(one.status(single))).toMatchObject({ requestsUsed: 0, waiting: 0 })
    })

    test('and is aborted while it asks, takes nothing', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const controller = new AbortController()
      const asking = one.acquire([single], { signal: controller.signal })
      controller.abort(new Error('changed my mind'))
      await expect(clock.run(asking)).rejects.toThrow('changed my mind')
      await clock.settle()
      expect(await clock.run(one.status(single))).toMatchObject({ requestsUsed: 0, waiting: 0 })
    })

    test('is told when too many do so', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter({ waitersMax: 2 })
      await clock.run(one.acquire([single]))
      const waiting = [one.acquire([single]), one.acquire([single])]
      await expect(one.acquire([single])).rejects.toMatchObject({ code: 'OVER_CAPACITY' })
      await expect(one.acquire([single])).rejects.toThrow('waitersMax')
      const ended = Promise.allSettled(waiting)
      await one.close()
      await clock.run(ended)
    })

    test('is refused when the limiter closes, and gives its place up', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const held = await clock.run(one.acquire([single]))
      const waiting = one.acquire([single])
      const refused = expect(waiting).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
      await clock.settle()
      await one.close()
      await clock.run(refused)
      await expect(one.acquire([single])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
      await clock.run(held.release())
      await clock.settle()
      expect(await clock.run(limiter().status(single))).toMatchObject({ requestsUsed: 1, waiting: 0 })
    })
  })

  describe(`${name}: the mode attempt`, () => {
    test('backs off 0.1, 0.4, 0.8, 1.3 and then 2 s, and gives up after 20 attempts', async () => {
      const { clock, limiter } = await openRig()
      const day: Limit = { key: 'day', requests: 1, perMs: 86_400_000 }
      const one = limiter()
      await (await clock.run(one.acquire([day]))).release()
      await clock.pass(limiterDefaults.leaseMs)
      clock.slept.length = 0
      const refused = one.acquire([day], { mode: 'attempt' })
      await expect(clock.run(refused)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 })
      expect(clock.slept).toEqual([100, 400, 800, 1_300, ...Array.from({ length: attemptsMax - 5 }, () => 2_000)])
      const told = await refused.catch((error: unknown) => error)
      expect(told).toMatchObject({ message: expect.stringContaining("'day' (1 requests per 86400000 ms)") })
      expect(await clock.run(one.status(day))).toMatchObject({ requestsUsed: 1, waiting: 0 })
    })

    test('is granted when an attempt finds room, and does not pass those who queue', async () => {
      const { clock, limiter } = await openRig()
      const limit: Limit = { key: 'mixed', requests: 1, perMs: 2_000 }
      const one = limiter()
      const startMs = clock.now()
      await (await clock.run(one.acquire([limit]))).release()
      const served: string[] = []
      const serve = (name: string) => async (slot: Slot) => {
        served.push(`${name} after ${Math.floor((clock.now() - startMs) / 1_000)} s`)
        await slot.release()
      }
      const queued = one.acquire([limit]).then(serve('queued'))
      const attempted = one.acquire([limit], { mode: 'attempt' }).then(serve('attempted'))
      await clock.run(Promise.all([queued, attempted]))
      expect(served).toEqual(['queued after 2 s', 'attempted after 4 s'])
    })
  })
}
