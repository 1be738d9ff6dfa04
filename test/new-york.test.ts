import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startEmulator } from '@barkeep/emulator'
import { loadConfig, startServer } from '@barkeep/server'
import { expect, onTestFinished, test } from 'vitest'

test('the example downloads every page of what the upstream finds', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-new-york-'))
  const emulator = await startEmulator()
  const server = await startServer(
    loadConfig({
      flags: {
        data: directory,
        port: '0',
        'connectors.worldtradingdata.baseUrl': emulator.url('worldtradingdata'),
        'connectors.worldtradingdata.credentials.token': 'any',
      },
    }),
  )
  onTestFinished(async () => {
    await server.close()
    await emulator.close()
    rmSync(directory, { recursive: true })
  })

  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('../examples/run.mjs', import.meta.url)), 'new-york'],
    { env: { ...process.env, BARKEEP_URL: server.url } },
  )
  const ask = async (page: number) => {
    const path = `/api/v1/stock_search?search_term=new%20york&limit=50&page=${page}&api_token=any`
    return (await fetch(emulator.url('worldtradingdata') + path)).json()
  }
  const asked = emulator.arrivals('worldtradingdata').length
  const first = await ask(1)
  expect([asked, first.total_pages > 1]).toEqual([first.total_pages, true])
  const lines = new Set(stdout.trim().split('\n'))
  expect(lines.size).toBe(first.total_results)
  for (let page = 1; page <= first.total_pages; page++) {
    for (const { symbol, name } of (await ask(page)).data) expect(lines).toContain(`${symbol} ${name}`)
  }
})
