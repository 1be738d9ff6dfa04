import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { startClickhouseFront } from './clickhouse-front.js'

/**
 * The scenarios of the whole system once more, with every server on a ClickHouse server instead of the embedded
 * engine: the very same tests, whose `startServer` gets a `store.url` put in.
 */
const directory = mkdtempSync(join(tmpdir(), 'barkeep-scenarios-'))
const front = await startClickhouseFront({ directory })
let databases = 0

// Registered first, so run last: the servers close before what they stand on.
afterAll(async () => {
  await front.close()
  rmSync(directory, { recursive: true, force: true })
})

vi.doMock('@barkeep/server', async (importOriginal) => {
  const original = await importOriginal<typeof import('@barkeep/server')>()
  const startServer: typeof original.startServer = async (config, ...rest) => {
    const database = `scenario_${databases++}`
    await fetch(front.url, { method: 'POST', body: `CREATE DATABASE ${database}` })
    return original.startServer({ ...config, 'store.url': `${front.url}/${database}` }, ...rest)
  }
  return { ...original, startServer }
})

await import('../bars.test.js')
await import('../bars-fill.test.js')
await import('../datasets-rows.test.js')
await import('../datasets-declared.test.js')

test('none of these servers keeps anything but on the front', () => {
  expect(databases).toBe(4)
  const asked = new Set(front.requests.map(({ database }) => database))
  expect([...asked].sort()).toEqual(['default', 'scenario_0', 'scenario_1', 'scenario_2', 'scenario_3'])
})
