import { expect, test } from 'vitest'
import { readMarkets } from './market-sentence.js'

const one = { exchanges: ['TWSE'], intervals: ['1d'], since: '2020-01-01' }

test('a sentence is a line for each exchange and interval, days before minutes', () => {
  const lines = readMarkets([{ exchanges: ['TWSE', 'TPEX'], intervals: ['1m', '1d', '1h'], since: '2020-01-01' }])
  expect(lines.map(({ exchange, interval }) => `${exchange} ${interval}`)).toEqual([
    'TPEX 1d',
    'TPEX 1h',
    'TPEX 1m',
    'TWSE 1d',
    'TWSE 1h',
    'TWSE 1m',
  ])
})

test('of a line that is said twice the earlier date counts', () => {
  expect(readMarkets([one, { ...one, since: '2010-01-04' }, { ...one, since: '2015-01-05' }])).toEqual([
    { exchange: 'TWSE', interval: '1d', since: '2010-01-04' },
  ])
  expect(readMarkets(undefined)).toEqual([])
})

test.each([
  [one, 'must be such as'],
  [[{ ...one, exchanges: [] }], 'must be such as'],
  [[{ ...one, intervals: ['5m'] }], 'must be such as'],
  [[{ ...one, until: '2021-01-01' }], 'must be such as'],
  [[{ ...one, since: '2020-02-30' }], 'is not a date'],
])('%j is refused', (declared, said) => {
  expect(() => readMarkets(declared)).toThrow(said)
})
