import { failureClassOf } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakePage } from './fake-context.contract.js'
import { excerptOf, refusalOf } from './refusal-of.js'

describe('an answer with an error status', () => {
  it.each([
    [401, 'UPSTREAM_UNAUTHORIZED', 'stop'],
    [403, 'UPSTREAM_BANNED', 'wait'],
    [404, 'UPSTREAM_REFUSED', 'fail'],
    [408, 'UPSTREAM_FAILED', 'retry'],
    [429, 'UPSTREAM_RATE_LIMITED', 'wait'],
    [500, 'UPSTREAM_FAILED', 'retry'],
    [503, 'UPSTREAM_FAILED', 'retry'],
  ])('of %d is %s, and the engine does %s', (status, code, todo) => {
    const error = refusalOf(fakePage({ status, body: 'no', url: 'https://host.example/a?b=c' }))
    expect(error).toMatchObject({ code, message: `host.example answers ${status}: no` })
    expect(failureClassOf(error)).toBe(todo)
  })

  it.each([
    ['30', 30_000],
    ['Wed, 06 Mar 2024 00:01:00 GMT', 60_000],
    ['Wed, 06 Mar 2024 00:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', 60_000],
  ])('waits as long as Retry-After %s says, a day at most', (text, afterMs) => {
    const page = { status: 429, body: '', headers: { 'retry-after': text }, receivedAtMs: Date.UTC(2024, 2, 6) }
    expect(refusalOf(fakePage(page)).retry).toEqual({ afterMs })
  })

  it('of 503 that names a time is a limit', () => {
    const error = refusalOf(fakePage({ status: 503, body: '', headers: { 'retry-after': '5' } }))
    expect(error).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retry: { afterMs: 5_000 } })
  })

  it('tells the beginning of a long body on one line', () => {
    expect(excerptOf(`<html>\r\n  ${'a'.repeat(10_000)}`)).toBe(`<html> ${'a'.repeat(113)}…`)
    expect(excerptOf(' \n')).toBe('(empty)')
  })
})
