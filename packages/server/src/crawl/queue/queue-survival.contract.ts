import { describe, expect, test } from 'vitest'
import { page, pages, type QueueWorld } from './queue-world.contract.js'

/** What a dropped crawl, a crash and an end of the process leave. */
export function survivalContract(world: QueueWorld): void {
  const { take, drain } = world

  describe('dropping a crawl', () => {
    test('drops what waits of it, and nothing else', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await world.queue.add(2, [page(3)])
      await (await take()).retry(0, 'again')
      await world.queue.drop(1)
      expect(await world.queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 0, dead: 0 })
      expect(await drain()).toEqual([3])
    })

    test('lets another crawl ask for the same pages', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.drop(1)
      await world.queue.add(2, [page(1)])
      expect(pages(await take())).toEqual([1])
    })

    test('ends a task that is being worked on without its next tasks', async () => {
      await world.queue.add(1, [page(1)])
      const lease = await take()
      await world.queue.drop(1)
      await lease.done([page(2)])
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 0, active: 0 })
      expect(await drain()).toEqual([])
    })

    test('does not try again what fails afterwards, also not after a crash', async () => {
      await world.queue.add(1, [page(1)])
      const lease = await take()
      await world.queue.drop(1)
      await lease.retry(0, 'again')
      expect(await drain()).toEqual([])
      await world.crash()
      expect(await drain()).toEqual([])
    })
  })

  describe('after a crash', () => {
    test('what was done stays done, what was being worked on and what waits are given again', async () => {
      await world.queue.add(1, [page(1), page(2), page(3)])
      await (await take()).done([page(4)])
      expect(pages(await take())).toEqual([2])
      await world.crash()
      const leases = [await take(), await take(), await take()]
      expect(pages(...leases).toSorted()).toEqual([2, 3, 4])
      for (const lease of leases) await lease.done([])
      expect(await world.queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 4, dead: 0 })
      await world.queue.add(1, [page(1), page(2), page(3), page(4)])
      expect(await drain()).toEqual([])
    })

    test('failures, dead tasks and their errors are remembered', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await (await take()).bury('broken')
      await (await take()).retry(0, 'again')
      await world.crash()
      expect(await world.queue.dead('twse', 10)).toMatchObject([{ task: page(1), error: 'broken' }])
      expect((await take()).queued).toMatchObject({ attempts: 1, task: page(2) })
    })

    test('a task that was to be tried later still is', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).retry(3_600_000, 'later')
      await world.crash()
      expect(await drain()).toEqual([])
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 1 })
    })

    test('what was dropped stays dropped', async () => {
      await world.queue.add(1, [page(1), page(2)])
      await world.queue.drop(1)
      await world.crash()
      expect(await drain()).toEqual([])
    })
  })

  test('closing gives back what was being worked on', async () => {
    await world.queue.add(1, [page(1), page(2)])
    await take()
    await world.queue.close()
    await world.crash()
    expect((await drain()).toSorted()).toEqual([1, 2])
  })
}
