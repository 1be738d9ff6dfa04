import { barFault, type Instrument } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type SimulatedBar,
  simulateBars,
  simulatedAdjustments,
  simulatedInstruments,
  simulatedSessionDates,
} from './index.js'

const MS_PER_MINUTE = 60_000
const seed = 7
const instruments = simulatedInstruments(seed)
const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 1.5 })
const days = (instrument: Instrument, dates = sessionDates) => [
  ...simulateBars({ seed, instrument, sessionDates: dates }),
]
const named = (symbol: string): Instrument => {
  const found = instruments.find((instrument) => instrument.symbol === symbol)
  if (found === undefined) throw new Error(`No ${symbol}`)
  return found
}

/** The bands of TWSE in cents: [below, tick]. Written out again, so that the test does not repeat a slip of the code. */
const bands = {
  stock: [
    [1_000, 1],
    [5_000, 5],
    [10_000, 10],
    [50_000, 50],
    [100_000, 100],
    [Infinity, 500],
  ],
  etf: [
    [5_000, 1],
    [Infinity, 5],
  ],
} as const

function isOnGrid(kind: string, price: number): boolean {
  const cents = Math.round(price * 100)
  const tick = (kind === 'etf' ? bands.etf : bands.stock).find(([below]) => cents < below)?.[1] ?? 1
  return cents / 100 === price && cents % tick === 0
}

/** What is wrong with the minutes of a day, told once, as an expectation for each of a million rows would be slow. */
function faultOf(kind: string, openMs: number, bar: SimulatedBar): string | undefined {
  const minute = (bar.tsMs - openMs) / MS_PER_MINUTE
  if (!Number.isInteger(minute) || minute < 0 || minute >= 270) return 'outside the session'
  for (const price of [bar.open, bar.high, bar.low, bar.close])
    if (!isOnGrid(kind, price)) return `${price} off the grid`
  if (bar.volume < 1_000 || bar.volume % 1_000 !== 0) return 'volume is not in lots'
  if (bar.trades < 1) return 'a bar without a trade'
  const mean = bar.turnover / bar.volume
  if (mean < bar.low - 0.001 || mean > bar.high + 0.001) return 'turnover does not fit the prices'
  return barFault(bar)
}

