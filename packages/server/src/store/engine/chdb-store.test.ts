import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../store.contract.js'
import { openChdbStore } from './chdb-store.js'

storeContract('the embedded store', async (streamsMax) => {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-chdb-'))
  const store = await openChdbStore({ directory, streamsMax })
  return {
    store,
    async close() {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
})
