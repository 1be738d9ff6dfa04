import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allBarColumns, type BarFault, barColumns, barFault, extraBarColumns } from './bar.js'

const sound = { open: 10, high: 12, low: 9, close: 11, volume: 1000, turnover: 10_500, trades: 7 }

/** One way into each rule; a record, so that the compiler finds a rule without a case. */
const cases: Readonly<Record<BarFault, ReadonlyArray<Partial<typeof sound>>>> = {
  'a price is not a number': [{ open: Number.NaN }, { high: Number.POSITIVE_INFINITY }, { low: -Infinity }],
  'a price is zero': [{ low: 0 }, { open: 0, high: 0, low: 0, close: 0 }],
  'a price is negative': [{ low: -1 }, { open: -37.63, high: -1, low: -40, close: -2 }],
  'high is below low': [{ high: 8 }, { low: 13 }],
  'open is outside low and high': [{ open: 12.01 }, { open: 8.99 }],
  'close is outside low and high': [{ close: 12.01 }, { close: 8.99 }],
  'volume is negative': [{ volume: -1 }],
  'volume is not a whole number': [{ volume: 0.5 }, { volume: Number.POSITIVE_INFINITY }],
  'turnover is negative': [{ turnover: -0.01 }],
  'turnover is not a number': [{ turnover: Number.POSITIVE_INFINITY }],
  'trades is negative': [{ trades: -1 }],
  'trades is not a whole number': [{ trades: 1.5 }],
}

describe('the numbers of a bar', () => {
  test('a sound bar has no fault, nor has one without turnover and trades', () => {
    expect(barFault(sound)).toBeUndefined()
    expect(barFault({ ...sound, turnover: null, trades: null })).toBeUndefined()
  })

  test('a bar with one price and no trade is sound', () => {
    expect(barFault({ open: 5, high: 5, low: 5, close: 5, volume: 0, turnover: 0, trades: 0 })).toBeUndefined()
  })

  test.each(Object.entries(cases))('"%s" is found', (fault, broken) => {
    for (const numbers of broken) expect(barFault({ ...sound, ...numbers }), JSON.stringify(numbers)).toBe(fault)
  })

  test('a quantity that is not a number is a fault', () => {
    for (const name of ['volume', 'turnover', 'trades']) {
      expect(barFault({ ...sound, [name]: Number.NaN }), name).toBeDefined()
    }
  })

  test('law: sorted positive prices and whole quantities are sound', () => {
    const price = fc.double({ min: 0.0001, max: 1e7, noNaN: true })
    fc.assert(
      fc.property(
        fc.tuple(price, price, price, price),
        fc.boolean(),
        fc.maxSafeNat(),
        fc.option(fc.double({ min: 0, max: 1e15, noNaN: true })),
        fc.option(fc.maxSafeNat()),
        (prices, rising, volume, turnover, trades) => {
          const [low = 0, inner = 0, outer = 0, high = 0] = prices.toSorted((a, b) => a - b)
          const [open, close] = rising ? [inner, outer] : [outer, inner]
          expect(barFault({ open, high, low, close, volume, turnover, trades })).toBeUndefined()
        },
      ),
    )
  })

  test('law: a sound bar has its prices in order', () => {
    const price = fc.oneof(fc.double(), fc.integer({ min: -2, max: 5 }))
    fc.assert(
      fc.property(price, price, price, price, (open, high, low, close) => {
        if (barFault({ ...sound, open, high, low, close }) !== undefined) return
        expect(low).toBeGreaterThan(0)
        expect(low).toBeLessThanOrEqual(Math.min(open, close))
        expect(high).toBeGreaterThanOrEqual(Math.max(open, close))
        expect(high).toBeLessThan(Number.POSITIVE_INFINITY)
      }),
    )
  })
})

test('columns come in the order of the wire, the extra ones last, none twice', () => {
  expect(allBarColumns).toEqual([...barColumns, ...extraBarColumns])
  expect(new Set(allBarColumns).size).toBe(allBarColumns.length)
  expect(barColumns.join()).toBe('instrument,ts,open,high,low,close,volume,turnover,trades')
})
