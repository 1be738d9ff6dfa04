import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BarkeepError, errorCatalogue, invalidParameter, shorten } from './errors.js'

const codes = Object.entries(errorCatalogue)
const referencePage = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8')

/** Sections of the reference page by their `### CODE` heading. */
const sections = new Map(
  referencePage
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0]?.trim() ?? '', section] as const),
)

describe('the catalogue of errors', () => {
  test.each(codes)('%s has a status of an error, a title and a cure', (code, { status, title, cure }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(cure).toMatch(/^\S.*\.$/)
  })

  test.each(codes)('%s has a heading and its status in docs/reference/errors.md', (code, { status }) => {
    expect(sections.get(code)).toContain(`Status ${status}.`)
  })

  test('the reference page describes no code that does not exist', () => {
    expect([...sections.keys()].filter((code) => !(code in errorCatalogue))).toEqual([])
  })
})

describe('an error', () => {
  test('takes its status from the catalogue and keeps what it was given', () => {
    const cause = new Error('disk full')
    const error = new BarkeepError('OVER_CAPACITY', { message: 'Wait.', retry: { afterMs: 500 }, cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'BarkeepError', code: 'OVER_CAPACITY', status: 503, retry: { afterMs: 500 } })
    expect(error.cause).toBe(cause)
    expect(error.errors).toEqual([])
  })

  test('without a cause it has none, not one that is undefined', () => {
    expect(Object.hasOwn(new BarkeepError('NOT_FOUND', { message: 'No.' }), 'cause')).toBe(false)
  })

  test('a wrong parameter names itself, its value and what was wrong', () => {
    expect(invalidParameter('limit', '-1', 'must be 1 or more.')).toMatchObject({
      code: 'INVALID_PARAMETER',
      message: 'limit: must be 1 or more.',
      errors: [{ code: 'INVALID_PARAMETER', parameter: 'limit', value: '-1', message: 'must be 1 or more.' }],
    })
  })

  test('a value from outside is cut, a short one is not', () => {
    expect(shorten('x'.repeat(100))).toBe('x'.repeat(100))
    expect(shorten('x'.repeat(101))).toBe(`${'x'.repeat(100)}…`)
    expect(shorten('abcdef', 3)).toBe('abc…')
  })
})
