import { describe, expect, test } from 'vitest'
import type { Limit } from './limiter.js'
import { createRedisLimiter } from './redis-limiter.js'
import { SimulatedClock } from './simulated-clock.contract.js'

const limit: Limit = { key: 'api', requests: 1, perMs: 1_000 }

/** A Redis that answers each call as the next of `answers` says, and after the last one grants. */
function scriptedRedis(clock: SimulatedClock, answers: readonly (Error | 'late' | number[])[]) {
  const calls: string[][] = []
  const answer = async (...all: unknown[]): Promise<unknown> => {
    // The first of the arguments, after the keys, is the operation, the second the id.
    const keysCount = Number(all[1])
    calls.push(all.slice(2 + keysCount, 4 + keysCount).map(String))
    const next = answers[calls.length - 1] ?? [1]
    if (next instanceof Error) throw next
    if (next === 'late') await clock.sleep(8_000)
    return next === 'late' ? [1] : next
  }
  return { calls, redis: { eval: answer, evalsha: answer } }
}

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' })
}

describe('a Redis that fails', () => {
  test('by its connection, by starting or by being replaced is asked again, with the same id', async () => {
    const clock = new SimulatedClock(0)
    const failures = [new Error('Connection is closed.'), replyError('LOADING Redis is'), replyError('READONLY You')]
    const { calls, redis } = scriptedRedis(clock, failures)
    await clock.run(createRedisLimiter({ redis, clock }).acquire([limit]))
    expect(calls.map(([operation]) => operation)).toEqual(['ask', 'ask', 'ask', 'ask'])
    expect(new Set(calls.map(([, id]) => id)).size).toBe(1)
  })

  test('for longer than patienceMs ends in an error that names the cure and keeps the cause', async () => {
    const clock = new SimulatedClock(0)
    const cause = new Error('connect ECONNREFUSED')
    const { redis } = scriptedRedis(
      clock,
      Array.from({ length: 1_000 }, () => cause),
    )
    const refused = createRedisLimiter({ redis, clock, patienceMs: 5_000 }).acquire([limit])
    await expect(clock.run(refused)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      cause,
      message: expect.stringContaining('redis.url'),
    })
    expect(clock.now()).toBeLessThanOrEqual(5_000)
  })

  test('for what was asked is not asked again', async () => {
    const clock = new SimulatedClock(0)
    const { calls, redis } = scriptedRedis(clock, [replyError('WRONGTYPE Operation against a key')])
    await expect(clock.run(createRedisLimiter({ redis, clock }).acquire([limit]))).rejects.toThrow('WRONGTYPE')
    expect(calls.filter(([operation]) => operation === 'ask')).toHaveLength(1)
  })

  test('and does not know the script is sent it', async () => {
    const clock = new SimulatedClock(0)
    const { calls, redis } = scriptedRedis(clock, [replyError('NOSCRIPT No matching script')])
    await clock.run(createRedisLimiter({ redis, clock }).acquire([limit]))
    expect(calls).toHaveLength(2)
    expect(clock.now()).toBe(0)
  })

  test('while somebody waits does not keep an abort from ending the wait', async () => {
    const clock = new SimulatedClock(0)
    const { redis } = scriptedRedis(
      clock,
      Array.from({ length: 1_000 }, () => new Error('Connection is closed.')),
    )
    const controller = new AbortController()
    const waiting = createRedisLimiter({ redis, clock }).acquire([limit], { signal: controller.signal })
    const refused = expect(waiting).rejects.toThrow('enough')
    await clock.pass(1_000)
    controller.abort(new Error('enough'))
    await clock.run(refused)
    expect(clock.now()).toBe(1_000)
  })

  test('a grant that comes late is given back, because its lease may end while the request is under way', async () => {
    const clock = new SimulatedClock(0)
    const { calls, redis } = scriptedRedis(clock, ['late'])
    await clock.run(createRedisLimiter({ redis, clock, leaseMs: 10_000 }).acquire([limit]))
    expect(calls.map(([operation]) => operation)).toEqual(['ask', 'forget', 'ask'])
  })
})
