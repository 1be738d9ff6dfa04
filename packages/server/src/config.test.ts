import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConfigSources, environmentName, loadConfig, settings, shownSetting } from './config.js'

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
    const { connectors, ...config } = loadConfig({})
    expect(config).toEqual(defaults)
    expect(connectors.twse).toEqual({ baseUrl: '', limits: undefined, accounts: {}, settings: {} })
    expect(loadConfig({ file: join(directory, 'missing.json') })).toEqual({ ...defaults, connectors })
  })

  test('a connector is pointed elsewhere, limited and given credentials from any place', () => {
    const file = fileWith({
      connectors: { twse: { baseUrl: 'http://file', limits: [{ requests: 9, perMs: 1_000 }] } },
      'connectors.worldtradingdata.credentials': { second: { token: 'b' } },
    })
    const environment = { BARKEEP_CONNECTORS_WORLDTRADINGDATA_CREDENTIALS_TOKEN: 'a' }
    const flags = { 'connectors.yahoo.baseUrl': 'http://flag' }
    const { connectors } = loadConfig({ file, environment, flags })
    expect(connectors.twse).toEqual({
      baseUrl: 'http://file',
      limits: [{ requests: 9, perMs: 1_000, per: 'host' }],
      accounts: {},
      settings: {},
    })
    expect(connectors.yahoo?.baseUrl).toBe('http://flag')
    expect(connectors.worldtradingdata?.accounts).toEqual({ second: { token: 'b' }, main: { token: 'a' } })
  })

  test('a connector finds settings of its own in any place, and those that it shares at the top', () => {
    const folders = { broker: { path: '/data/broker', format: 'own' } }
    const formats = { own: { title: 'Own' } }
    const settingsIn = (sources: ConfigSources) => loadConfig(sources).connectors.file?.settings
    expect(settingsIn({})).toEqual({ folders: {}, formats: null })
    expect(settingsIn({ file: fileWith({ connectors: { file: { folders } }, formats }) })).toEqual({ folders, formats })
    const environment = { BARKEEP_CONNECTORS_FILE_FOLDERS: JSON.stringify(folders) }
    expect(settingsIn({ environment })).toEqual({ folders, formats: null })
    const flags = { 'connectors.simulated.seed': '7' }
    expect(loadConfig({ environment, flags }).connectors.simulated?.settings).toEqual({ seed: 7 })
    expect(() => loadConfig({ flags: { 'connectors.simulated.seed': 'x' } })).toThrow(
      invalid("connectors.simulated.seed in --connectors.simulated.seed must be a whole number, not 'x'"),
    )
    // They ask nobody, so there is nothing to point elsewhere.
    const pointed = fileWith({ connectors: { simulated: { baseUrl: 'http://x' } } })
    expect(() => loadConfig({ file: pointed })).toThrow(invalid("'connectors.simulated.baseUrl' is not a setting"))
  })

  test.each([
    [{ 'connectors.twse.baseUrl': 'nowhere' }, 'connectors.twse.baseUrl'],
    [
      {
        'connectors.twse.limits': [
          { requests: 3, perMs: 9 },
          { requests: 0, perMs: 1 },
        ],
      },
      '; {"requests":0,"perMs":1} is none',
    ],
    [{ 'connectors.twse.limits': 'fast' }, 'connectors.twse.limits'],
    [{ 'connectors.twse.limits': [{ requests: 1, perMs: 1, pre: 'host' }] }, 'connectors.twse.limits'],
    [{ 'connectors.worldtradingdata.credentials': { main: 'secret-text' } }, 'connectors.worldtradingdata.credentials'],
    [{ connectors: { tsew: { baseUrl: 'http://x' } } }, "'connectors.twse.baseUrl'"],
  ])('a wrong setting of a connector is refused: %j', (content, hint) => {
    const load = () => loadConfig({ file: fileWith(content) })
    expect(load).toThrow(invalid(hint))
    expect(load).not.toThrow(/secret-text/)
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

  test('a setting that is true or false is read from a flag, the environment and the file', () => {
    const read = (sources: ConfigSources) => loadConfig(sources)['crawl.worksHere']
    expect(read({ flags: { 'crawl.worksHere': 'false' } })).toBe(false)
    expect(read({ environment: { BARKEEP_CRAWL_WORKS_HERE: 'false' } })).toBe(false)
    expect(read({ file: fileWith({ 'crawl.worksHere': false }) })).toBe(false)
    expect(read({ file: fileWith({ 'crawl.worksHere': false }), flags: { 'crawl.worksHere': 'true' } })).toBe(true)
  })

  test('a setting that is true or false is nothing else', () => {
    expect(() => loadConfig({ flags: { 'crawl.worksHere': 'no' } })).toThrow(
      invalid("crawl.worksHere must be true or false, but --crawl.worksHere gives 'no'"),
    )
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

describe('a setting that is printed', () => {
  test.each([
    ['store.password', 'secret', '(hidden)'],
    ['store.password', '', ''],
    ['store.url', 'http://user:secret@nas:8123/market', 'http://user:(hidden)@nas:8123/market'],
    ['store.url', 'http://user:sec:r@et@nas:8123', 'http://user:(hidden)@nas:8123'],
    ['store.url', 'http://user:sec/r@et@nas:8123', 'http://user:(hidden)@nas:8123'],
    ['store.url', 'http://nas:8123/market', 'http://nas:8123/market'],
    ['port', '8081', '8081'],
  ] as const)('%s = %s shows no password', (key, value, shown) => {
    expect(shownSetting(loadConfig({ flags: { [key]: value } }), key)).toBe(shown)
  })
})
