import { describe, expect, test } from 'vitest'
import { page, pages, type QueueWorld } from './queue-world.contract.js'

/** How a task can end, and what is left of it. */
export function endsContract(world: QueueWorld): void {
  const { take, drain } = world

  describe('the end of a task', () => {
    test('brings its next tasks, which belong to its crawl', async () => {
      await world.queue.add(4, [page(1)])
      await (await take()).done([page(2), page(3), page(2), page(1)])
      expect(await world.queue.counts(4)).toEqual({ waiting: 2, active: 0, done: 1, dead: 0 })
      const next = await take()
      expect(next.queued).toMatchObject({ crawl: 4, task: page(2) })
    })

    test('may bring tasks of another connector', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).done([page(2, 'yahoo')])
      expect(pages(await take('yahoo'))).toEqual([2])
    })

    test('is counted', async () => {
      await world.queue.add(1, [page(1), page(2), page(3), page(4)])
      await (await take()).done([])
      await (await take()).bury('broken')
      await take()
      expect(await world.queue.counts(1)).toEqual({ waiting: 1, active: 1, done: 1, dead: 1 })
      expect(await world.queue.counts(2)).toEqual({ waiting: 0, active: 0, done: 0, dead: 0 })
    })
  })

  describe('a task that is to be tried again', () => {
    test('comes back with one more failure, and not before its time', async () => {
      await world.queue.add(1, [page(1)])
      const lease = await take()
      const dueMs = world.now() + 200
      await lease.retry(200, 'try again')
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 1, active: 0 })
      const again = await take()
      expect(world.now()).toBeGreaterThanOrEqual(dueMs)
      expect(again.queued).toMatchObject({ attempts: 1, crawl: 1, task: page(1) })
      await again.retry(0, 'again')
      expect((await take()).queued.attempts).toBe(2)
    })

    test('comes back without a failure where it was only postponed, and not before its time', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).retry(0, 'again')
      const dueMs = world.now() + 200
      await (await take()).postpone(200, 'the connector waits')
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 1, active: 0 })
      const lease = await take()
      expect(world.now()).toBeGreaterThanOrEqual(dueMs)
      expect(lease.queued).toMatchObject({ attempts: 1, crawl: 1, task: page(1) })
    })

    test('holds no other back', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await (await take()).retry(3_600_000, 'later')
      expect(await drain()).toEqual([2])
      expect(await world.queue.counts(1)).toEqual({ waiting: 1, active: 0, done: 1, dead: 0 })
    })

    test('is not added a second time', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).retry(3_600_000, 'later')
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1)])
      expect(await drain()).toEqual([])
    })
  })

  describe('a dead task', () => {
    test('is listed with its error, newest first, up to a limit', async () => {
      await world.queue.add(1, [page(1), page(2), page(3, 'yahoo')])
      await (await take()).bury('first')
      await (await take()).bury('second')
      expect(await world.queue.dead('twse', 10)).toMatchObject([
        { task: page(2), error: 'second', attempts: 1, crawl: 1 },
        { task: page(1), error: 'first', attempts: 1, crawl: 1 },
      ])
      expect(await world.queue.dead('twse', 1)).toMatchObject([{ error: 'second' }])
      expect(await world.queue.dead('yahoo', 10)).toEqual([])
      await (await take('yahoo')).bury('third')
      expect((await world.queue.dead(undefined, 10)).map(({ error }) => error).toSorted()).toEqual([
        'first',
        'second',
        'third',
      ])
    })

    test('is not asked for again in its crawl', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).bury('broken')
      await world.queue.add(1, [page(1)])
      expect(await drain()).toEqual([])
      expect(await world.queue.dead('twse', 10)).toHaveLength(1)
    })

    test('is tried again for another crawl, and is no longer dead then', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).bury('broken')
      await world.queue.add(2, [page(1)])
      expect(await world.queue.dead('twse', 10)).toEqual([])
      expect((await take()).queued.attempts).toBe(0)
    })

    test('is put back when it is revived, as if it had never been tried', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await (await take()).retry(0, 'once')
      await (await take()).bury('broken')
      await (await take()).bury('broken')
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 0, dead: 2 })
      expect(await world.queue.revive('yahoo')).toBe(0)
      expect(await world.queue.revive('twse')).toBe(2)
      expect(await world.queue.revive('twse')).toBe(0)
      expect(await world.queue.dead('twse', 10)).toEqual([])
      expect(await world.queue.counts(1)).toEqual({ waiting: 2, active: 0, done: 0, dead: 0 })
      const leases = [await take(), await take()]
      expect(leases.map(({ queued }) => queued.attempts)).toEqual([0, 0])
      expect(pages(...leases).toSorted()).toEqual([1, 2])
    })

    test('that dies again is dead again', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).bury('first')
      await world.queue.revive('twse')
      await (await take()).bury('second')
      expect(await world.queue.dead('twse', 10)).toMatchObject([{ error: 'second', attempts: 1 }])
      expect(await world.queue.revive('twse')).toBe(1)
      expect(pages(await take())).toEqual([1])
    })
  })
}
