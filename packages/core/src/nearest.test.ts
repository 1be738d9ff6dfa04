import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestName } from './nearest.js'

const parameters = ['instruments', 'interval', 'start', 'end', 'columns', 'limit', 'cursor', 'format']

describe('the nearest name', () => {
  test.each([
    ['instrumnets', 'instruments'],
    ['instrument', 'instruments'],
    ['Interval', 'interval'],
    ['colums', 'columns'],
    ['curser', 'cursor'],
    ['ends', 'end'],
  ])('%s probably meant %s', (wanted, meant) => {
    expect(nearestName(wanted, parameters)).toBe(meant)
  })

  test('a name unlike all others has no nearest', () => {
    for (const wanted of ['adjusted', 'zzzzzzzz', 'x', ''])
      expect(nearestName(wanted, parameters), wanted).toBeUndefined()
  })

  test('nothing is nearest where nothing is known', () => {
    expect(nearestName('start', [])).toBeUndefined()
  })

  test('of two equally near names the first wins', () => {
    expect(nearestName('open', ['opec', 'oven'])).toBe('opec')
  })

  test('law: a known name is its own nearest', () => {
    fc.assert(
      fc.property(fc.constantFrom(...parameters), (name) => {
        expect(nearestName(name, parameters)).toBe(name)
        expect(nearestName(name.toUpperCase(), parameters)).toBe(name)
      }),
    )
  })

  test('law: a name of three letters or more survives one dropped letter', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{3,20}$/), fc.nat(), (name, at) => {
        const position = at % name.length
        expect(nearestName(name.slice(0, position) + name.slice(position + 1), [name])).toBe(name)
      }),
    )
  })
})
