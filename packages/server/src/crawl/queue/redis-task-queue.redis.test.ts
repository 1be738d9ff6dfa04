import type { Task } from '@barkeep/core'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RedisServer, redisMissing, startRedis } from '../limiter/redis-server.contract.js'
import { createRedisTaskQueue, type RedisTaskQueueOptions, requireSameStore } from './redis-task-queue.js'
import { taskQueueContract } from './task-queue.contract.js'
import type { TaskQueue } from './task-queue.js'

/** Short, since tests wait for the end of a lock, but longer than a busy machine holds a process up. */
const LOCK_MS = 1_000

describe.skipIf(redisMissing)('on Redis', () => {
  let server: RedisServer
  let admin: Redis
  let processes: QueueProcess[]

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.port, '127.0.0.1')
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  const reset = async () => {
    await admin.flushall()
    processes = []
  }
  const closeAll = async () => {
    await Promise.all(processes.map((process) => process.close()))
  }
  const launch = (options: ProcessOptions = {}) => {
    const process = openProcess(server.port, options)
    processes.push(process)
    return process
  }

  taskQueueContract('the queue of many processes', async () => {
    await reset()
    return {
      queue: launch().queue,
      now: Date.now,
      async crash() {
        processes.at(-1)?.die()
        return launch().queue
      },
      close: closeAll,
    }
  })

  /** The first dead tasks, while somebody waits for others: what a process that died left is put aside by who takes it. */
  const deadOf = async (queue: TaskQueue) => {
    const stop = new AbortController()
    const taking = queue.take('twse', stop.signal).catch(() => undefined)
    for (;;) {
      const dead = await queue.dead('twse', 10)
      if (dead.length === 0) continue
      stop.abort()
      expect(await taking).toBeUndefined()
      return dead
    }
  }

  describe('several processes', () => {
    beforeEach(reset)
    afterEach(closeAll)

    test('share the tasks, each of which is given once', async () => {
      const queues = [launch().queue, launch().queue, launch().queue]
      const count = 60
      const taken = queues.map(async (queue) => {
        const pages: unknown[] = []
        for (;;) {
          const lease = await queue.take('twse', soon())
          if (lease.queued.task.params.page === 'end') return pages
          pages.push(lease.queued.task.params.page)
          await lease.done([])
        }
      })
      const ends = ['a', 'b', 'c'].map((name) => ({ ...page('end'), params: { page: 'end', name } }))
      await queues[0]?.add(1, [...Array.from({ length: count }, (_, number) => page(number)), ...ends])
      const all = (await Promise.all(taken)).flat()
      expect(all.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: count }, (_, n) => n))
    })

    test('leave a task to its holder as long as that lives', async () => {
      const holder = launch().queue
      const other = launch({ stalledMs: 50 }).queue
      await holder.add(1, [page(1)])
      const lease = await holder.take('twse', soon())
      // Three times as long as the lock would last if nobody renewed it.
      await expect(other.take('twse', AbortSignal.timeout(3 * LOCK_MS))).rejects.toThrow('timeout')
      await lease.done([])
      expect(await other.counts(1)).toEqual({ waiting: 0, active: 0, done: 1, dead: 0 })
    })

    test('that die of a task, one after the other, make it a dead one', async () => {
      await launch().queue.add(1, [page(1)])
      for (let deaths = 0; deaths < 3; deaths++) {
        const victim = launch({ deathsMax: 2 })
        await victim.queue.take('twse', soon())
        victim.die()
      }
      const survivor = launch({ deathsMax: 2 }).queue
      expect(await deadOf(survivor)).toMatchObject([{ task: page(1), error: expect.stringMatching(/^Every/) }])
      expect(await survivor.revive('twse')).toBe(1)
      expect((await survivor.take('twse', soon())).queued.task).toEqual(page(1))
    })

    test('count a page for every crawl that wants it, and add its next pages to each', async () => {
      const { queue } = launch()
      await queue.add(1, [page(1)])
      await queue.add(2, [page(1)])
      const lease = await queue.take('twse', soon())
      await queue.add(3, [page(1)])
      await lease.done([page(2)])
      for (const crawl of [1, 2, 3]) {
        expect(await queue.counts(crawl)).toEqual({ waiting: 1, active: 0, done: 1, dead: 0 })
      }
      await (await queue.take('twse', soon())).bury('broken')
      for (const crawl of [1, 2, 3]) expect(await queue.counts(crawl)).toMatchObject({ waiting: 0, done: 1, dead: 1 })
    })

    test('keep a page that one crawl drops and another wants', async () => {
      const { queue } = launch()
      await queue.add(1, [page(1)])
      await queue.add(2, [page(1)])
      await queue.drop(1)
      const lease = await queue.take('twse', soon())
      expect(lease.queued).toMatchObject({ crawl: 2, task: page(1) })
    })

    test('leave nothing behind but the list of what a crawl has, and that not for ever', async () => {
      const { queue } = launch({ keepMs: 60_000 })
      await queue.add(1, [page(1), page(2), page(3)])
      await (await queue.take('twse', soon())).done([page(4)])
      await (await queue.take('twse', soon())).retry(0, 'again')
      for (let left = 3; left > 0; left--) await (await queue.take('twse', soon())).done([])
      await queue.close()
      const keys = (await admin.keys('*')).filter((key) => !key.includes(':queue:'))
      expect(keys.toSorted()).toEqual([
        '{barkeep}:crawl:connectors',
        '{barkeep}:crawl:done:1',
        '{barkeep}:crawl:last',
        '{barkeep}:crawl:lastCrawl',
      ])
      expect(await admin.ttl('{barkeep}:crawl:done:1')).toBeGreaterThan(50)
      const ofBullmq = (await admin.keys('*:queue:*')).map((key) => key.split(':').slice(4).join(':'))
      expect(ofBullmq.filter((key) => !['meta', 'events', 'id', 'marker', 'stalled-check'].includes(key))).toEqual([])
    })

    test('are refused to a store whose crawls they are not', async () => {
      await launch().queue.add(3, [page(1)])
      await launch().queue.add(2, [page(2)])
      await requireSameStore(admin, 3)
      await requireSameStore(admin, 4)
      await expect(requireSameStore(admin, 2)).rejects.toMatchObject({
        code: 'INVALID_SETTING',
        message: expect.stringContaining('crawl 3, but this store has crawls up to 2'),
      })
    })

    test('can be closed while Redis is away', async () => {
      const own = await startRedis()
      const process = openProcess(own.port, {})
      const taking = process.queue.take('twse', soon())
      const refused = expect(taking).rejects.toThrow('closing')
      await process.queue.add(1, [page(1, 'yahoo')])
      await own.stop()
      process.die()
      await process.queue.close()
      await refused
    })

    test('a crash at any step loses no task and asks for none again that was done', async () => {
      let steps = 1
      for (;;) {
        await reset()
        const [before, after] = [emptyLog(), emptyLog()]
        const victim = launch({ lockMs: 500, stalledMs: 50, commandsMax: steps })
        const isDone = await Promise.race([
          workOff(victim.queue, before).then(() => true),
          victim.dead.then(() => false),
        ]).catch(() => false)
        victim.die()
        const survivor = launch({ lockMs: 500, stalledMs: 50 })
        await workOff(survivor.queue, after)
        const again = after.taken.filter((number) => before.ended.includes(number))
        expect([steps, again]).toEqual([steps, []])
        const taken = new Set([...before.taken, ...after.taken])
        expect([steps, taken]).toEqual([steps, new Set([1, 2, 3, 11, 12])])
        expect([steps, await survivor.queue.counts(1)]).toEqual([steps, { waiting: 0, active: 0, done: 4, dead: 1 }])
        expect(await deadOf(survivor.queue)).toMatchObject([{ task: page(3), error: 'broken' }])
        await closeAll()
        if (isDone) break
        steps += 1
      }
      console.info(`a crash after each of ${steps - 1} commands`)
      expect(steps).toBeGreaterThan(20)
    })
  })
})

