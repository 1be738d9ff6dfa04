import { expect, test } from 'vitest'
import { LiveGuests } from './live-guests.js'

test('as many may be there as the limits say, in all and from one address; leaving twice is leaving once', () => {
  const guests = new LiveGuests({ max: 3, perAddressMax: 2 })
  const leave = guests.enter('a')
  guests.enter('a')
  expect(() => guests.enter('a')).toThrow(/live\.subscribersPerAddressMax/)
  guests.enter('b')
  expect(() => guests.enter('c')).toThrow(/live\.subscribersMax/)
  leave()
  leave()
  expect(guests.count).toBe(2)
  guests.enter('a')
  expect(() => guests.enter('b')).toThrow(/live\.subscribersMax/)
})

test('without a limit of one address, one may have all', () => {
  const guests = new LiveGuests({ max: 2, perAddressMax: 0 })
  guests.enter('a')
  guests.enter('a')
  expect(() => guests.enter('a')).toThrow(/live\.subscribersMax/)
})
