import type { Task } from '@barkeep/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { estimateCrawl } from './estimate.js'
import type { Limit } from './limiter/limiter.js'

const tasks = (count: number): Task[] =>
  Array.from({ length: count }, (_, page) => ({ connector: 'twse', handler: 'page', params: { page } }))
const estimate = (count: number, accounts: readonly (readonly Limit[])[], bytesPerPage = 0) =>
  estimateCrawl(
    { bytesPerPage },
    tasks(count),
    accounts.map((limits) => ({ limits })),
    1_000,
  )
const host: Limit = { key: 'host:x', requests: 3, perMs: 5_000 }
const own = (account: string, requests = 10): Limit => ({ key: `account:x:${account}`, requests, perMs: 1_000 })

test('the last of ten requests, three a window, leaves after three windows', () => {
  expect(estimate(10, [[host]])).toMatchObject({
    requests: 10,
    durationMs: 15_000,
    bindingLimit: '3 requests per 5000 ms (host:x)',
  })
})

test('two accounts with limits of their own take half the time', () => {
  expect(estimate(100, [[own('main')]]).durationMs).toBe(9_000)
  expect(estimate(100, [[own('main')], [own('second')]])).toMatchObject({
    durationMs: 4_000,
    bindingLimit: '10 requests per 1000 ms (account:x:main), and likewise 1 more',
  })
})

test('accounts of different limits share the work as their limits allow', () => {
  expect(estimate(100, [[own('main', 30)], [own('second', 10)]]).durationMs).toBe(2_000)
})

test('a limit of the host holds for the sum of what all accounts ask', () => {
  const accounts = ['a', 'b', 'c'].map((name) => [host, own(name)])
  expect(estimate(10, accounts)).toMatchObject({
    durationMs: 15_000,
    bindingLimit: '3 requests per 5000 ms (host:x)',
  })
})

test('of several limits the one that takes longest binds', () => {
  const hourly: Limit = { key: 'host:x', requests: 4, perMs: 3_600_000 }
  expect(estimate(10, [[host, hourly]])).toMatchObject({
    durationMs: 7_200_000,
    bindingLimit: '4 requests per 3600000 ms (host:x)',
  })
})

test('bytes hold up as requests do', () => {
  const daily: Limit = { key: 'host:x', bytes: 1_000, perMs: 86_400_000 }
  expect(estimate(30, [[daily]], 100)).toMatchObject({ bytes: 3_000, durationMs: 172_800_000 })
  expect(estimate(30, [[{ ...daily, key: 'a' }], [{ ...daily, key: 'b' }]], 100).durationMs).toBe(86_400_000)
})

test('nothing to ask, or nothing that limits it, takes no time', () => {
  expect(estimate(0, [[host]])).toMatchObject({ requests: 0, durationMs: 0, bindingLimit: null })
  expect(estimate(10, [[]])).toMatchObject({ durationMs: 0, bindingLimit: null })
  expect(estimate(10, [[own('main')], []])).toMatchObject({ durationMs: 0, bindingLimit: null })
})

test('more accounts never take longer, and no account does more than its limit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 500 }),
      fc.array(fc.record({ requests: fc.integer({ min: 1, max: 20 }), perMs: fc.integer({ min: 1, max: 5_000 }) }), {
        minLength: 1,
        maxLength: 5,
      }),
      (count, limits) => {
        const accounts = limits.map((limit, index) => [{ key: `account:${index}`, ...limit }])
        const { durationMs } = estimate(count, accounts)
        const through = (ms: number) =>
          limits.reduce((sum, { requests, perMs }) => sum + (Math.floor(ms / perMs) + 1) * requests, 0)
        expect(through(durationMs)).toBeGreaterThanOrEqual(count)
        if (durationMs > 0) expect(through(durationMs - 1)).toBeLessThan(count)
        expect(durationMs).toBeLessThanOrEqual(estimate(count, accounts.slice(0, 1)).durationMs)
      },
    ),
  )
})
