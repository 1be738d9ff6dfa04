import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@barkeep/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedServer, startSimulatedServer } from './simulated-server.js'

const LINES_MAX = 25
const folder = new URL('../examples/', import.meta.url)
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
const birdsFile = new URL('../../shared/data/birds/birds.json', import.meta.url)
const isBirdsMissing = !existsSync(birdsFile)
if (isBirdsMissing && process.env.CI === 'true') throw new Error(`real data is missing: ${birdsFile.pathname}`)
if (isBirdsMissing) console.warn(`SKIPPED, real data is missing: ${birdsFile.pathname}`)

let server: SimulatedServer
beforeAll(async () => {
  server = await startSimulatedServer()
})
afterAll(() => server?.close())

/** What each example prints; `birds` has a test of its own below, `new-york` in new-york.test.ts. */
const outputs: Readonly<Record<string, RegExp>> = {
  'iterate-bars': /^(2026-11-\d\dT0\d:00:00Z \d+(\.\d+)? \d+\n){3,}$/,
  'load-bars': /^\d{4} bars of 3 instruments\nlast: SIM:100\d\nturnover at closing prices: \d{11,}\n$/,
  'bar-batches': /^SIM:1001 \d{8,}\nSIM:1002 \d{7,}\nSIM:1003 \d{7,}\n$/,
  'publish-csv': /^2 bars kept, 0 of them replaced\n2026-11-19T01:00:00Z 102\n2026-11-20T01:00:00Z 101\.5\n$/,
  live: /^\d{4}-\d\d-\d\dT01:00:00Z SIM:live 100\.5\n\d{4}-\d\d-\d\dT01:01:00Z SIM:live 100\.5\n$/,
  replay: /^2026-11-(19|20)T0\d:\d\d:00\.000Z \d{4,}\n$/,
  search: /^(\d+ \d+ [^\n]+\n)*\d+ \d+ all have answered\nSIM:1001 Jade Mountain Semiconductor 30\n/,
  errors: /^INVALID_TIME_WINDOW 400\n.*2026-11-20.*2026-11-16.*\nCANCELLED_REQUEST\n$/,
}

describe('each example runs as written', () => {
  test.each(Object.entries(outputs))('%s', async (name, expected) => {
    expect(await outputOf(name)).toMatch(expected)
  })

  test.skipIf(isBirdsMissing)('birds asks for as many pages as it needs', async () => {
    await createClient({ url: server.url })
      .dataset('birds')
      .insert(readFileSync(birdsFile), { contentType: 'application/json', key: ['BirdNo'], title: 'Birds' })
    const lines = (await outputOf('birds')).trim().split('\n')
    const [all, some] = [lines.slice(0, lines.indexOf('found as number 49')), lines.slice(-9)]
    const path = `${server.url}/v1/datasets/birds/rows`
    expect(all).toEqual(Array.from({ length: 10 }, () => expect.stringContaining(`${path}?limit=5`)))
    const filtered = expect.stringContaining(`${path}?limit=5&Location=玉山排雲山莊`)
    expect(some.slice(0, 2)).toEqual([filtered, filtered])
    expect(some.slice(2).map((line) => line.slice(0, 6))).toEqual(
      Array.from({ length: 7 }, (_, index) => `${40_200 - index} `),
    )
  })

  test('none is left out', () => {
    expect([...Object.keys(outputs), 'birds', 'new-york'].sort()).toEqual(names.sort())
  })
})

test.each(names)(`%s has at most ${LINES_MAX} lines`, (name) => {
  const lines = readFileSync(new URL(`${name}.ts`, folder), 'utf8')
    .trimEnd()
    .split('\n')
  expect(lines.length).toBeLessThanOrEqual(LINES_MAX)
})

test('every block of code of the guide stands in an example', () => {
  const guide = readFileSync(new URL('../docs/guide/sdk.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/^```(?:ts|py)\n(.*?)^```$/gms)].map(([, code = '']) => code.trim())
  const sources = readdirSync(folder)
    .filter((file) => /\.(ts|py)$/.test(file))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  expect(blocks.length).toBeGreaterThan(5)
  expect(blocks.filter((block) => !sources.some((source) => source.includes(block)))).toEqual([])
})

test('a name that is no example gives those that are', async () => {
  await expect(outputOf('nothing')).rejects.toMatchObject({ stderr: expect.stringContaining('load-bars') })
})

const run = promisify(execFile)

/** Runs an example as a reader would, in a process of its own. */
async function outputOf(name: string): Promise<string> {
  const runner = fileURLToPath(new URL('run.mjs', folder))
  const { stdout } = await run(process.execPath, [runner, name], { env: { ...process.env, BARKEEP_URL: server.url } })
  return stdout
}
