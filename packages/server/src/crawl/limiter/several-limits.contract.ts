import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Limit } from './limiter.js'
import { type LimiterContract, ninePerSecond } from './limiter-rig.contract.js'
import { mostInAnyWindow, SimulatedUpstream } from './simulated-upstream.contract.js'

/** Several limits at once, and limits of bytes. */
export function severalLimitsContract({ name, openRig, histories }: LimiterContract): void {
  describe(`${name}: several limits at once`, () => {
    test('while one limit has no room, none of the others is used', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const tight: Limit = { key: 'tight', requests: 1, perMs: 1_000 }
      await (await clock.run(one.acquire([tight]))).release()
      const waiting = one.acquire([tight, ninePerSecond])
      await clock.settle()
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ requestsUsed: 0 })
      await clock.run(waiting)
      expect(await clock.run(one.status(ninePerSecond))).toMatchObject({ requestsUsed: 1 })
    })

    test('two windows of one key both hold', async () => {
      const { clock, limiter } = await openRig()
      const upstream = new SimulatedUpstream(clock)
      const short: Limit = { key: 'host', requests: 3, perMs: 5_000 }
      const long: Limit = { key: 'host', requests: 10, perMs: 60_000 }
      const one = limiter()
      const send = () => upstream.request(one, [short, long], { thereMs: 20, backMs: 20 })
      await clock.run(Promise.all(Array.from({ length: 25 }, send)))
      expect(mostInAnyWindow(upstream.arrivalsMs(short), 5_000)).toBe(3)
      expect(mostInAnyWindow(upstream.arrivalsMs(long), 60_000)).toBe(10)
    })

    test('who is held up for long elsewhere lets others use the limit they share, and is not overtaken for ever', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const host: Limit = { key: 'host', requests: 1, perMs: 300 }
      const credential: Limit = { key: 'credential', requests: 1, perMs: 60_000 }
      await (await clock.run(one.acquire([credential]))).release()
      const startMs = clock.now()
      let heldMs = 0
      let othersBefore = 0
      const held = one.acquire([credential, host]).then((slot) => {
        heldMs = clock.now() - startMs
        return slot.release()
      })
      const others = async () => {
        while (heldMs === 0) {
          await (await one.acquire([host])).release()
          if (heldMs === 0) othersBefore += 1
        }
      }
      await clock.run(Promise.all([held, others()]))
      // The others go on all the minute, and then the one held up has its turn in the very moment it can.
      expect(othersBefore).toBeGreaterThan((60_000 / 310) * 0.95)
      expect(heldMs).toBeGreaterThan(60_000)
      expect(heldMs).toBeLessThan(60_000 + 100)
    })

    test('who waits for an answer of another limit looks a few times in a window, however alike the windows are', async () => {
      for (const otherMs of [1_001, 1_062, 1_063, 1_100]) {
        const { clock, limiter } = await openRig()
        const one = limiter()
        const short: Limit = { key: 'short', requests: 1, perMs: 1_000 }
        const other: Limit = { key: 'other', requests: 1, perMs: otherMs }
        const underWay = await clock.run(one.acquire([other]))
        const waiting = one.acquire([other, short])
        const sleptBefore = clock.slept.length
        await clock.pass(9_000)
        expect(clock.slept.length - sleptBefore, `${otherMs} ms`).toBeLessThan(9 * 20)
        await underWay.release()
        const releasedMs = clock.now()
        await (await clock.run(waiting)).release()
        expect(clock.now() - releasedMs, `${otherMs} ms`).toBeLessThan(otherMs + 100)
      }
    })

    test('limits of the same key and window share their slots, and the stricter figure holds', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const wide: Limit = { key: 'host', requests: 5, perMs: 1_000 }
      const narrow: Limit = { key: 'host', requests: 2, perMs: 1_000 }
      await clock.run(one.acquire([wide, narrow]))
      expect(await clock.run(one.status(wide))).toMatchObject({ requestsUsed: 1, requestsFree: 4 })
      await clock.run(one.acquire([wide]))
      const askedMs = clock.now()
      const third = one.acquire([wide, narrow], { mode: 'attempt' })
      await expect(clock.run(third)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
      expect(clock.now()).toBeGreaterThan(askedMs)
    })

    test('a limit of a short window is how many are on their way at once', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const atOnce: Limit = { key: 'account', requests: 3, perMs: 100 }
      const often: Limit = { key: 'account', requests: 20, perMs: 10_000 }
      let [underWay, most] = [0, 0]
      const ask = async (_: unknown, index: number) => {
        const slot = await one.acquire([often, atOnce])
        underWay += 1
        most = Math.max(most, underWay)
        // Some answers take far longer than the window, and hold their place all the time.
        await clock.sleep(index % 4 === 0 ? 900 : 5)
        underWay -= 1
        await slot.release()
      }
      await clock.run(Promise.all(Array.from({ length: 25 }, ask)))
      expect([most, underWay]).toEqual([3, 0])
    })

    test('without limits nothing waits', async () => {
      const { clock, limiter } = await openRig()
      const slot = await clock.run(limiter().acquire([]))
      await clock.run(slot.release())
    })
  })

  describe(`${name}: bytes`, () => {
    const megabyte: Limit = { key: 'volume', bytes: 1_000_000, perMs: 10_000 }

    test('nothing leaves while the answers of the last window hold the allowed bytes', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const take = async (bytes: number) => {
        const slot = await one.acquire([megabyte])
        const grantedMs = clock.now()
        await slot.release({ bytes })
        return grantedMs
      }
      const startMs = await clock.run(take(600_000))
      await clock.pass(2_000)
      expect(await clock.run(take(600_000))).toBe(startMs + 2_000)
      expect(await clock.run(one.status(megabyte))).toMatchObject({ bytesUsed: 1_200_000, bytesFree: 0 })
      const thirdMs = await clock.run(take(1))
      expect(thirdMs - startMs).toBeGreaterThan(10_000)
      expect(thirdMs - startMs).toBeLessThan(10_050)
      expect(await clock.run(one.status(megabyte))).toMatchObject({ bytesUsed: 600_001, bytesFree: 399_999 })
    })

    test('any window holds less than the allowed bytes and one answer, when one request is sent at a time', async () => {
      const answers = fc.array(fc.record({ bytes: fc.nat(700_000), pauseMs: fc.nat(4_000) }), { maxLength: 30 })
      const law = fc.asyncProperty(answers, async (given) => {
        const { clock, limiter } = await openRig()
        const one = limiter()
        const seen: { atMs: number; bytes: number }[] = []
        const work = async () => {
          for (const { bytes, pauseMs } of given) {
            const slot = await one.acquire([megabyte])
            await clock.sleep(pauseMs)
            seen.push({ atMs: clock.now(), bytes })
            await slot.release({ bytes })
          }
        }
        await clock.run(work())
        seen.forEach((last, index) => {
          const window = seen.slice(0, index).filter(({ atMs }) => atMs > last.atMs - megabyte.perMs)
          expect(window.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1_000_000)
        })
      })
      await fc.assert(law, { numRuns: Math.ceil(histories / 2) })
    })
  })
}
