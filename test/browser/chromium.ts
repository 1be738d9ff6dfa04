import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian's package `chromium` puts it. */
const executablePath = '/usr/bin/chromium'

/** True where Chromium is missing; its tests then skip, and fail in continuous integration. */
export const isChromiumMissing = !existsSync(executablePath)
if (isChromiumMissing && process.env.CI === 'true') throw new Error(`Chromium is missing: ${executablePath}`)
if (isChromiumMissing) console.warn(`SKIPPED, Chromium is missing: ${executablePath}`)

/** Starts a headless Chromium that asks nothing of the network by itself. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
