import { describe, expect, test } from 'vitest'
import { builtInExchanges, type Exchange, exchangeCodePattern } from './exchange.js'
import { formatInstant } from './instant.js'
import { hoursOn, minuteOfDay, nightSessionOf, sessionDateOf, sessionOf } from './session.js'
import { isTimeZone, wallClockOfDate } from './zone.js'

function exchangeOf(code: string): Exchange {
  const found = builtInExchanges.find((exchange) => exchange.code === code)
  if (found === undefined) throw new Error(`no exchange ${code}`)
  return found
}

/** Open and close of a session as the wire writes them. */
function sessionAt(code: string, date: string): readonly [string, string] {
  const { openMs, closeMs } = sessionOf(exchangeOf(code), date)
  return [formatInstant(openMs), formatInstant(closeMs)]
}

describe('sessions', () => {
  test('a full session of the Taiwan Stock Exchange has 270 minutes', () => {
    expect(sessionAt('TWSE', '2026-11-20')).toEqual(['2026-11-20T01:00:00Z', '2026-11-20T05:30:00Z'])
  })

  test('the Taiwan Stock Exchange closed at noon until the end of 2000', () => {
    expect(sessionAt('TWSE', '2000-12-30')).toEqual(['2000-12-30T01:00:00Z', '2000-12-30T04:00:00Z'])
    expect(sessionAt('TWSE', '2001-01-01')[1]).toBe('2001-01-01T04:00:00Z')
    expect(sessionAt('TWSE', '2001-01-02')).toEqual(['2001-01-02T01:00:00Z', '2001-01-02T05:30:00Z'])
  })

  test('New York opens at 14:30Z in winter and at 13:30Z in summer', () => {
    for (const code of ['US', 'NYSE', 'NASDAQ', 'ARCA']) {
      expect(sessionAt(code, '2026-01-15'), code).toEqual(['2026-01-15T14:30:00Z', '2026-01-15T21:00:00Z'])
      expect(sessionAt(code, '2026-07-15'), code).toEqual(['2026-07-15T13:30:00Z', '2026-07-15T20:00:00Z'])
    }
  })

  test('the Mondays after the transitions of 2026 have the new offset, the Fridays before the old', () => {
    expect(sessionAt('NYSE', '2026-03-06')[0]).toBe('2026-03-06T14:30:00Z')
    expect(sessionAt('NYSE', '2026-03-09')[0]).toBe('2026-03-09T13:30:00Z')
    expect(sessionAt('NYSE', '2026-10-30')[0]).toBe('2026-10-30T13:30:00Z')
    expect(sessionAt('NYSE', '2026-11-02')[0]).toBe('2026-11-02T14:30:00Z')
  })

  test('the session date is that of the exchange, not of UTC', () => {
    const instantMs = Date.UTC(2026, 10, 20, 20)
    expect(sessionDateOf(exchangeOf('TWSE'), instantMs)).toBe('2026-11-21')
    expect(sessionDateOf(exchangeOf('NYSE'), instantMs)).toBe('2026-11-20')
    expect(sessionDateOf(exchangeOf('NYSE'), Date.UTC(2026, 10, 20, 3))).toBe('2026-11-19')
  })

  test('the first hours hold also before their first date', () => {
    expect(hoursOn(exchangeOf('TWSE'), '1850-01-01').close).toBe('12:00')
  })

  test('an exchange without hours and a day that does not exist are refused', () => {
    expect(() => hoursOn({ ...exchangeOf('TWSE'), sessions: [] }, '2026-11-20')).toThrow('no session hours')
    expect(() => sessionOf(exchangeOf('TWSE'), '2026-02-30')).toThrow("'2026-02-30' is not a date")
  })

  test('the minute of the day is counted from midnight', () => {
    expect([minuteOfDay('00:00'), minuteOfDay('09:30'), minuteOfDay('23:59')]).toEqual([0, 570, 1439])
  })
})

describe('nights', () => {
  const nightAt = (date: string, before: string) => {
    const night = nightSessionOf(exchangeOf('TAIFEX'), date, before)
    return night && [night.date, formatInstant(night.openMs), formatInstant(night.closeMs)]
  }

  test('belong to the next session, over a weekend and over a holiday too', () => {
    expect(nightAt('2024-07-30', '2024-07-29')).toEqual(['2024-07-30', '2024-07-29T07:00:00Z', '2024-07-29T21:00:00Z'])
    expect(nightAt('2024-07-29', '2024-07-26')).toEqual(['2024-07-29', '2024-07-26T07:00:00Z', '2024-07-26T21:00:00Z'])
    expect(nightAt('2023-01-30', '2023-01-17')).toEqual(['2023-01-30', '2023-01-17T07:00:00Z', '2023-01-17T21:00:00Z'])
  })

  test('are none before the first of them, and none of an exchange that rests at night', () => {
    expect(nightAt('2017-05-15', '2017-05-12')).toBeUndefined()
    expect(nightAt('2017-05-16', '2017-05-15')?.[1]).toBe('2017-05-15T07:00:00Z')
    expect(nightSessionOf(exchangeOf('TWSE'), '2024-07-30', '2024-07-29')).toBeUndefined()
  })

  test('need a session before them', () => {
    expect(() => nightAt('2024-07-30', '2024-07-30')).toThrow('no date before')
    expect(() => nightAt('2024-07-30', 'yesterday')).toThrow('no date before')
  })
})

describe('built-in exchanges', () => {
  test.each(builtInExchanges)('$code is well formed', (exchange) => {
    expect(exchange.code).toMatch(new RegExp(exchangeCodePattern))
    expect(exchange.currency).toMatch(/^[A-Z]{3}$/)
    if (exchange.mic !== null) expect(exchange.mic).toMatch(/^X[A-Z]{3}$|^[A-Z0-9]{4}$/)
    expect(isTimeZone(exchange.timeZone)).toBe(true)
    const since = exchange.sessions.map((hours) => hours.since)
    expect(since).toEqual([...new Set(since)].sort())
    for (const hours of exchange.sessions) {
      expect(wallClockOfDate(hours.since)).toBeDefined()
      expect(minuteOfDay(hours.open)).toBeLessThan(minuteOfDay(hours.close))
    }
  })

  test('codes and MICs are unique', () => {
    const codes = builtInExchanges.map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
    const mics = builtInExchanges.map(({ mic }) => mic).filter((mic) => mic !== null)
    expect(new Set(mics).size).toBe(mics.length)
  })
})
