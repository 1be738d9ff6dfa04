import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { fakePage } from './fake-context.contract.js'
import { readJson } from './read-json.js'

const url = 'https://host.example/page?token=hidden'

describe('the JSON of a page', () => {
  it('is read with the names that it has, after a byte order mark too', () => {
    expect(readJson(fakePage({ url, body: '\ufeff{"name":"臺積電"}' }))).toEqual({ name: '臺積電' })
  })

  it.each([
    [
      'in another encoding',
      iconv.encode('{"name":"臺積電"}', 'cp950'),
      'host.example answers in an encoding that is not UTF-8.',
    ],
    ['that breaks off', '{"name":"臺', 'host.example answers something that is not JSON: {"name":"臺'],
    ['that is a page of maintenance', '<html>', 'host.example answers something that is not JSON: <html>'],
    ['that is empty', '', 'host.example answers something that is not JSON: (empty)'],
  ])('%s has failed, and may be right when it is asked for again', (_, body, message) => {
    expect(() => readJson(fakePage({ url, body }))).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_FAILED', message }),
    )
  })

  it('that breaks off within a character has failed too', () => {
    const body = new TextEncoder().encode('{"name":"臺').slice(0, -1)
    expect(() => readJson(fakePage({ url, body }))).toThrow(expect.objectContaining({ code: 'UPSTREAM_FAILED' }))
  })
})
