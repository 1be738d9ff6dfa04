import type { Config } from '../config.js'
import type { BarsIngest } from '../store/bars-ingest.js'
import type { Catalog } from '../store/catalog.js'
import type { Store } from '../store/store.js'

/** What the routes work with. */
export interface ApiContext {
  readonly store: Store
  readonly catalog: Catalog
  readonly ingest: BarsIngest
  readonly config: Config
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
