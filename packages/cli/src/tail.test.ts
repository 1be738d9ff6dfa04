import { expect, test } from 'vitest'
import { tail, tailLines } from './tail.js'

const bar = {
  ...{ instrument: 'TWSE:2330', ts: '2026-11-20T01:00:00Z', open: 1_000, high: 1_005, low: 995, close: 1_000.5 },
  ...{ volume: 12_000, turnover: null, trades: 7, final: true, source: 'live', known_at: '2026-11-20T01:01:00.120Z' },
}
const position = { epoch: 'e', seq: 3 }
const bars = { kind: 'bars' as const, position, ts: bar.ts, bars: [bar] }
const done = { kind: 'done' as const, position, ts: bar.ts, exchange: 'TWSE', instruments: 1, missing: ['TWSE:2409'] }

test('JSON is a line for each message, as the SDK gives it', () => {
  expect(tailLines(bars, 'json').map((line) => JSON.parse(line))).toEqual([bars])
  expect(tailLines(done, 'json').map((line) => JSON.parse(line))).toEqual([done])
})

test('CSV is bars and nothing else, with what is not told left empty', () => {
  const line = 'TWSE:2330,2026-11-20T01:00:00Z,1000,1005,995,1000.5,12000,,7,true,live,2026-11-20T01:01:00.120Z'
  expect(tailLines(bars, 'csv')).toEqual([line])
  expect(tailLines(done, 'csv')).toEqual([])
})

test('a table says which bars are corrections, which are building, and when a minute is done', () => {
  expect(tailLines(bars, 'table')).toEqual([
    '2026-11-20T01:00:00Z  TWSE:2330         1000      1005       995    1000.5        12000',
  ])
  expect(tailLines({ ...bars, kind: 'corrections' }, 'table')[0]).toMatch(/12000 corrected$/)
  expect(tailLines({ ...bars, bars: [{ ...bar, final: false }] }, 'table')[0]).toMatch(/12000 building$/)
  expect(tailLines(done, 'table')).toEqual(['2026-11-20T01:00:00Z  TWSE done: 1 instruments, missing TWSE:2409'])
})

test.each([
  ['kminute', undefined],
  ['kmin', 'xml'],
])('the topic %s in the format %s is refused before anything is opened', (topic, format) => {
  expect(() => tail(topic, undefined, { ...(format !== undefined && { format }) }, {})).toThrow(
    expect.objectContaining({ code: 'INVALID_PARAMETER' }),
  )
})
