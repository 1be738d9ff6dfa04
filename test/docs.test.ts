import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { loadConfig, type RunningServer, settingsPage, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-docs-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  const client = createClient({ url: server.url })
  const instruments = simulatedInstruments(1).slice(0, 1)
  await client.createInstruments(instruments)
  const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 1 }).slice(-5)
  for (const interval of ['1m', '1d'] as const) {
    const csv = [...simulatedCsv({ seed: 1, interval, sessionDates, instruments })].join('')
    await client.createBars(interval, csv, { contentType: 'text/csv' })
  }
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

test('the reference page of settings is the table of settings', async () => {
  // `npx vitest run test/docs.test.ts -u` writes it anew.
  await expect(settingsPage()).toMatchFileSnapshot('../docs/reference/settings.md')
})

test('the GET requests of the README are answered', async () => {
  const urls = [...read('README.md').matchAll(/curl '(http:\/\/127\.0\.0\.1:8080[^']*)'/g)].map(([, url]) => url ?? '')
  expect(urls.length).toBeGreaterThan(2)
  for (const url of urls) {
    const answer = await fetch(url.replace('http://127.0.0.1:8080', server.url))
    expect([url, answer.status, (await answer.arrayBuffer()).byteLength > 0]).toEqual([url, 200, true])
  }
})

test('the commands of the README are commands, with options that they have', () => {
  const main = read('packages/cli/src/main.ts')
  const lines = [...read('README.md').matchAll(/^npx barkeep (.+)$/gm)].map(([, line]) => line ?? '')
  expect(lines.length).toBeGreaterThan(3)
  for (const line of lines) {
    const [name] = line.split(' ')
    expect([line, main.includes(`command('${name}`)]).toEqual([line, true])
    for (const [option] of line.matchAll(/--[a-z-]+/g))
      expect([line, main.includes(`'${option} `)]).toEqual([line, true])
  }
})

test('files that a document links to exist', () => {
  for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
    for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect([page, target, exists(target ?? '')]).toEqual([page, target, true])
    }
  }
})

function exists(path: string): boolean {
  try {
    readFileSync(new URL(`../${path}`, import.meta.url))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR'
  }
}
