import { join } from 'node:path'
import { openChdbStore } from './engine/chdb-store.js'
import { type ClickhouseSettings, clickhouseAddress } from './engine/clickhouse-address.js'
import { openClickhouseStore } from './engine/clickhouse-store.js'
import type { Store } from './store.js'

export interface StoreOptions {
  /** The data directory. An embedded store lives in it; with a server only bodies wait there. */
  readonly directory: string
  /** A ClickHouse server; with an empty `url` the engine runs in this process. */
  readonly server: ClickhouseSettings
  readonly streamsMax: number
  readonly silenceMsMax: number
}

/** Throws STORE_ENGINE_MISSING, STORE_UNAVAILABLE, INVALID_SETTING. */
export function openStore({ directory, server, streamsMax, silenceMsMax }: StoreOptions): Promise<Store> {
  if (server.url === '') return openChdbStore({ directory, streamsMax })
  return openClickhouseStore({
    address: clickhouseAddress(server),
    spoolDirectory: join(directory, 'spool'),
    streamsMax,
    silenceMsMax,
  })
}
