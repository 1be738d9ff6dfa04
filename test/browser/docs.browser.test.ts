import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedServer, startSimulatedServer } from '../simulated-server.js'
import { isChromiumMissing, launchChromium } from './chromium.js'

const PHONE_PX = 390

describe.skipIf(isChromiumMissing)('the documentation in a browser', () => {
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

  /** A page of its own, with what it asked of others and what it complained of. */
  async function open(path: string, width = 1_200): Promise<{ page: Page; foreign: string[]; faults: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    const foreign: string[] = []
    const faults: string[] = []
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(server.url) && !url.startsWith('data:')) foreign.push(url)
    })
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    await page.goto(server.url + path)
    return { page, foreign, faults }
  }

  test('runs the example of an operation, and asks nothing of others', async () => {
    const { page, foreign, faults } = await open('/docs')
    await page.locator('#operations-bars-get_v1_bars .opblock-summary-control').click()
    await page.locator('#operations-bars-get_v1_bars .execute').click()
    const shown = page.locator('#operations-bars-get_v1_bars .live-responses-table .response-col_status').last()
    await shown.waitFor()
    expect(await shown.textContent()).toContain('200')
    await page.locator('button[data-run]').first().click()
    await page.locator('pre.answer', { hasText: '200 OK' }).waitFor()
    expect([foreign, faults]).toEqual([[], []])
  })

  test.each(['/docs', '/docs/errors', '/docs/datasets/bars_1d'])('%s fits on a phone', async (path) => {
    const { page, foreign, faults } = await open(path, PHONE_PX)
    if (path === '/docs') await page.locator('.opblock-tag').first().waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE_PX)
    expect([foreign, faults]).toEqual([[], []])
  })
})
