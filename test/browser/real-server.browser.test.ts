import { createClient } from '@barkeep/client'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedServer, startSimulatedServer } from '../simulated-server.js'
import { bundleSdk } from './bundle-sdk.js'
import { isChromiumMissing, launchChromium } from './chromium.js'
import { callInPage, openSdkPage } from './sdk-page.js'

describe.skipIf(isChromiumMissing)('a page on the origin of a real server', () => {
  let browser: Browser
  let server: SimulatedServer

  beforeAll(async () => {
    server = await startSimulatedServer()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('reads lists, tables and batches, writes bars, and gets typed errors', async () => {
    const bundle = await bundleSdk("export { useRealServer } from '../../../test/browser/use-real-server.ts'")
    const page = await openSdkPage(browser, server.url, bundle)
    const hours = await createClient({ url: server.url }).bars(['SIM:1001'], { interval: '1h' }).toArray()
    const minutes = await createClient({ url: server.url }).loadBars({ interval: '1m' })
    expect(hours.length).toBeGreaterThan(4) // more than one page of the list in the page
    expect(await callInPage(page, 'useRealServer', server.url)).toEqual({
      rows: hours.length,
      tableRows: hours.length,
      firstInstrument: 'SIM:1001',
      closes: 'Float64Array',
      firstDate: server.sessionDates[0],
      batchRows: minutes.numRows,
      created: { interval: '1d', rows: 1, replaced: 0, created_instruments: ['SIM:mine'] },
      isRepeatTheSame: true, // a second write would have replaced the bar
      code: 'NOT_FOUND',
    })
  })
})
