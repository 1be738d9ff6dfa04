import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowInterface } from '../packages/cli/src/types.js'

const isMissing = spawnSync('curl', ['--version']).status !== 0
if (isMissing && process.env.CI === 'true') throw new Error('curl is missing')
if (isMissing) console.warn('SKIPPED, curl is missing: the commands of docs/guide/datasets.md')

const guide = readFileSync(new URL('../docs/guide/datasets.md', import.meta.url), 'utf8')
const blocksOf = (language: string) => {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return [...guide.matchAll(fence)].map(([, block = '']) => block)
}

let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-guide-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

test.skipIf(isMissing)('the commands of the guide run as they stand, in their order', async () => {
  const blocks = blocksOf('sh')
  expect(blocks.length).toBeGreaterThan(5)
  const outputs: string[] = []
  for (const block of blocks) {
    const script = `set -e\n${block.replaceAll('http://127.0.0.1:8080', server.url)}`
    outputs.push((await promisify(execFile)('bash', ['-c', script])).stdout)
  }
  const all = outputs.join('\n')
  expect(all).toContain('"data":[{"No":40250,"Day":"2013-06-20"}]')
  expect(all).toContain('<Place>玉山西峰下</Place>')
  expect(all).toMatch(/x-datainfo-total: 1\r/i)
  const rows = createClient({ url: server.url }).dataset('devices').rows()
  expect(await rows.toArray()).toEqual([{ id: 'lamp-3', name: 'Lamp', online: null }])
  const sightings = await createClient({ url: server.url }).dataset('sightings').info()
  expect(blocksOf('ts')).toEqual([rowInterface(sightings)])
})
