import type { Task } from '@barkeep/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Lease, TaskQueue } from './task-queue.js'

/** A queue on something that outlives it. */
export interface TaskQueueRig {
  readonly queue: TaskQueue
  /** The time by which tasks are due, in milliseconds. */
  now(): number
  /** Lets the process of `queue` end without a word, and gives the queue of the next one. */
  crash(): Promise<TaskQueue>
  /** Takes away everything. */
  close(): Promise<void>
}

/** What every queue does, whatever it stands on. `open` gives a new, empty one. */
export function taskQueueContract(name: string, open: () => Promise<TaskQueueRig>): void {
  describe(`${name}: a queue`, () => {
    let rig: TaskQueueRig
    let queue: TaskQueue
    let drains = 0

    beforeEach(async () => {
      rig = await open()
      queue = rig.queue
    })
    afterEach(() => rig.close())

    const soon = () => AbortSignal.timeout(240_000)
    const take = (connector = 'twse') => queue.take(connector, soon())
    /** Takes and ends tasks until one that stands behind all others comes; gives the numbers of the pages. */
    const drain = async (connector = 'twse') => {
      const last = `last ${++drains}`
      await queue.add(999, [page(last, connector)])
      const taken: unknown[] = []
      for (;;) {
        const lease = await take(connector)
        await lease.done([])
        if (lease.queued.task.params.page === last) return taken
        taken.push(lease.queued.task.params.page)
      }
    }
    const pages = (...leases: Lease[]) => leases.map(({ queued }) => queued.task.params.page)

    describe('adding', () => {
      test('tasks are given in the order in which they were added', async () => {
        await queue.add(1, [page(3), page(1), page(2)])
        await queue.add(1, [page(0)])
        expect(await drain()).toEqual([3, 1, 2, 0])
      })

      test('more tasks than fit into one stroke are all there, in order', async () => {
        const numbers = Array.from({ length: 2_345 }, (_, number) => number)
        await queue.add(
          1,
          (function* () {
            for (const number of numbers) yield page(number)
          })(),
        )
        expect(await queue.counts(1)).toMatchObject({ waiting: 2_345 })
        const leases: Lease[] = []
        while (leases.length < 1_200) leases.push(await take())
        expect(pages(...leases)).toEqual(numbers.slice(0, 1_200))
        await Promise.all(leases.map((lease) => lease.done([])))
        expect(await queue.counts(1)).toEqual({ waiting: 1_145, active: 0, done: 1_200, dead: 0 })
      })

      test('a lease tells the task, its crawl and that it was never tried', async () => {
        await queue.add(7, [page(1)])
        const { queued } = await take()
        expect(queued).toMatchObject({ crawl: 7, attempts: 0, task: page(1) })
      })

      test('equal params are one task, in whatever order they are written', async () => {
        await queue.add(1, [task({ a: 1, page: 'x' }), task({ page: 'x', a: 1 })])
        await queue.add(1, [task({ a: 1, page: 'x' })])
        expect(await drain()).toEqual(['x'])
      })

      test('what another crawl waits for already is asked for once', async () => {
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1), page(2)])
        expect(await drain()).toEqual([1, 2])
      })

      test('what is being worked on is not added', async () => {
        await queue.add(1, [page(1)])
        const lease = await take()
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1)])
        await lease.done([])
        expect(await drain()).toEqual([])
      })

      test('what was done is not asked for again in its crawl, but in another', async () => {
        await queue.add(1, [page(1)])
        await (await take()).done([])
        await queue.add(1, [page(1), page(2)])
        expect(await drain()).toEqual([2])
        await queue.add(2, [page(1)])
        expect(await drain()).toEqual([1])
      })

      test('two calls at the same time add a task once', async () => {
        await Promise.all([queue.add(1, [page(1), page(2)]), queue.add(1, [page(2), page(1)])])
        expect((await drain()).toSorted()).toEqual([1, 2])
      })

      test('connectors have lines of their own', async () => {
        await queue.add(1, [page(1, 'yahoo'), page(2)])
        expect(pages(await take('twse'), await take('yahoo'))).toEqual([2, 1])
      })
    })

    describe('a page that two crawls want', () => {
      const waiting = { waiting: 1, active: 0, done: 0, dead: 0 }
      const none = { waiting: 0, active: 0, done: 0, dead: 0 }

      test('is counted for both, and asked for once', async () => {
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1)])
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([waiting, waiting])
        const lease = await take()
        expect(lease.queued.crawl).toBe(1)
        const active = { ...none, active: 1 }
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([active, active])
        await lease.done([])
        const done = { ...none, done: 1 }
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([done, done])
        expect(await drain()).toEqual([])
      })

      test('stays when one of them drops it, whichever came first', async () => {
        for (const [first, second, dropped] of [
          [1, 2, 1],
          [3, 4, 4],
        ] as const) {
          await queue.add(first, [page(first)])
          await queue.add(second, [page(first)])
          await queue.drop(dropped)
          const kept = dropped === first ? second : first
          expect(await queue.counts(dropped)).toEqual(none)
          expect(await queue.counts(kept)).toEqual(waiting)
          const lease = await take()
          expect(lease.queued).toMatchObject({ crawl: kept, task: page(first) })
          await lease.done([page(`after ${first}`)])
          expect(await queue.counts(kept)).toMatchObject({ waiting: 1, done: 1 })
          expect(await queue.counts(dropped)).toEqual(none)
          expect(await drain()).toEqual([`after ${first}`])
        }
      })

      test('is gone when both drop it', async () => {
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1)])
        await queue.drop(2)
        await queue.drop(1)
        expect(await drain()).toEqual([])
      })

      test('stays when one drops it while it is being worked on, and its next pages belong to the other', async () => {
        await queue.add(1, [page(1)])
        const lease = await take()
        await queue.add(2, [page(1)])
        await queue.drop(1)
        await lease.done([page(2)])
        expect(await queue.counts(1)).toEqual(none)
        expect(await queue.counts(2)).toEqual({ ...none, waiting: 1, done: 1 })
        expect((await take()).queued).toMatchObject({ crawl: 2, task: page(2) })
      })

      test('gives both its next pages, each asked for once', async () => {
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1), page(2)])
        await (await take()).done([page(2), page(3)])
        expect(await queue.counts(1)).toEqual({ ...none, waiting: 2, done: 1 })
        expect(await queue.counts(2)).toEqual({ ...none, waiting: 2, done: 1 })
        expect(await drain()).toEqual([2, 3])
        expect(await queue.counts(1)).toEqual({ ...none, done: 3 })
      })

      test('is tried again for both, and dead for both', async () => {
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1)])
        await (await take()).retry(0, 'again')
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([waiting, waiting])
        const lease = await take()
        expect(lease.queued.attempts).toBe(1)
        await lease.bury('broken')
        const dead = { ...none, dead: 1 }
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([dead, dead])
        expect(await queue.dead('twse', 10)).toMatchObject([{ crawl: 1, error: 'broken', attempts: 2 }])
        expect(await queue.revive('twse')).toBe(1)
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([waiting, waiting])
        expect(await drain()).toEqual([1])
      })

      test('that was dead in one lives again for it when the other wants it', async () => {
        await queue.add(1, [page(1)])
        await (await take()).bury('broken')
        await queue.add(2, [page(1)])
        expect([await queue.counts(1), await queue.counts(2)]).toEqual([waiting, waiting])
        expect(await drain()).toEqual([1])
        expect(await queue.counts(1)).toEqual({ ...none, done: 1 })
      })

      test('joins a retry that is far away without bringing it nearer', async () => {
        await queue.add(1, [page(1)])
        await (await take()).retry(3_600_000, 'later')
        await queue.add(2, [page(1)])
        expect(await drain()).toEqual([])
        expect(await queue.counts(2)).toEqual(waiting)
      })

      test('is wanted by both after a crash, also while it was being worked on', async () => {
        await queue.add(1, [page(1), page(2)])
        await queue.add(2, [page(2), page(1)])
        await take()
        queue = await rig.crash()
        expect(await queue.counts(2)).toMatchObject({ done: 0, dead: 0 })
        await queue.drop(1)
        const leases = [await take(), await take()]
        expect(pages(...leases).toSorted()).toEqual([1, 2])
        for (const lease of leases) await lease.done([])
        expect(await queue.counts(2)).toEqual({ ...none, done: 2 })
        expect(await queue.counts(1)).toEqual(none)
      })

      test('may be one of many, more than are held in memory', async () => {
        const numbers = Array.from({ length: 700 }, (_, number) => number)
        await Promise.all(
          [1, 2].map((crawl) =>
            queue.add(
              crawl,
              numbers.map((number) => page(number)),
            ),
          ),
        )
        const leases = [await take(), await take()]
        await queue.drop(1)
        while (leases.length < numbers.length) leases.push(await take())
        expect(pages(...leases)).toEqual(numbers)
        await Promise.all(leases.map((lease) => lease.done([])))
        expect(await queue.counts(2)).toEqual({ ...none, done: numbers.length })
        expect(await queue.counts(1)).toEqual(none)
      })
    })

    describe('taking', () => {
      test('waits for a task that comes later', async () => {
        const taking = take()
        await queue.add(1, [page(1)])
        expect(pages(await taking)).toEqual([1])
      })

      test('of many who wait each gets a task of its own', async () => {
        const taking = [take(), take(), take()]
        await queue.add(1, [page(1), page(2), page(3)])
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
        for (const number of numbers) await Promise.all([queue.add(1, [page(number)]), queue.counts(1)])
        await Promise.all(workers)
        expect(taken.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers)
        expect(await queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 120, dead: 0 })
      })

      test('an abort ends the wait with its reason, and takes nothing along', async () => {
        const stop = new AbortController()
        const taking = queue.take('twse', stop.signal)
        const reason = new Error('enough')
        stop.abort(reason)
        await expect(taking).rejects.toBe(reason)
        await expect(queue.take('twse', stop.signal)).rejects.toBe(reason)
        await queue.add(1, [page(1)])
        expect(pages(await take())).toEqual([1])
      })

      test('closing ends the wait', async () => {
        const taking = queue.take('twse', new AbortController().signal)
        const refused = expect(taking).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
        await queue.close()
        await refused
      })
    })

    describe('the end of a task', () => {
      test('brings its next tasks, which belong to its crawl', async () => {
        await queue.add(4, [page(1)])
        await (await take()).done([page(2), page(3), page(2), page(1)])
        expect(await queue.counts(4)).toEqual({ waiting: 2, active: 0, done: 1, dead: 0 })
        const next = await take()
        expect(next.queued).toMatchObject({ crawl: 4, task: page(2) })
      })

      test('may bring tasks of another connector', async () => {
        await queue.add(1, [page(1)])
        await (await take()).done([page(2, 'yahoo')])
        expect(pages(await take('yahoo'))).toEqual([2])
      })

      test('is counted', async () => {
        await queue.add(1, [page(1), page(2), page(3), page(4)])
        await (await take()).done([])
        await (await take()).bury('broken')
        await take()
        expect(await queue.counts(1)).toEqual({ waiting: 1, active: 1, done: 1, dead: 1 })
        expect(await queue.counts(2)).toEqual({ waiting: 0, active: 0, done: 0, dead: 0 })
      })
    })

    describe('a task that is to be tried again', () => {
      test('comes back with one more failure, and not before its time', async () => {
        await queue.add(1, [page(1)])
        const lease = await take()
        const dueMs = rig.now() + 200
        await lease.retry(200, 'try again')
        expect(await queue.counts(1)).toMatchObject({ waiting: 1, active: 0 })
        const again = await take()
        expect(rig.now()).toBeGreaterThanOrEqual(dueMs)
        expect(again.queued).toMatchObject({ attempts: 1, crawl: 1, task: page(1) })
        await again.retry(0, 'again')
        expect((await take()).queued.attempts).toBe(2)
      })

      test('holds no other back', async () => {
        await queue.add(1, [page(1), page(2)])
        await (await take()).retry(3_600_000, 'later')
        expect(await drain()).toEqual([2])
        expect(await queue.counts(1)).toEqual({ waiting: 1, active: 0, done: 1, dead: 0 })
      })

      test('is not added a second time', async () => {
        await queue.add(1, [page(1)])
        await (await take()).retry(3_600_000, 'later')
        await queue.add(1, [page(1)])
        await queue.add(2, [page(1)])
        expect(await drain()).toEqual([])
      })
    })

    describe('a dead task', () => {
      test('is listed with its error, newest first, up to a limit', async () => {
        await queue.add(1, [page(1), page(2), page(3, 'yahoo')])
        await (await take()).bury('first')
        await (await take()).bury('second')
        expect(await queue.dead('twse', 10)).toMatchObject([
          { task: page(2), error: 'second', attempts: 1, crawl: 1 },
          { task: page(1), error: 'first', attempts: 1, crawl: 1 },
        ])
        expect(await queue.dead('twse', 1)).toMatchObject([{ error: 'second' }])
        expect(await queue.dead('yahoo', 10)).toEqual([])
        await (await take('yahoo')).bury('third')
        expect((await queue.dead(undefined, 10)).map(({ error }) => error).toSorted()).toEqual([
          'first',
          'second',
          'third',
        ])
      })

      test('is not asked for again in its crawl', async () => {
        await queue.add(1, [page(1)])
        await (await take()).bury('broken')
        await queue.add(1, [page(1)])
        expect(await drain()).toEqual([])
        expect(await queue.dead('twse', 10)).toHaveLength(1)
      })

      test('is tried again for another crawl, and is no longer dead then', async () => {
        await queue.add(1, [page(1)])
        await (await take()).bury('broken')
        await queue.add(2, [page(1)])
        expect(await queue.dead('twse', 10)).toEqual([])
        expect((await take()).queued.attempts).toBe(0)
      })

      test('is put back when it is revived, as if it had never been tried', async () => {
        await queue.add(1, [page(1), page(2)])
        await (await take()).retry(0, 'once')
        await (await take()).bury('broken')
        await (await take()).bury('broken')
        expect(await queue.counts(1)).toMatchObject({ waiting: 0, dead: 2 })
        expect(await queue.revive('yahoo')).toBe(0)
        expect(await queue.revive('twse')).toBe(2)
        expect(await queue.revive('twse')).toBe(0)
        expect(await queue.dead('twse', 10)).toEqual([])
        expect(await queue.counts(1)).toEqual({ waiting: 2, active: 0, done: 0, dead: 0 })
        const leases = [await take(), await take()]
        expect(leases.map(({ queued }) => queued.attempts)).toEqual([0, 0])
        expect(pages(...leases).toSorted()).toEqual([1, 2])
      })

      test('that dies again is dead again', async () => {
        await queue.add(1, [page(1)])
        await (await take()).bury('first')
        await queue.revive('twse')
        await (await take()).bury('second')
        expect(await queue.dead('twse', 10)).toMatchObject([{ error: 'second', attempts: 1 }])
        expect(await queue.revive('twse')).toBe(1)
        expect(pages(await take())).toEqual([1])
      })
    })

    describe('dropping a crawl', () => {
      test('drops what waits of it, and nothing else', async () => {
        await queue.add(1, [page(1), page(2)])
        await queue.add(2, [page(3)])
        await (await take()).retry(0, 'again')
        await queue.drop(1)
        expect(await queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 0, dead: 0 })
        expect(await drain()).toEqual([3])
      })

      test('lets another crawl ask for the same pages', async () => {
        await queue.add(1, [page(1)])
        await queue.drop(1)
        await queue.add(2, [page(1)])
        expect(pages(await take())).toEqual([1])
      })

      test('ends a task that is being worked on without its next tasks', async () => {
        await queue.add(1, [page(1)])
        const lease = await take()
        await queue.drop(1)
        await lease.done([page(2)])
        expect(await queue.counts(1)).toMatchObject({ waiting: 0, active: 0 })
        expect(await drain()).toEqual([])
      })

      test('does not try again what fails afterwards, also not after a crash', async () => {
        await queue.add(1, [page(1)])
        const lease = await take()
        await queue.drop(1)
        await lease.retry(0, 'again')
        expect(await drain()).toEqual([])
        queue = await rig.crash()
        expect(await drain()).toEqual([])
      })
    })

    describe('after a crash', () => {
      test('what was done stays done, what was being worked on and what waits are given again', async () => {
        await queue.add(1, [page(1), page(2), page(3)])
        await (await take()).done([page(4)])
        expect(pages(await take())).toEqual([2])
        queue = await rig.crash()
        const leases = [await take(), await take(), await take()]
        expect(pages(...leases).toSorted()).toEqual([2, 3, 4])
        for (const lease of leases) await lease.done([])
        expect(await queue.counts(1)).toEqual({ waiting: 0, active: 0, done: 4, dead: 0 })
        await queue.add(1, [page(1), page(2), page(3), page(4)])
        expect(await drain()).toEqual([])
      })

      test('failures, dead tasks and their errors are remembered', async () => {
        await queue.add(1, [page(1), page(2)])
        await (await take()).bury('broken')
        await (await take()).retry(0, 'again')
        queue = await rig.crash()
        expect(await queue.dead('twse', 10)).toMatchObject([{ task: page(1), error: 'broken' }])
        expect((await take()).queued).toMatchObject({ attempts: 1, task: page(2) })
      })

      test('a task that was to be tried later still is', async () => {
        await queue.add(1, [page(1)])
        await (await take()).retry(3_600_000, 'later')
        queue = await rig.crash()
        expect(await drain()).toEqual([])
        expect(await queue.counts(1)).toMatchObject({ waiting: 1 })
      })

      test('what was dropped stays dropped', async () => {
        await queue.add(1, [page(1), page(2)])
        await queue.drop(1)
        queue = await rig.crash()
        expect(await drain()).toEqual([])
      })
    })

    test('closing gives back what was being worked on', async () => {
      await queue.add(1, [page(1), page(2)])
      await take()
      await queue.close()
      queue = await rig.crash()
      expect((await drain()).toSorted()).toEqual([1, 2])
    })
  })
}

function task(params: Task['params'], connector = 'twse'): Task {
  return { connector, handler: 'dailyBars', params }
}

function page(number: number | string, connector = 'twse'): Task {
  return task({ page: number }, connector)
}
