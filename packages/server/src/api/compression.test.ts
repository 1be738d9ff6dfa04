import { expect, test } from 'vitest'
import { chooseCoding } from './compression.js'

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['deflate, zstd', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, br', 'br'],
  ['gzip;q=1.0, br;q=0.9', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['br;q=0, *;q=0.1', 'gzip'],
  ['gzip;q=nonsense', undefined],
])('to who accepts %j the coding is %s', (header, coding) => {
  expect(chooseCoding(header)).toBe(coding)
})
