import { describe, expect, test } from 'vitest'
import { page, pages, type QueueWorld } from './queue-world.contract.js'

/** A page that two crawls want is asked for once, and belongs to both. */
export function sharedPageContract(world: QueueWorld): void {
  const { take, drain } = world

  describe('a page that two crawls want', () => {
    const waiting = { waiting: 1, active: 0, done: 0, dead: 0 }
    const none = { waiting: 0, active: 0, done: 0, dead: 0 }

    test('is counted for both, and asked for once', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1)])
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([waiting, waiting])
      const lease = await take()
      expect(lease.queued.crawl).toBe(1)
      const active = { ...none, active: 1 }
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([active, active])
      await lease.done([])
      const done = { ...none, done: 1 }
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([done, done])
      expect(await drain()).toEqual([])
    })

    test('stays when one of them drops it, whichever came first', async () => {
      for (const [first, second, dropped] of [
        [1, 2, 1],
        [3, 4, 4],
      ] as const) {
        await world.queue.add(first, [page(first)])
        await world.queue.add(second, [page(first)])
        await world.queue.drop(dropped)
        const kept = dropped === first ? second : first
        expect(await world.queue.counts(dropped)).toEqual(none)
        expect(await world.queue.counts(kept)).toEqual(waiting)
        const lease = await take()
        expect(lease.queued).toMatchObject({ crawl: kept, task: page(first) })
        await lease.done([page(`after ${first}`)])
        expect(await world.queue.counts(kept)).toMatchObject({ waiting: 1, done: 1 })
        expect(await world.queue.counts(dropped)).toEqual(none)
        expect(await drain()).toEqual([`after ${first}`])
      }
    })

    test('is gone when both drop it', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1)])
      await world.queue.drop(2)
      await world.queue.drop(1)
      expect(await drain()).toEqual([])
    })

    test('stays when one drops it while it is being worked on, and its next pages belong to the other', async () => {
      await world.queue.add(1, [page(1)])
      const lease = await take()
      await world.queue.add(2, [page(1)])
      await world.queue.drop(1)
      await lease.done([page(2)])
      expect(await world.queue.counts(1)).toEqual(none)
      expect(await world.queue.counts(2)).toEqual({ ...none, waiting: 1, done: 1 })
      expect((await take()).queued).toMatchObject({ crawl: 2, task: page(2) })
    })

    test('gives both its next pages, each asked for once', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1), page(2)])
      await (await take()).done([page(2), page(3)])
      expect(await world.queue.counts(1)).toEqual({ ...none, waiting: 2, done: 1 })
      expect(await world.queue.counts(2)).toEqual({ ...none, waiting: 2, done: 1 })
      expect(await drain()).toEqual([2, 3])
      expect(await world.queue.counts(1)).toEqual({ ...none, done: 3 })
    })

    test('is tried again for both, and dead for both', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1)])
      await (await take()).retry(0, 'again')
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([waiting, waiting])
      const lease = await take()
      expect(lease.queued.attempts).toBe(1)
      await lease.bury('broken')
      const dead = { ...none, dead: 1 }
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([dead, dead])
      expect(await world.queue.dead('twse', 10)).toMatchObject([{ crawl: 1, error: 'broken', attempts: 2 }])
      expect(await world.queue.revive('twse')).toBe(1)
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([waiting, waiting])
      expect(await drain()).toEqual([1])
    })

    test('that was dead in one lives again for it when the other wants it', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).bury('broken')
      await world.queue.add(2, [page(1)])
      expect([await world.queue.counts(1), await world.queue.counts(2)]).toEqual([waiting, waiting])
      expect(await drain()).toEqual([1])
      expect(await world.queue.counts(1)).toEqual({ ...none, done: 1 })
    })

    test('joins a retry that is far away without bringing it nearer', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).retry(3_600_000, 'later')
      await world.queue.add(2, [page(1)])
      expect(await drain()).toEqual([])
      expect(await world.queue.counts(2)).toEqual(waiting)
    })

    test('is wanted by both after a crash, also while it was being worked on', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await world.queue.add(2, [page(2), page(1)])
      await take()
      await world.crash()
      expect(await world.queue.counts(2)).toMatchObject({ done: 0, dead: 0 })
      await world.queue.drop(1)
      const leases = [await take(), await take()]
      expect(pages(...leases).toSorted()).toEqual([1, 2])
      for (const lease of leases) await lease.done([])
      expect(await world.queue.counts(2)).toEqual({ ...none, done: 2 })
      expect(await world.queue.counts(1)).toEqual(none)
    })

    test('may be one of many, more than are held in memory', async () => {
      const numbers = Array.from({ length: 700 }, (_, number) => number)
      await Promise.all(
        [1, 2].map((crawl) =>
          world.queue.add(
            crawl,
            numbers.map((number) => page(number)),
          ),
        ),
      )
      const leases = [await take(), await take()]
      await world.queue.drop(1)
      while (leases.length < numbers.length) leases.push(await take())
      expect(pages(...leases)).toEqual(numbers)
      await Promise.all(leases.map((lease) => lease.done([])))
      expect(await world.queue.counts(2)).toEqual({ ...none, done: numbers.length })
      expect(await world.queue.counts(1)).toEqual(none)
    })
  })
}
