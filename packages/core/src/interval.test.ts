import { describe, expect, test } from 'vitest'
import {
  baseInterval,
  derivedIntervals,
  intervalMinutes,
  intervals,
  isBaseOf,
  isInterval,
  isKeptInterval,
  keptIntervals,
} from './interval.js'

describe('intervals', () => {
  test('each is either kept or derived', () => {
    expect([...intervals].sort()).toEqual([...keptIntervals, ...Object.keys(derivedIntervals)].sort())
    for (const interval of intervals) expect(isKeptInterval(interval)).toBe(!(interval in derivedIntervals))
  })

  test('only intervals are intervals', () => {
    for (const interval of intervals) expect(isInterval(interval)).toBe(true)
    for (const text of ['2m', '60m', '1M', '1H', '', 'constructor']) expect(isInterval(text), text).toBe(false)
    expect(isKeptInterval('5m')).toBe(false)
  })

  test('a kept interval is its own base, a derived one has a kept base that can be summed up to it', () => {
    for (const kept of keptIntervals) expect(baseInterval(kept)).toBe(kept)
    for (const interval of intervals) expect(isBaseOf(baseInterval(interval), interval), interval).toBe(true)
    expect([baseInterval('30m'), baseInterval('4h'), baseInterval('1mo')]).toEqual(['1m', '1h', '1d'])
  })

  test('bars cannot be made from coarser ones', () => {
    expect(isBaseOf('1h', '30m')).toBe(false)
    expect(isBaseOf('1d', '4h')).toBe(false)
    expect(isBaseOf('1m', '1mo')).toBe(true)
  })

  test('those within a session have a length, ascending, a whole multiple of their base', () => {
    const lengths = intervals.map(intervalMinutes).filter((minutes) => minutes !== undefined)
    expect(lengths).toEqual([1, 5, 15, 30, 60, 240])
    for (const interval of intervals) {
      const minutes = intervalMinutes(interval)
      const base = intervalMinutes(baseInterval(interval))
      if (minutes !== undefined && base !== undefined) expect(minutes % base).toBe(0)
    }
    for (const interval of ['1d', '1w', '1mo'] as const) expect(intervalMinutes(interval)).toBeUndefined()
  })
})
