import { describe, expect, it } from 'vitest'
import { createParquetValueReader } from './parquet-value.js'

const ms = Date.UTC(2026, 10, 20, 1)

describe('a value of Parquet', () => {
  it.each<[string, Parameters<typeof createParquetValueReader>[1], string]>([
    [
      'in UTC has an offset',
      { name: 'ts', type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } },
      '2026-11-20T01:00:00.000Z',
    ],
    [
      'not in UTC has none',
      { name: 'ts', type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' } },
      '2026-11-20T01:00:00.000',
    ],
    [
      'of the older annotation is in UTC',
      { name: 'ts', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
      '2026-11-20T01:00:00.000Z',
    ],
    ['of the oldest type has no offset', { name: 'ts', type: 'INT96' }, '2026-11-20T01:00:00.000'],
    ['that is a date is one', { name: 'ts', type: 'INT32', converted_type: 'DATE' }, '2026-11-20'],
  ])('%s', (_, element, text) => {
    expect(createParquetValueReader('ts', element)(ms)).toBe(text)
  })

  it('that is an epoch stays a number', () => {
    expect(createParquetValueReader('ts', { name: 'ts', type: 'INT64' })(BigInt(ms))).toBe(ms)
  })

  it('that no calendar has is no date', () => {
    expect(
      createParquetValueReader('ts', { name: 'ts', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' })(9e15),
    ).toBe('(no date)')
  })

  it('of 32 bits loses its noise where it is a price, not where it counts', () => {
    const element = { name: 'x', type: 'FLOAT' } as const
    expect(createParquetValueReader('close', element)(Math.fround(168.97))).toBe(168.97)
    expect(createParquetValueReader('volume', element)(16_777_214)).toBe(16_777_214)
  })

  it.each([null, undefined, Number.NaN])('that is %s is absent', (value) => {
    expect(createParquetValueReader('close', { name: 'close', type: 'DOUBLE' })(value)).toBe('')
  })

  it('that is a list or a flag is shown, so that it is refused', () => {
    const read = createParquetValueReader('close', { name: 'close', type: 'BOOLEAN' })
    expect([read(true), read([1])]).toEqual(['(boolean)', '(object)'])
  })
})
