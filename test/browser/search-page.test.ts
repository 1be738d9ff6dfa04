import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { isChromiumMissing, launchChromium } from './chromium.js'

/** Where to put pictures of the page for a person to look at; none unless told. */
const pictures = process.env.BARKEEP_PICTURES
const yahooRows = [
  { symbol: 'NYT', longname: 'The New York Times Company', exchange: 'NYQ', exchDisp: 'NYSE' },
  { symbol: 'NYCB', longname: 'New York Community Bancorp, Inc.', exchange: 'NYQ', exchDisp: 'NYSE' },
  { symbol: 'MTA.L', longname: 'New York Ferries Holdings with a name that is longer than any phone', exchange: 'LSE' },
].map((row) => ({ quoteType: 'EQUITY', isYahooFinance: true, score: 1, exchDisp: 'London', ...row }))

describe.skipIf(isChromiumMissing)('the page of the example', () => {
  let directory: string
  let upstream: Server
  let server: RunningServer
  let example: ChildProcess
  let url: string
  let browser: Browser
  /** What the upstream was asked and has not answered. */
  const asked: (() => void)[] = []

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-search-page-'))
    const body = JSON.stringify({ quotes: yahooRows })
    upstream = createServer((_request, response) => {
      asked.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo // it listens on a port
    const yahoo = `http://127.0.0.1:${port}`
    server = await startServer(
      loadConfig({
        flags: {
          ...{ data: directory, port: '0', 'search.connectors': 'yahoo', 'connectors.yahoo.baseUrl': yahoo },
          'connectors.yahoo.limits': JSON.stringify([{ requests: 1_000, perMs: 1, per: 'host' }]),
        },
      }),
    )
    const stocks = Array.from({ length: 30 }, (_, n) => ({ instrument: `SIM:Y${n}`, name: `York Works ${n}` }))
    const known = [{ instrument: 'NYSE:NYT', name: '紐約時報 York' }, ...stocks]
    await createClient({ url: server.url }).createInstruments(
      known.map((one) => ({ ...one, kind: 'stock', isin: null, listed: null, delisted: null })),
    )
    const file = fileURLToPath(new URL('../../examples/serve-search.mjs', import.meta.url))
    example = spawn(process.execPath, [file], {
      env: { ...process.env, BARKEEP_URL: server.url, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface(example.stdout ?? process.stdin), 'line')
    url = String(line).replace(/.* /, '')
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    example?.kill()
    await server?.close()
    upstream?.closeAllConnections()
    upstream?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test.each([
    ['a desk', 'york', { width: 1_200, height: 800 }],
    ['a phone', 'ork', { width: 390, height: 844 }],
  ])('shows hits as they arrive on %s, and nothing that stands there moves', async (where, query, viewport) => {
    const page = await browser.newPage({ viewport })
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(url)
    await page.fill('#query', query)
    await page.waitForFunction(() => document.querySelectorAll('li').length === 31)
    await picture(page, `${where} while it asks`)
    const before = await places(page)
    await page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes('still asking yahoo'))
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 60_000 })
    for (const answer of asked.splice(0)) answer()
    await page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes('all have answered'))
    await picture(page, `${where} at the end`)
    const after = await places(page)
    expect(after.length).toBe(33)
    expect(after.slice(0, before.length).map(({ top, id }) => ({ top, id }))).toEqual(
      before.map(({ top, id }) => ({ top, id })),
    )
    expect(after.find(({ id }) => id === 'NYSE:NYT')?.text).toContain('The New York Times Company')
    const { scroll, client } = await page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      client: document.documentElement.clientWidth,
    }))
    expect(scroll).toBeLessThanOrEqual(client)
    expect(problems).toEqual([])
    await page.close()
  })
})

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name.replaceAll(' ', '-')}.png`) })
}

/** Where each hit stands on the page. */
function places(page: Page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('li')].map((row) => ({
      top: row.getBoundingClientRect().top + window.scrollY,
      id: row.querySelector('.id')?.textContent ?? '',
      text: row.textContent ?? '',
    })),
  )
}
