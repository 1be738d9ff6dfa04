import { tmpdir } from 'node:os'
import { expect, test, vi } from 'vitest'
import { openChdbStore } from './chdb-store.js'

vi.mock('chdb', () => {
  throw new Error("Cannot find package 'chdb'")
})

test('where the embedded engine has no build, the error says what to do instead', async () => {
  await expect(openChdbStore({ directory: tmpdir(), streamsMax: 1 })).rejects.toMatchObject({
    code: 'STORE_ENGINE_MISSING',
    message: expect.stringContaining('store.url'),
  })
})
