import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { testClient } from '../../packages/client/src/client.contract.js'
import { bundleSdk, type SdkBundle } from './bundle-sdk.js'
import { isChromiumMissing, launchChromium } from './chromium.js'
import { callInPage, openSdkPage } from './sdk-page.js'

describe.skipIf(isChromiumMissing)('in a browser', () => {
  let browser: Browser
  let bundle: SdkBundle

  beforeAll(async () => {
    bundle = await bundleSdk("export { runScenario } from './scenarios.contract.ts'")
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  testClient(async (name, url) => {
    const page = await openSdkPage(browser, url, bundle)
    // Closing the page hangs up on the server; the tests that wait for that must see the client do it.
    onTestFinished(() => page.close())
    return callInPage(page, 'runScenario', name, url)
  })
})
