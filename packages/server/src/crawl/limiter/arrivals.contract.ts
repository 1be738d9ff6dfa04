import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Limit, Limiter } from './limiter.js'
import { type LimiterContract, ninePerSecond } from './limiter-rig.contract.js'
import { mostInAnyWindow, SimulatedUpstream } from './simulated-upstream.contract.js'

/** What the upstream sees: the law that limiters exist for. */
export function arrivalsContract({ name, openRig, histories }: LimiterContract): void {
  describe(`${name}: what an upstream sees`, () => {
    const latency = fc.record({
      thereMs: fc.integer({ min: 0, max: 3_000 }),
      backMs: fc.integer({ min: 0, max: 3_000 }),
    })
    const request = fc.record({
      latency,
      startMs: fc.integer({ min: 0, max: 5_000 }),
      worker: fc.nat(2),
      mode: fc.constantFrom('reserve' as const, 'reserve' as const, 'attempt' as const),
      limits: fc.constantFrom('both' as const, 'own' as const, 'shared' as const),
    })

    test('never more requests in any window than a limit allows, whatever the latencies', async () => {
      const history = fc.record({
        own: fc.record({ requests: fc.integer({ min: 1, max: 5 }), perMs: fc.integer({ min: 10, max: 4_000 }) }),
        shared: fc.record({ requests: fc.integer({ min: 1, max: 9 }), perMs: fc.integer({ min: 10, max: 4_000 }) }),
        requests: fc.array(request, { minLength: 2, maxLength: 40 }),
      })
      const law = fc.asyncProperty(history, async ({ own, shared, requests }) => {
        const rig = await openRig()
        const workers = [rig.limiter(), rig.limiter(), rig.limiter()]
        const limits = { own: { key: 'own', ...own }, shared: { key: 'shared', ...shared } }
        const upstream = new SimulatedUpstream(rig.clock)
        let gaveUp = 0
        const done = requests.map(async (asked) => {
          await rig.clock.sleep(asked.startMs)
          const limiter = workers[asked.worker] as Limiter // `worker` is 0, 1 or 2
          const asks = asked.limits === 'both' ? [limits.own, limits.shared] : [limits[asked.limits]]
          try {
            await upstream.request(limiter, asks, asked.latency, asked.mode)
          } catch (error) {
            // The mode `attempt` may give up, as others are served before it.
            expect(error).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
            gaveUp += 1
          }
        })
        await rig.clock.run(Promise.all(done))
        const arrivedMs = [upstream.arrivalsMs(limits.own), upstream.arrivalsMs(limits.shared)] as const
        expect(mostInAnyWindow(arrivedMs[0], own.perMs)).toBeLessThanOrEqual(own.requests)
        expect(mostInAnyWindow(arrivedMs[1], shared.perMs)).toBeLessThanOrEqual(shared.requests)
        // Whoever did not give up was served.
        expect(upstream.count + gaveUp).toBe(requests.length)
      })
      await fc.assert(law, { numRuns: histories })
    })

    test('nine per second are used to nine tenths and more by four busy processes', async () => {
      const { clock, limiter } = await openRig()
      const upstream = new SimulatedUpstream(clock)
      const startMs = clock.now()
      let random = 1
      const jitterMs = (max: number) => {
        random = (random * 16_807) % 2_147_483_647
        return (random / 2_147_483_647) * max
      }
      const work = [limiter(), limiter(), limiter(), limiter()].flatMap((process) =>
        Array.from({ length: 5 }, async () => {
          for (let sent = 0; sent < 9; sent += 1) {
            await upstream.request(process, [ninePerSecond], { thereMs: 5 + jitterMs(20), backMs: 5 + jitterMs(20) })
          }
        }),
      )
      await clock.run(Promise.all(work))
      const arrivalsMs = upstream.arrivalsMs(ninePerSecond)
      expect(arrivalsMs).toHaveLength(180)
      expect(mostInAnyWindow(arrivalsMs, 1_000)).toBe(9)
      // The last burst needs no second of its own.
      const allowed = 9 * (1 + (clock.now() - startMs) / 1_000)
      expect(arrivalsMs.length / allowed).toBeGreaterThan(0.9)
    })

    test('a slot is free one window after its answer came, not after it was granted', async () => {
      const { clock, limiter } = await openRig()
      const one = limiter()
      const limit: Limit = { key: 'slow', requests: 1, perMs: 1_000 }
      const slot = await clock.run(one.acquire([limit]))
      await clock.pass(4_000)
      await clock.run(slot.release())
      const releasedMs = clock.now()
      await clock.run(one.acquire([limit]))
      const passedMs = clock.now() - releasedMs
      expect(passedMs).toBeGreaterThan(1_000)
      expect(passedMs).toBeLessThan(1_010)
    })

    test('a slot of which nothing was sent is free at once', async () => {
      const { clock, limiter } = await openRig()
      const limit: Limit = { key: 'unsent', requests: 1, perMs: 60_000 }
      const slot = await clock.run(limiter().acquire([limit]))
      await clock.run(slot.cancel())
      const askedMs = clock.now()
      await clock.run(limiter().acquire([limit]))
      expect(clock.now()).toBe(askedMs)
    })

    test('a slot that is released twice counts once', async () => {
      const { clock, limiter } = await openRig()
      const slot = await clock.run(limiter().acquire([ninePerSecond]))
      await clock.run(Promise.all([slot.release(), slot.release(), slot.cancel()]))
      expect(await clock.run(limiter().status(ninePerSecond))).toMatchObject({ requestsUsed: 1, requestsFree: 8 })
    })
  })
}
