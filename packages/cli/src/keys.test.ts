import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createKey, listKeys, revokeKey } from './keys.js'

let data: string
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'barkeep-keys-'))
})
afterAll(() => rmSync(data, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

async function printed(work: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
  await work()
  return lines
}

test('keys are made, shown and revoked, with a server running and without', async () => {
  // The settings of the server, beyond loopback, do not hold for the command alone.
  const flags = { data, host: '0.0.0.0', port: '0' }
  const [key = ''] = await printed(() => createKey({ scopes: 'read, write', name: 'laptop' }, flags))
  expect(key).toMatch(/^bk_/)
  const id = key.slice(3, 13)

  const server = await startServer(loadConfig({ flags: { data, port: '0' } }))
  try {
    const ask = async () =>
      (await fetch(`${server.url}/v1/exchanges`, { headers: { authorization: `Bearer ${key}` } })).status
    expect(await ask()).toBe(200)
    expect(await printed(() => listKeys(flags))).toEqual([expect.stringMatching(`^${id}\tread,write\t.*\tlaptop$`)])
    await printed(() => revokeKey(id, flags))
    expect(await ask()).toBe(200)
    await printed(() => createKey({ scopes: 'admin', name: 'other' }, flags))
    expect(await ask()).toBe(401)
    await expect(revokeKey(id, flags)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(createKey({ scopes: 'root', name: 'x' }, flags)).rejects.toMatchObject({ code: 'INVALID_BODY' })
  } finally {
    await server.close()
  }
})
