import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentName, loadConfig, settings } from './config.js'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-config-'))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function fileWith(content: unknown): string {
  const file = join(directory, 'barkeep.config.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const invalid = (message: string) =>
  expect.objectContaining({ code: 'INVALID_SETTING', message: expect.stringContaining(message) })

describe('the configuration', () => {
  test('nothing said means the defaults, also when the file is missing', () => {
    const defaults = Object.fromEntries(Object.entries(settings).map(([key, setting]) => [key, setting.default]))
    expect(loadConfig({})).toEqual(defaults)
    expect(loadConfig({ file: join(directory, 'missing.json') })).toEqual(defaults)
  })

  test('the environment overrules the file, and a flag overrules both', () => {
    const file = fileWith({ port: 1001, data: 'file', 'api.rowsPerPage': 10 })
    const environment = { BARKEEP_PORT: '1002', BARKEEP_DATA: 'environment' }
    expect(loadConfig({ file, environment, flags: { port: '1003' } })).toMatchObject({
      port: 1003,
      data: 'environment',
      'api.rowsPerPage': 10,
    })
  })

  test('a setting is named in the environment by its words', () => {
    expect(environmentName('api.rowsPerPage')).toBe('BARKEEP_API_ROWS_PER_PAGE')
    expect(loadConfig({ environment: { BARKEEP_API_ROWS_PER_PAGE: '7' } })['api.rowsPerPage']).toBe(7)
  })

  test('a misspelt key in the file is refused with the nearest one', () => {
    const file = fileWith({ 'api.rowPerPage': 5 })
    expect(() => loadConfig({ file })).toThrow(
      invalid("'api.rowPerPage' is not a setting. Did you mean 'api.rowsPerPage'?"),
    )
  })

  test.each(['', ' ', 'eighty', '-1', '80.5', '1e400'])('the port %j is refused, naming where it came from', (port) => {
    expect(() => loadConfig({ flags: { port } })).toThrow(invalid(`--port gives '${port}'`))
    expect(() => loadConfig({ environment: { BARKEEP_PORT: port } })).toThrow(invalid(`BARKEEP_PORT gives '${port}'`))
  })

  test('a number in the file must be one', () => {
    const file = fileWith({ port: null })
    expect(() => loadConfig({ file })).toThrow(
      invalid(`port must be a whole number of 0 or more, but ${file} gives 'null'`),
    )
  })

  test.each([
    ['{', 'is not JSON'],
    ['[]', 'must hold one JSON object'],
    ['null', 'must hold one JSON object'],
  ])('a file with %s is refused', (content, message) => {
    const file = fileWith(content)
    expect(() => loadConfig({ file })).toThrow(invalid(message))
  })
})
