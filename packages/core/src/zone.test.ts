import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dateOfWallClock,
  instantOfWallClock,
  isTimeZone,
  wallClockOfDate,
  wallClockOfInstant,
  zoneOffsetMs,
} from './zone.js'

const HOUR_MS = 3_600_000
const zones = [
  'UTC',
  'Asia/Taipei',
  'America/New_York',
  'Europe/London',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
]
const anyZone = fc.constantFrom(...zones)
const anyInstantMs = fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2100, 0, 1) })

/** In 2026 its clocks go forward on 8 March and back on 1 November, at 02:00. */
const newYork = 'America/New_York'

describe('the wall clock of a zone', () => {
  test('Taipei is eight hours ahead of UTC, in winter and in summer', () => {
    expect(zoneOffsetMs('Asia/Taipei', Date.UTC(2026, 0, 15))).toBe(8 * HOUR_MS)
    expect(zoneOffsetMs('Asia/Taipei', Date.UTC(2026, 6, 15))).toBe(8 * HOUR_MS)
  })

  test('Taipei kept summer time in 1979', () => {
    expect(zoneOffsetMs('Asia/Taipei', Date.UTC(1979, 7, 1))).toBe(9 * HOUR_MS)
  })

  test('New York changes its offset at the very instant of the spring and autumn transitions', () => {
    const spring = Date.UTC(2026, 2, 8, 7)
    expect(zoneOffsetMs(newYork, spring - 1)).toBe(-5 * HOUR_MS)
    expect(zoneOffsetMs(newYork, spring)).toBe(-4 * HOUR_MS)
    const autumn = Date.UTC(2026, 10, 1, 6)
    expect(zoneOffsetMs(newYork, autumn - 1)).toBe(-4 * HOUR_MS)
    expect(zoneOffsetMs(newYork, autumn)).toBe(-5 * HOUR_MS)
  })

  test('a time that the spring transition skips is moved on by the gap', () => {
    const skipped = Date.UTC(2026, 2, 8, 2, 30)
    const instantMs = instantOfWallClock(newYork, skipped)
    expect(instantMs).toBe(Date.UTC(2026, 2, 8, 7, 30))
    expect(wallClockOfInstant(newYork, instantMs)).toBe(Date.UTC(2026, 2, 8, 3, 30))
  })

  test('a time that the autumn transition shows twice means the first', () => {
    expect(instantOfWallClock(newYork, Date.UTC(2026, 10, 1, 1, 30))).toBe(Date.UTC(2026, 10, 1, 5, 30))
  })

  test('the session open of a transition day has the offset of after the transition', () => {
    expect(instantOfWallClock(newYork, Date.UTC(2026, 2, 8, 9, 30))).toBe(Date.UTC(2026, 2, 8, 13, 30))
    expect(instantOfWallClock(newYork, Date.UTC(2026, 10, 1, 9, 30))).toBe(Date.UTC(2026, 10, 1, 14, 30))
  })

  test('law: a wall clock read off an instant leads back to an instant with the same wall clock', () => {
    fc.assert(
      fc.property(anyZone, anyInstantMs, (zone, instantMs) => {
        const wallMs = wallClockOfInstant(zone, instantMs)
        const back = instantOfWallClock(zone, wallMs)
        expect(wallClockOfInstant(zone, back)).toBe(wallMs)
        expect(back).toBeLessThanOrEqual(instantMs)
      }),
    )
  })

  test('law: the offset answered from memory is the one that the runtime computes', () => {
    fc.assert(
      fc.property(anyZone, anyInstantMs, (zone, instantMs) => {
        const [year, month, day, hour, minute] = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'short',
        })
          .format(instantMs)
          .split(/\D/)
          .map(Number)
        const minuteMs = Math.floor(wallClockOfInstant(zone, instantMs) / 60_000) * 60_000
        expect(minuteMs).toBe(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute))
      }),
    )
  })

  test('only zones that the runtime knows are zones', () => {
    for (const zone of zones) expect(isTimeZone(zone)).toBe(true)
    for (const zone of ['Asia/Taipeh', 'Mars/Olympus', '']) expect(isTimeZone(zone)).toBe(false)
  })
})

describe('dates', () => {
  test('days that do not exist have no midnight', () => {
    for (const date of ['2026-02-30', '2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '20260101', '']) {
      expect(wallClockOfDate(date), date).toBeUndefined()
    }
    expect(wallClockOfDate('2024-02-29')).toBe(Date.UTC(2024, 1, 29))
  })

  test('law: a date leads to its midnight and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 49_000 }), (day) => {
        const midnight = day * 24 * HOUR_MS
        expect(wallClockOfDate(dateOfWallClock(midnight))).toBe(midnight)
        expect(dateOfWallClock(midnight + 24 * HOUR_MS - 1)).toBe(dateOfWallClock(midnight))
      }),
    )
  })
})