/** Plans a crawl and works it off: page 1 names two more, page 2 fails once, page 3 is broken. */
async function workOff(queue: TaskQueue, log: Log): Promise<void> {
  await queue.add(1, [page(1), page(2), page(3)])
  for (;;) {
    const { waiting, active } = await queue.counts(1)
    if (waiting + active === 0) return
    const lease = await queue.take('twse', soon())
    const { attempts, task } = lease.queued
    const { page: number } = task.params
    log.taken.push(number)
    if (number === 2 && attempts === 0) {
      await lease.retry(0, 'try again')
      continue
    }
    if (number === 3) await lease.bury('broken')
    else await lease.done(number === 1 ? [page(11), page(12)] : [])
    log.ended.push(number)
  }
}

/** Pages by their numbers. */
interface Log {
  readonly taken: unknown[]
  /** Whose end was acknowledged. */
  readonly ended: unknown[]
}

function emptyLog(): Log {
  return { taken: [], ended: [] }
}

interface ProcessOptions extends Partial<Omit<RedisTaskQueueOptions, 'redis'>> {
  /** It dies when it sends one more. */
  readonly commandsMax?: number
}

interface QueueProcess {
  readonly queue: TaskQueue
  /** Resolves when it died. */
  readonly dead: Promise<void>
  /** As after `kill -9`: it sends nothing any more. */
  die(): void
  close(): Promise<void>
}

/** A queue as a process of its own would have it, on connections of its own. Its leases are short. */
function openProcess(
  port: number,
  { commandsMax = Number.POSITIVE_INFINITY, ...options }: ProcessOptions,
): QueueProcess {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null })
  const connections = [redis]
  redis.on('error', () => {})
  let sent = 0
  let isDead = false
  let tellDeath = () => {}
  const dead = new Promise<void>((resolve) => {
    tellDeath = resolve
  })
  const die = () => {
    if (isDead) return
    isDead = true
    for (const connection of connections) connection.disconnect()
    tellDeath()
  }
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    // ioredis itself sends INFO when it connects.
    if (command.name !== 'info' && ++sent > commandsMax) die()
    return isDead ? new Promise(() => {}) : send(command, stream)
  }
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (override) => {
    const connection = duplicate(override)
    connections.push(connection)
    return connection
  }
  const queue = createRedisTaskQueue({ redis, lockMs: LOCK_MS, stalledMs: 100, ...options })
  return {
    queue,
    dead,
    die,
    async close() {
      if (!isDead) await queue.close()
      die()
    },
  }
}

const soon = () => AbortSignal.timeout(240_000)

function page(number: number | string, connector = 'twse'): Task {
  return { connector, handler: 'dailyBars', params: { page: number } }
}
