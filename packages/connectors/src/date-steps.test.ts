import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays, datesIn, monthsIn, nextMonth, windowsIn } from './date-steps.js'

const date = fc.integer({ min: 0, max: 30_000 }).map((days) => addDays('1990-01-01', days))
const stretch = fc
  .tuple(date, fc.integer({ min: 0, max: 900 }))
  .map(([start, days]) => ({ start, end: addDays(start, days) }))

describe('steps through dates', () => {
  it('in windows lose no date and repeat none', () => {
    fc.assert(
      fc.property(stretch, fc.integer({ min: 1, max: 400 }), ({ start, end }, daysMax) => {
        const windows = [...windowsIn(start, end, daysMax)]
        const dates = windows.flatMap((window) => [...datesIn(window.start, window.end)])
        expect(dates).toEqual([...datesIn(start, end)])
        expect(
          windows.every((window) => window.start < window.end && addDays(window.start, daysMax) >= window.end),
        ).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('in months name those that have a date of the stretch', () => {
    fc.assert(
      fc.property(stretch, ({ start, end }) => {
        const months = new Set([...datesIn(start, end)].map((day) => day.slice(0, 7)))
        expect([...monthsIn(start, end)]).toEqual([...months])
      }),
      { numRuns: 50 },
    )
  })

  it('pass the ends of months and years', () => {
    expect(nextMonth('2023-12')).toBe('2024-01')
    expect(nextMonth('2024-01')).toBe('2024-02')
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
    expect(() => addDays('2024-02-30', 1)).toThrow('is not a date')
  })
})
