import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Buckets } from './limits-bucket.js'

test('over any stretch of time no caller gets more than a burst and its rate', () => {
  const waits = fc.array(fc.nat(1_500), { maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), waits, (perSecond, waitsMs) => {
      const buckets = new Buckets(perSecond, 10)
      const granted: number[] = []
      let nowMs = 0
      for (const waitMs of waitsMs) {
        nowMs += waitMs
        if (buckets.take('a', nowMs) === 0) granted.push(nowMs)
      }
      for (const [from, start] of granted.entries()) {
        for (const [index, end] of granted.entries()) {
          if (index < from) continue
          const allowed = perSecond + ((end - start) * perSecond) / 1_000
          expect(index - from + 1).toBeLessThanOrEqual(Math.floor(allowed + 1e-6))
        }
      }
    }),
  )
})

test('who waits as long as told may go on, and not a moment sooner', () => {
  const buckets = new Buckets(4, 10)
  for (let index = 0; index < 4; index++) expect(buckets.take('a', 1_000)).toBe(0)
  const waitMs = buckets.take('a', 1_000)
  expect(waitMs).toBe(250)
  expect(buckets.take('a', 1_000 + waitMs - 1)).toBe(1)
  expect(buckets.take('a', 1_000 + waitMs)).toBe(0)
})

test('callers are counted apart, and the one silent longest is forgotten', () => {
  const buckets = new Buckets(1, 2)
  expect(['a', 'b', 'a', 'b'].map((caller) => buckets.take(caller, 0) === 0)).toEqual([true, true, false, false])
  expect(buckets.take('c', 0)).toBe(0)
  expect(['b', 'a'].map((caller) => buckets.take(caller, 0) === 0)).toEqual([false, true])
})

test('a clock that is set back gives nothing away and takes nothing', () => {
  const buckets = new Buckets(2, 2)
  expect([buckets.take('a', 5_000), buckets.take('a', 1_000), buckets.take('a', 1_000)]).toEqual([0, 0, 500])
})
