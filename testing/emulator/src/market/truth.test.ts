import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantOf } from './taipei-time.js'
import { tapeOf } from './ticker.js'
import { createTruth } from './truth.js'

const truth = createTruth({ seed: 3, stocks: 60 })
const symbols = truth.listings().map(({ symbol }) => symbol)
const sessions = truth.calendar.sessions('2010-01-04', '2026-11-20')
const anySymbol = fc.constantFrom(...symbols)
const anySession = fc.constantFrom(...sessions)

describe('the truth', () => {
  it('is the same for the same seed, however many stocks the lists name, and another for another seed', () => {
    const again = createTruth({ seed: 3, stocks: 30 })
    const other = createTruth({ seed: 4, stocks: 60 })
    for (const symbol of ['2330', '8444', '0050']) {
      const days = truth.days(symbol, '2024-01-01', '2024-03-01')
      expect(again.days(symbol, '2024-01-01', '2024-03-01')).toEqual(days)
      expect(other.days(symbol, '2024-01-01', '2024-03-01')).not.toEqual(days)
      expect(again.minutes(symbol, '2024-02-15')).toEqual(truth.minutes(symbol, '2024-02-15'))
    }
  })

  it('has a day that is the sum of its minutes, and a little more volume', () => {
    fc.assert(
      fc.property(anySymbol, anySession, (symbol, date) => {
        const day = truth.day(symbol, date)
        const minutes = truth.minutes(symbol, date)
        if (day === undefined || day.close === null) {
          expect(minutes).toEqual([])
          return
        }
        expect(day.open).toBe(minutes[0]?.open)
        expect(day.close).toBe(minutes.at(-1)?.close)
        expect(day.high).toBe(Math.max(...minutes.map(({ high }) => high)))
        expect(day.low).toBe(Math.min(...minutes.map(({ low }) => low)))
        const sum = minutes.reduce((total, { volumeShares }) => total + volumeShares, 0)
        expect(day.volumeShares).toBeGreaterThan(sum)
        expect((minutes.at(-1)?.minute ?? '') <= '13:29').toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('ends with the closing auction, unless that of a sleepy stock finds no match', () => {
    const lastOf = (symbol: string) => sessions.slice(-200).map((date) => truth.minutes(symbol, date).at(-1)?.minute)
    expect(new Set(lastOf('2330'))).toEqual(new Set(['13:29']))
    expect(new Set(lastOf('1103').map((minute) => minute === '13:29'))).toEqual(new Set([true, false]))
  })

  it('has sound bars within the daily limits', () => {
    fc.assert(
      fc.property(anySymbol, anySession, (symbol, date) => {
        const reference = truth.day(symbol, date)?.reference ?? null
        const unsound = truth
          .minutes(symbol, date)
          .filter(
            ({ open, high, low, close, volumeShares, trades }) =>
              !(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close)) ||
              volumeShares % 1_000 !== 0 ||
              volumeShares < trades * 1_000 ||
              (reference !== null && (high / reference > 1.1 || low / reference < 0.9)),
          )
        expect(unsound).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('tells no trade, halted, not listed and closed apart', () => {
    expect(truth.state('2303', '2024-03-11')).toBe('halted')
    expect(truth.state('6669', '2019-03-26')).toBe('not-listed')
    expect(truth.state('6669', '2019-03-27')).toBe('traded')
    expect(truth.state('2311', '2018-04-30')).toBe('not-listed')
    expect(truth.state('2330', '2024-10-31')).toBe('typhoon')
    const states = sessions.slice(-1_000).map((date) => truth.state('8444', date))
    expect(new Set(states)).toEqual(new Set(['traded', 'no-trade', 'odd-lots-only']))
  })

  it('has rows with volume and no price where only odd lots changed hands', () => {
    const date = sessions.findLast((one) => truth.state('8444', one) === 'odd-lots-only') ?? ''
    const day = truth.day('8444', date)
    expect(day?.close).toBeNull()
    expect(day?.volumeShares).toBeGreaterThan(0)
    expect(day?.volumeShares).toBeLessThan(1_000)
  })

  it('halts before a split, and counts the first day after from the divided price', () => {
    const days = truth.days('0050', '2025-06-12', '2025-06-19')
    expect(days.map(({ close }) => close === null)).toEqual([false, true, true, true, false])
    const before = days[0]?.close ?? 0
    expect(Math.abs((days.at(-1)?.reference ?? 0) - before / 4)).toBeLessThan(0.05)
    expect(days.at(-1)?.change).toBeNull()
  })

  it('lowers the reference by the dividend on its ex-date', () => {
    const [dividend] = truth.dividends('2330', '2024-01-01', '2025-01-01')
    const date = dividend?.date ?? ''
    const before = truth.days('2330', '2024-06-01', date).at(-1)?.close ?? 0
    const reference = truth.day('2330', date)?.reference ?? 0
    expect(Math.abs(before - (dividend?.amount ?? 0) - reference)).toBeLessThanOrEqual(0.5)
    expect(truth.day('2330', date)?.change).toBeNull()
  })

  it('knows any four-digit stock, in no list, and nothing beyond', () => {
    expect(symbols).not.toContain('2606')
    expect(truth.day('2606', '2024-11-01')?.close).toBeGreaterThan(0)
    expect(truth.listing('9999')).toBeUndefined()
    expect(truth.listing('0000')).toBeUndefined()
  })

  it('lets a tape that is read second by second see the minutes as they are', () => {
    fc.assert(
      fc.property(anySymbol, fc.constantFrom(...sessions.slice(-200)), fc.nat(264), (symbol, date, offset) => {
        const startMs = instantOf(date, 540 + offset)
        const before = tapeOf(truth, symbol, date, startMs - 1)
        const after = tapeOf(truth, symbol, date, startMs + 59_999)
        const minute = truth.minutes(symbol, date).find(({ tsMs }) => tsMs === startMs)
        expect(after.volumeShares - before.volumeShares).toBe(minute?.volumeShares ?? 0)
        if (minute !== undefined) expect(after.last).toBe(minute.close)
      }),
      { numRuns: 200 },
    )
  })
})
