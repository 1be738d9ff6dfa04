import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertRowsContract } from '../insert-rows.contract.js'
import { type OpenedStore, storeContract } from '../store.contract.js'
import { openChdbStore } from './chdb-store.js'

async function open(streamsMax: number): Promise<OpenedStore> {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-chdb-'))
  const store = await openChdbStore({ directory, streamsMax })
  return {
    store,
    async close() {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

storeContract('the embedded store', open)
insertRowsContract('the embedded store', open)
