import { describe, expect, test } from 'vitest'
import { pauseMsMax, readPauseMs } from './rate-headers.js'

const nowMs = Date.parse('2026-11-20T01:00:00Z')
const pause = (headers: Record<string, string>, status = 429) => readPauseMs(status, new Headers(headers), nowMs)

describe('what an upstream says about its limits', () => {
  test('an answer without such headers asks for nothing', () => {
    expect(pause({ 'content-type': 'text/plain' })).toBeUndefined()
  })

  test('Retry-After is read as seconds and as a date', () => {
    expect(pause({ 'retry-after': '60' })).toBe(60_000)
    expect(pause({ 'retry-after': 'Fri, 20 Nov 2026 01:00:30 GMT' })).toBe(30_000)
  })

  test('a date is compared with the clock of the upstream that sent it', () => {
    const headers = { 'retry-after': 'Fri, 20 Nov 2026 03:00:30 GMT', date: 'Fri, 20 Nov 2026 03:00:00 GMT' }
    expect(pause(headers)).toBe(30_000)
  })

  test('a date that is past, and what cannot be read, do not pause', () => {
    expect(pause({ 'retry-after': 'Fri, 20 Nov 2026 00:00:00 GMT' })).toBe(0)
    expect(pause({ 'retry-after': 'soon' })).toBeUndefined()
    expect(pause({ 'retry-after': '' })).toBeUndefined()
  })

  test('a quota that is used up pauses until its reset, in all three ways to say when that is', () => {
    const used = { 'x-ratelimit-limit': '600', 'x-ratelimit-remaining': '0' }
    expect(pause({ ...used, 'x-ratelimit-reset': '45' })).toBe(45_000)
    expect(pause({ ...used, 'x-ratelimit-reset': String(nowMs / 1_000 + 45) })).toBe(45_000)
    expect(pause({ ...used, 'x-ratelimit-reset': String(nowMs + 45_000) })).toBe(45_000)
    expect(pause({ 'ratelimit-remaining': '0', 'ratelimit-reset': '45' })).toBe(45_000)
  })

  test('Retry-After with a page says nothing, unless that page was the last of the quota', () => {
    const window = { 'retry-after': '60', 'x-ratelimit-limit': '600', 'x-ratelimit-reset': String(nowMs + 1_000) }
    expect(pause({ ...window, 'x-ratelimit-remaining': '599' }, 200)).toBeUndefined()
    expect(pause({ 'retry-after': '60' }, 200)).toBeUndefined()
    expect(pause({ ...window, 'x-ratelimit-remaining': '0' }, 200)).toBe(60_000)
    for (const status of [302, 403, 429, 503]) expect(pause({ 'retry-after': '60' }, status)).toBe(60_000)
  })

  test('a quota that is used up pauses with a page, too', () => {
    expect(pause({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45' }, 200)).toBe(45_000)
    expect(pause({ ratelimit: '"day";r=0;t=900' }, 200)).toBe(900_000)
  })

  test('a quota with something left does not pause', () => {
    expect(pause({ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '45' })).toBeUndefined()
    expect(pause({ ratelimit: '"burst";r=3;t=30' })).toBeUndefined()
  })

  test('of several structured policies the longest that is used up counts', () => {
    expect(pause({ ratelimit: '"burst";r=0;t=30, "day";r=0;t=900, "hour";r=7;t=3600' })).toBe(900_000)
  })

  test('Retry-After goes before the reset of a quota', () => {
    expect(pause({ 'retry-after': '60', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' })).toBe(60_000)
  })

  test('nobody sends us away for longer than a day', () => {
    expect(pause({ 'retry-after': '99999999999' })).toBe(pauseMsMax)
  })
})
