import { expect, test } from 'vitest'
import { chooseCoding, isFromAfar } from './compression.js'

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

test.each([
  ['127.0.0.1', {}, false],
  ['::ffff:127.0.0.1', {}, false],
  ['::1', {}, false],
  ['192.168.1.7', {}, true],
  ['::ffff:192.168.1.7', {}, true],
  ['127.0.0.1', { 'x-forwarded-for': '192.168.1.7' }, true],
  ['::1', { via: '1.1 proxy' }, true],
])('an answer to %s with %j crosses a network: %s', (ip, headers, expected) => {
  expect(isFromAfar(ip, headers)).toBe(expected)
})
