import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Client, createClient } from '@barkeep/client'
import type { Bar } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { servePage } from '../../examples/serve-page.mjs'
import { bundleSdk } from './bundle-sdk.js'
import { isChromiumMissing, launchChromium } from './chromium.js'
import { callInPage, openSdkPage } from './sdk-page.js'

const file = fileURLToPath(new URL('../../examples/live.html', import.meta.url))
const names = ['SIM:1001', 'SIM:1002', 'SIM:1003']
const startOf = (minute: number) => `2026-11-20T01:0${minute}:00Z`

describe.skipIf(isChromiumMissing)('live in a browser', () => {
  let browser: Browser
  let directory: string
  let server: RunningServer
  let client: Client

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-live-page-'))
    server = await start('0')
    client = createClient({ url: server.url })
    browser = await launchChromium()
  })
  afterEach(async () => {
    await browser?.close()
    await server?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  function start(port: string): Promise<RunningServer> {
    // All bars are live whatever the day; a page from the disk has the origin null.
    const flags = { data: directory, port, 'live.windowDates': '0', 'api.corsOrigins': 'null' }
    return startServer(loadConfig({ flags }))
  }

  const bar = (instrument: string, minute: number, close = 100): Bar => ({
    ...{ instrument, ts: startOf(minute), open: 100, high: 110, low: 90, close },
    ...{ volume: 1_000, turnover: null, trades: null },
  })

  test('the page shows history, what is live, the watermark, corrections, and a restart of the server', async () => {
    const publisher = await client.publish('kmin')
    onTestFinished(() => publisher.close())
    await publisher.send(names.map((name) => bar(name, 0)))

    const served = await servePage(file, server.url)
    onTestFinished(() => served.close())
    const pages = await Promise.all(
      [`${served.url}?`, `${pathToFileURL(file)}?url=${server.url}&`].map(async (address) => {
        const page = await browser.newPage()
        const complaints: string[] = []
        page.on('pageerror', (error) => complaints.push(error.message))
        await page.goto(`${address}since=2026-11-20&instruments=${names.join(',')}`)
        return { page, complaints }
      }),
    )
    const onAll = (look: (page: Page) => Promise<unknown>) => Promise.all(pages.map(({ page }) => look(page)))
    const shows = (selector: string, text: string) =>
      onAll((page) => page.locator(selector).filter({ hasText: text }).first().waitFor())

    await shows('#state', 'live')
    await shows('tr', 'SIM:1003')
    await publisher.send([bar('SIM:1001', 1, 101), bar('SIM:1002', 1, 99)], { done: startOf(1), expects: names })
    await shows('tr', '101')
    await shows('.card', 'without SIM:1003')
    await publisher.send([bar('SIM:1001', 0, 104)])
    await shows('li', 'SIM:1001')

    await server.close()
    await shows('#state', 'reconnecting')
    server = await start(new URL(server.url).port)
    await publisher.send([bar('SIM:1003', 2, 103)])
    await shows('#state', 'live')
    await shows('tr', '103')
    await shows('li', 'Connected again')
    await shows('.card', '7') // bars in all, each version once
    expect(pages.map(({ complaints }) => complaints)).toEqual([[], []])
  })

  test('the SDK streams and publishes in a page as it does in Node', async () => {
    const bundle = await bundleSdk("export { useLiveServer } from '../../../test/browser/use-live-server.ts'")
    const page = await openSdkPage(browser, server.url, bundle)
    // Chromium opens a WebSocket to this machine only for a page that really came from it.
    await page.goto(`${server.url}/docs`)
    await client.createBars('1m', [bar('SIM:1001', 0)])
    expect(await callInPage(page, 'useLiveServer', server.url, bar('SIM:1001', 1), bar('SIM:1001', 0, 101))).toEqual([
      ['bars', startOf(0), null],
      ['bars', startOf(1), 1],
      ['done', startOf(1), 2],
      ['corrections', startOf(0), 3],
    ])
  })
})
