import { describe, expect, test } from 'vitest'
import { page, pages, type QueueWorld, task } from './queue-world.contract.js'
import type { Lease } from './task-queue.js'

/** What is added is given once, in its order. */
export function addingContract(world: QueueWorld): void {
  const { take, drain } = world

  describe('adding', () => {
    test('tasks are given in the order in which they were added', async () => {
      await world.queue.add(1, [page(3), page(1), page(2)])
      await world.queue.add(1, [page(0)])
      expect(await drain()).toEqual([3, 1, 2, 0])
    })

    test('more tasks than fit into one stroke are all there, in order', async () => {
      const numbers = Array.from({ length: 2_345 }, (_, number) => number)
      await world.queue.add(
        1,
        (function* () {
          for (const number of numbers) yield page(number)
        })(),
      )
      expect(await world.queue.counts(1)).toMatchObject({ waiting: 2_345 })
      const leases: Lease[] = []
      while (leases.length < 1_200) leases.push(await take())
      expect(pages(...leases)).toEqual(numbers.slice(0, 1_200))
      await Promise.all(leases.map((lease) => lease.done([])))
      expect(await world.queue.counts(1)).toEqual({ waiting: 1_145, active: 0, done: 1_200, dead: 0 })
    })

    test('a lease tells the task, its crawl and that it was never tried', async () => {
      await world.queue.add(7, [page(1)])
      const { queued } = await take()
      expect(queued).toMatchObject({ crawl: 7, attempts: 0, task: page(1) })
    })

    test('equal params are one task, in whatever order they are written', async () => {
      await world.queue.add(1, [task({ a: 1, page: 'x' }), task({ page: 'x', a: 1 })])
      await world.queue.add(1, [task({ a: 1, page: 'x' })])
      expect(await drain()).toEqual(['x'])
    })

    test('what another crawl waits for already is asked for once', async () => {
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1), page(2)])
      expect(await drain()).toEqual([1, 2])
    })

    test('what is being worked on is not added', async () => {
      await world.queue.add(1, [page(1)])
      const lease = await take()
      await world.queue.add(1, [page(1)])
      await world.queue.add(2, [page(1)])
      await lease.done([])
      expect(await drain()).toEqual([])
    })

    test('what was done is not asked for again in its crawl, but in another', async () => {
      await world.queue.add(1, [page(1)])
      await (await take()).done([])
      await world.queue.add(1, [page(1), page(2)])
      expect(await drain()).toEqual([2])
      await world.queue.add(2, [page(1)])
      expect(await drain()).toEqual([1])
    })

    test('two calls at the same time add a task once', async () => {
      await Promise.all([world.queue.add(1, [page(1), page(2)]), world.queue.add(1, [page(2), page(1)])])
      expect((await drain()).toSorted()).toEqual([1, 2])
    })

    test('connectors have lines of their own', async () => {
      await world.queue.add(1, [page(1, 'yahoo'), page(2)])
      expect(pages(await take('twse'), await take('yahoo'))).toEqual([2, 1])
    })
  })

  describe('taking', () => {
    test('waits for a task that comes later', async () => {
      const taking = take()
      await world.queue.add(1, [page(1)])
      expect(pages(await taking)).toEqual([1])
    })

    test('of many who wait each gets a task of its own', async () => {
      const taking = [take(), take(), take()]
      await world.queue.add(1, [page(1), page(2), page(3)])
      expect(pages(...(await Promise.all(taking))).toSorted()).toEqual([1, 2, 3])
    })

    test('while tasks come and are taken at the same time, each is given once', async () => {
      const numbers = Array.from({ length: 120 }, (_, number) => number)
      const taken: unknown[] = []
      let tellAllTaken = () => {}
      const allTaken = new Promise<undefined>((resolve) => {
        tellAllTaken = () => resolve(undefined)
      })
      const workers = Array.from({ length: 8 }, async () => {
        while (taken.length < numbers.length) {
          const lease = await Promise.race([take(), allTaken])
          if (lease === undefined) return
          taken.push(lease.queued.task.params.page)
          if (taken.length === numbers.length) tellAllTaken()
          await lease.done([])
        }
      })
      for (const number of numbers) await Promise.all([world.queue.add(1, [page(number)]), world.queue.counts(1)])
      await Promise.all(workers)
      expect(taken.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers)
      expect(await world.queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 120, dead: 0 })
    })

    test('an abort ends the wait with its reason, and takes nothing along', async () => {
      const stop = new AbortController()
      const taking = world.queue.take('twse', stop.signal)
      const reason = new Error('enough')
      stop.abort(reason)
      await expect(taking).rejects.toBe(reason)
      await expect(world.queue.take('twse', stop.signal)).rejects.toBe(reason)
      await world.queue.add(1, [page(1)])
      expect(pages(await take())).toEqual([1])
    })

    test('closing ends the wait', async () => {
      const taking = world.queue.take('twse', new AbortController().signal)
      const refused = expect(taking).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
      await world.queue.close()
      await refused
    })
  })
}
