import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WordBudget } from './word-budget.js'

test('a burst may be said at once, then nothing for a second, then what came together meanwhile', () => {
  const budget = new WordBudget({ perSecond: 3, burst: 5 }, 0)
  expect(Array.from({ length: 5 }, () => budget.take(0))).toEqual([0, 0, 0, 0, 0])
  expect(budget.take(0)).toBe(1_000)
  expect(budget.take(400)).toBe(600)
  expect(Array.from({ length: 4 }, () => budget.take(1_000))).toEqual([0, 0, 0, 1_000])
})

test('whoever says what when, in no stretch of time is more said than the burst and what comes together in it', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (gaps, perSecond, burst) => {
      const budget = new WordBudget({ perSecond, burst }, 0)
      const said: number[] = []
      let nowMs = 0
      for (const gap of gaps) {
        nowMs += gap
        if (budget.take(nowMs) === 0) said.push(nowMs)
      }
      for (const [from, beganMs] of said.entries()) {
        for (const [more, endedMs] of said.slice(from).entries()) {
          expect(more + 1).toBeLessThanOrEqual(burst + ((endedMs - beganMs) * perSecond) / 1_000 + 1e-6)
        }
      }
    }),
  )
})
