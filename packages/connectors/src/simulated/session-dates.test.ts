import { parseInstrument } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { simulateBars, simulatedHolidays, simulatedInstruments, simulatedSessionDates, typhoonDate } from './index.js'

const options = { until: '2026-11-20', years: 2 }

describe('simulatedSessionDates', () => {
  it('a typhoon day has no bars although it is a weekday that the schedule lists open', () => {
    const typhoon = typhoonDate(options)
    expect(typhoon).toBe('2025-09-24')
    expect(simulatedHolidays[typhoon.slice(5)]).toBeUndefined()
    const sessionDates = simulatedSessionDates(options)
    for (const instrument of simulatedInstruments(1).slice(0, 2)) {
      const dates = [...simulateBars({ seed: 1, instrument, sessionDates })].map(({ date }) => date)
      expect(dates).toContain('2025-09-23')
      expect(dates).not.toContain(typhoon)
    }
  })

  it('lists every other weekday that is no holiday, ascending, up to the last', () => {
    const dates = simulatedSessionDates(options)
    expect(dates.at(-1)).toBe('2026-11-20')
    expect(dates).toEqual([...new Set(dates)].sort())
    expect(dates.some((date) => [0, 6].includes(new Date(date).getUTCDay()))).toBe(false)
    expect(dates).not.toContain('2026-01-01')
    expect(dates.length).toBeGreaterThan(500)
  })

  it('ends on the session before where `until` is a Sunday', () => {
    expect(simulatedSessionDates({ until: '2026-11-22', years: 1 }).at(-1)).toBe('2026-11-20')
  })

  it('has its typhoon also in two weeks of March', () => {
    const short = { until: '2026-03-20', years: 2 / 52 }
    expect(typhoonDate(short) < short.until).toBe(true)
    expect(simulatedSessionDates(short)).not.toContain(typhoonDate(short))
  })

  it('refuses what is no date and a stretch without room for a typhoon', () => {
    expect(() => simulatedSessionDates({ until: '2026-02-30', years: 1 })).toThrow(/not a date/)
    expect(() => simulatedSessionDates({ until: '2026-03-20', years: 0 })).toThrow(/three weekdays/)
  })
})

describe('simulatedInstruments', () => {
  it('lists 20 well-formed instruments of SIM, stocks and a few etf, each listed on a weekday', () => {
    const instruments = simulatedInstruments(3)
    expect(new Set(instruments.map(({ instrument }) => instrument)).size).toBe(20)
    expect(instruments.filter(({ kind }) => kind === 'etf').length).toBe(3)
    for (const { instrument, symbol, listed } of instruments) {
      expect(parseInstrument(instrument)).toEqual({ exchange: 'SIM', symbol })
      expect([1, 2, 3, 4, 5]).toContain(new Date(listed ?? '').getUTCDay())
    }
    expect(simulatedInstruments(3)).toEqual(instruments)
  })
})
