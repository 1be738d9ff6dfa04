import { describe, expect, test } from 'vitest'
import { clickhouseAddress } from './clickhouse-address.js'

const none = { user: '', password: '', database: '' }

describe('the address of a ClickHouse server', () => {
  test.each([
    ['http://localhost:8123', 'http://localhost:8123', 'default', '', 'default'],
    ['http://nas:8123/', 'http://nas:8123', 'default', '', 'default'],
    ['https://nas/market', 'https://nas', 'default', '', 'market'],
    ['http://reader:a%20b%2F%25@nas:8123/market', 'http://nas:8123', 'reader', 'a b/%', 'market'],
    ['http://[::1]:8123', 'http://[::1]:8123', 'default', '', 'default'],
  ])('is read from %s', (given, url, user, password, database) => {
    expect(clickhouseAddress({ ...none, url: given })).toEqual({ url, user, password, database })
  })

  test('takes settings of their own before what the URL says', () => {
    const url = 'http://reader:old@nas:8123/market'
    const settings = { url, user: 'writer', password: 'new', database: 'other' }
    expect(clickhouseAddress(settings)).toEqual({ ...settings, url: 'http://nas:8123' })
  })

  test.each([
    ['nas:8123', 'not an http or https URL'],
    ['tcp://u:secret@nas:9000', 'not an http or https URL'],
    ['http://u:secret@', 'not an http or https URL'],
    ['http://u:secret@nas/a/b', 'path of several parts'],
    ['http://u:secret@nas/?database=a', 'has parameters'],
    ['http://u:secret%@nas/', 'has a %'],
    ["http://u:secret@nas/a'b", "'a'b' is not a name"],
  ])('is refused when it is %s, without showing it', (url, fault) => {
    const refused = expect.objectContaining({ code: 'INVALID_SETTING', message: expect.stringContaining(fault) })
    expect(() => clickhouseAddress({ ...none, url })).toThrow(refused)
    expect(() => clickhouseAddress({ ...none, url })).not.toThrow('secret')
  })
})
