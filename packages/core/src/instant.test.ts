import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BarkeepError } from './errors.js'
import { formatInstant, parseTimeBound } from './instant.js'
import { dateOfWallClock } from './zone.js'

/** The error that reading `text` ends in; fails the test when there is none. */
function refusalOf(text: string): BarkeepError {
  try {
    parseTimeBound(text, 'start')
  } catch (error) {
    if (error instanceof BarkeepError) return error
    throw error
  }
  return expect.fail(`'${text}' was accepted`)
}

describe('a time bound', () => {
  test('a date alone stays a session date, to be read at the exchange', () => {
    expect(parseTimeBound('2026-11-20', 'start')).toEqual({ kind: 'date', date: '2026-11-20' })
  })

  test.each([
    ['2026-11-20T01:00:00Z', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-20T01:00Z', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-20 01:00:00Z', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-20T09:00:00+08:00', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-19T20:00:00-05:00', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-20T06:30:00+05:30', Date.UTC(2026, 10, 20, 1)],
    ['2026-11-20T01:00:00.250Z', Date.UTC(2026, 10, 20, 1, 0, 0, 250)],
    ['2026-11-20T01:00:00.250000000Z', Date.UTC(2026, 10, 20, 1, 0, 0, 250)],
  ])('%s is an instant', (text, ms) => {
    expect(parseTimeBound(text, 'start')).toEqual({ kind: 'instant', ms })
  })

  test('a time without an offset is refused, and the message says what to add', () => {
    for (const text of ['2026-11-20T09:00:00', '2026-11-20 09:00', '2026-11-20T09:00:00.5']) {
      const error = refusalOf(text)
      expect(error.code).toBe('INVALID_PARAMETER')
      expect(error.message).toContain('has no offset. Add Z or an offset such as +08:00')
      expect(error.errors).toMatchObject([{ parameter: 'start', value: text }])
    }
  })

  test.each([
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '2025-02-29',
    '2026-13-01',
    '2026-11-20T24:00:00Z',
    '2026-11-20T09:60:00Z',
    '2026-11-20T09:00:60Z',
    '2026-11-20T09:00:00+0800',
    '2026-11-20T09:00:00+15:00',
    '2026-11-20T09:00:00z',
    ' 2026-11-20',
    '2026-11-20\n',
    '20261120',
    '1763600400',
    'today',
    '',
  ])('%j is refused', (text) => {
    expect(refusalOf(text).message).toContain('neither a session date such as 2026-11-20 nor an instant')
  })

  test('years that the store cannot hold are refused', () => {
    for (const text of ['1969-12-31', '2106-01-01', '0001-01-01', '9999-12-31T00:00:00Z']) {
      expect(refusalOf(text).message).toContain('the year must lie between 1970 and 2105')
    }
    expect(parseTimeBound('1970-01-01', 'start').kind).toBe('date')
    expect(parseTimeBound('2105-12-31T23:59:59Z', 'start').kind).toBe('instant')
  })

  test('a long value is cut in the error', () => {
    const error = refusalOf('9'.repeat(10_000))
    expect(error.message.length).toBeLessThan(200)
    expect(error.errors[0]?.value?.length).toBeLessThan(120)
  })

  test('law: any text is read or refused as INVALID_PARAMETER, never anything else', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789-:TZ+. '), maxLength: 40 })
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (text) => {
        try {
          const bound = parseTimeBound(text, 'start')
          if (bound.kind === 'instant') expect(bound.ms).not.toBeNaN()
        } catch (error) {
          expect(error).toMatchObject({ name: 'BarkeepError', code: 'INVALID_PARAMETER', status: 400 })
        }
      }),
    )
  })

  test('law: what is written is read back, whole seconds without milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2105, 11, 31) }), (ms) => {
        expect(parseTimeBound(formatInstant(ms), 'start')).toEqual({ kind: 'instant', ms })
        expect(parseTimeBound(dateOfWallClock(ms), 'start')).toMatchObject({ kind: 'date' })
        expect(formatInstant(ms - (ms % 1000))).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
      }),
    )
  })
})