describe('simulateBars', () => {
  it('keeps every bar sound, on the tick grid and inside the session 09:00-13:29 of Taipei', () => {
    for (const instrument of instruments) {
      for (const { date, minutes } of days(instrument)) {
        const openMs = Date.parse(`${date}T01:00:00Z`)
        const fault = minutes.map((bar) => faultOf(instrument.kind, openMs, bar)).find((text) => text !== undefined)
        expect(fault, `${instrument.instrument} ${date}`).toBeUndefined()
        expect(minutes.every((bar, index) => bar.tsMs > (minutes[index - 1]?.tsMs ?? 0))).toBe(true)
      }
    }
  })

  it('sums minutes up to hours anchored to 09:00 and to a day at the session open', () => {
    for (const symbol of ['1001', '1013', '1019']) {
      for (const { date, minutes, hours, day } of days(named(symbol))) {
        const openMs = Date.parse(`${date}T01:00:00Z`)
        const expected = [0, 1, 2, 3, 4]
          .map((hour) => ({ tsMs: openMs + hour * 60 * MS_PER_MINUTE, from: hour * 60, to: hour * 60 + 60 }))
          .map(({ tsMs, from, to }) => {
            const within = ({ tsMs: at }: SimulatedBar) => {
              const minute = (at - openMs) / MS_PER_MINUTE
              return minute >= from && minute < to
            }
            return summed(tsMs, minutes.filter(within))
          })
        expect(hours).toEqual(expected.filter((bar) => bar !== undefined))
        expect(day).toEqual(summed(openMs, minutes))
      }
    }
  })

  it('answers the same bars for the same seed, whatever was simulated before, and others for another seed', () => {
    const first = days(named('1004'), sessionDates.slice(0, 5))
    days(named('1001'), sessionDates.slice(0, 5))
    expect(days(named('1004'), sessionDates.slice(0, 5))).toEqual(first)
    expect([
      ...simulateBars({ seed: 8, instrument: named('1004'), sessionDates: sessionDates.slice(0, 5) }),
    ]).not.toEqual(first)
  })

  it('lets later dates change nothing before them', () => {
    for (const symbol of ['1002', '1011', '1013', '1017']) {
      expect(days(named(symbol)).slice(0, 200)).toEqual(days(named(symbol), sessionDates.slice(0, 200)))
    }
  })

  it('leaves out minutes, and rarely a whole day, where nobody trades', () => {
    const sleepy = days(named('1013'))
    const silent = sleepy.filter(({ day }) => day === undefined)
    expect(silent.length).toBeGreaterThan(0)
    expect(silent.length).toBeLessThan(sleepy.length / 10)
    expect(silent.every(({ minutes, hours }) => minutes.length === 0 && hours.length === 0)).toBe(true)
    expect(days(named('1001')).every(({ minutes }) => minutes.length === 270)).toBe(true)
  })

  it('begins an instrument on the date it is listed', () => {
    const [first] = days(named('1020'))
    expect(first?.date).toBe('2025-11-17')
  })

  it('trades most at the open and at the close', () => {
    const volume = new Array<number>(270).fill(0)
    for (const { minutes } of days(named('1005'))) {
      for (const [minute, bar] of minutes.entries()) volume[minute] = (volume[minute] ?? 0) + bar.volume
    }
    const noon = volume[180] ?? 0
    expect(volume[0]).toBeGreaterThan(5 * noon)
    expect(volume[30]).toBeGreaterThan(1.2 * noon)
    expect(volume[269]).toBeGreaterThan(5 * noon)
  })

  it('stays within 10 % of the last close, adjusted by the listed splits and dividends', () => {
    const adjustments = simulatedAdjustments(seed, { sessionDates })
    expect(adjustments.filter(({ kind }) => kind === 'split').length).toBeGreaterThanOrEqual(2)
    for (const instrument of instruments) {
      const mine = adjustments.filter((adjustment) => adjustment.instrument === instrument.instrument)
      expect(mine.some(({ kind }) => kind === 'dividend')).toBe(true)
      let reference: number | undefined
      for (const { date, day } of days(instrument)) {
        for (const change of mine.filter((adjustment) => adjustment.date === date)) {
          if (reference === undefined) throw new Error('An adjustment before the first price')
          reference = change.kind === 'split' ? reference / change.ratio : reference - change.amount
        }
        if (day === undefined) continue
        // The reference is rounded to a tick, at most 0.5 % of the price here.
        if (reference !== undefined) {
          expect(day.high).toBeLessThanOrEqual(reference * 1.107)
          expect(day.low).toBeGreaterThanOrEqual(reference * 0.893)
        }
        reference = day.close
      }
    }
  })

  it('shows a split as a drop of the price, for prices are not adjusted', () => {
    const split = simulatedAdjustments(seed, { sessionDates }).find(({ kind }) => kind === 'split')
    if (split?.kind !== 'split') throw new Error('No split')
    const all = days(named(split.instrument.slice(4)))
    const index = all.findIndex(({ date }) => date === split.date)
    const drop = (all[index - 1]?.day?.close ?? 0) / (all[index]?.day?.open ?? 1)
    expect(drop / split.ratio).toBeGreaterThan(0.88)
    expect(drop / split.ratio).toBeLessThan(1.13)
  })

  it('refuses an instrument that it does not simulate', () => {
    const other = { ...named('1001'), instrument: 'TWSE:2330' }
    expect(() => days(other)).toThrow(/not simulated/)
  })

  it('law: two seeds make two sound markets, each the same again', () => {
    const dates = sessionDates.slice(0, 3)
    const run = (oneSeed: number, instrument: Instrument) => [
      ...simulateBars({ seed: oneSeed, instrument, sessionDates: dates }),
    ]
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.constantFrom(...instruments.slice(0, 12)), (one, two, instrument) => {
        fc.pre(one !== two)
        const market = run(one, instrument)
        expect(run(one, instrument)).toEqual(market)
        expect(run(two, instrument)).not.toEqual(market)
        for (const { date, minutes } of market) {
          const openMs = Date.parse(`${date}T01:00:00Z`)
          expect(minutes.map((bar) => faultOf(instrument.kind, openMs, bar)).find(Boolean)).toBeUndefined()
        }
      }),
      { numRuns: 40 },
    )
  })
})

function summed(tsMs: number, bars: readonly SimulatedBar[]): SimulatedBar | undefined {
  const total = (pick: (bar: SimulatedBar) => number) => bars.reduce((sum, bar) => sum + pick(bar), 0)
  const [first] = bars
  const last = bars.at(-1)
  if (first === undefined || last === undefined) return undefined
  return {
    tsMs,
    open: first.open,
    high: Math.max(...bars.map(({ high }) => high)),
    low: Math.min(...bars.map(({ low }) => low)),
    close: last.close,
    volume: total(({ volume }) => volume),
    turnover: total(({ turnover }) => turnover),
    trades: total(({ trades }) => trades),
  }
}
