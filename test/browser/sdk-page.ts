import type { Browser, Page } from 'playwright-core'
import type { SdkBundle } from './bundle-sdk.js'

/** Where the page and its code seem to be on the server; the server itself never sees these requests. */
const folder = '/sdk-page'
/** An icon of its own keeps the browser from asking the server for one. */
const html = '<!doctype html><link rel="icon" href="data:,"><title>SDK</title>'

/** Opens an empty page of the server's own origin, so that no rule about other origins applies to the SDK. */
export async function openSdkPage(browser: Browser, serverUrl: string, bundle: SdkBundle): Promise<Page> {
  const page = await browser.newPage()
  await page.route(`${serverUrl}${folder}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(folder.length + 1)
    const code = bundle.files.get(name)
    if (code === undefined) return route.fulfill({ contentType: 'text/html', body: html })
    return route.fulfill({ contentType: 'text/javascript', body: Buffer.from(code) })
  })
  await page.goto(`${serverUrl}${folder}/`)
  return page
}

/** Calls a function that the bundle exports, with arguments that JSON can carry, and gives back what it resolves to. */
export function callInPage(page: Page, name: string, ...args: readonly unknown[]): Promise<unknown> {
  // As text, because a function would be compiled for this process and not for the page.
  return page.evaluate(`import('${folder}/entry.js').then((sdk) => sdk.${name}(...${JSON.stringify(args)}))`)
}
