import { expect, it } from 'vitest'
import { isinOf } from './isin.js'

it.each([
  ['2330', 'TW0002330008'],
  ['1101', 'TW0001101004'],
  ['0050', 'TW0000050004'],
  ['006208', 'TW0000062082'],
  ['2881A', 'TW0002881A00'],
  ['00625K', 'TW00000625K4'],
  ['9105', 'TW0009105007'],
])('the ISIN of %s is the one that the exchange gave it', (symbol, isin) => {
  expect(isinOf(symbol)).toBe(isin)
})
