import { describe, expect, it } from 'vitest'
import { spokenFor } from './spoken-for.js'

describe('what a page speaks for', () => {
  const trust = { settledThrough: '2024-03-07', silentThrough: '2024-03-06' }
  const whole = { scope: 'TWSE:1234', of: '1d', start: '2024-03-01', end: '2024-04-01' }

  it.each([
    ['nothing', undefined, '2024-03-07'],
    ['an old row', '2024-03-04', '2024-03-07'],
    ['the row of the last settled day', '2024-03-07', '2024-03-08'],
    ['a row of today', '2024-03-08', '2024-03-08'],
  ])('with %s ends where it can be believed', (_, lastRow, end) => {
    expect(spokenFor(whole, lastRow, trust)).toEqual([{ ...whole, end }])
  })

  it('ends where it was asked to, and is nothing before it begins', () => {
    const past = { ...whole, end: '2024-03-03' }
    expect(spokenFor(past, undefined, trust)).toEqual([past])
    expect(spokenFor({ ...whole, start: '2024-03-07' }, undefined, trust)).toEqual([])
  })
})
