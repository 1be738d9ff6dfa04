import { randomUUID } from 'node:crypto'
import type { Connector } from '@barkeep/core'
import type { Config } from '../config.js'
import type { AskNow } from '../crawl/ask-now.js'
import type { Clock } from '../crawl/limiter/clock.js'
import type { Contents } from '../store/contents.js'
import type { Store } from '../store/store.js'
import { createConnectorSource } from './connector-source.js'
import { createDatasetsSource } from './datasets-source.js'
import { createInstrumentsSource } from './instruments-source.js'
import { Searches, type SearchesParts } from './searches.js'

export interface SearchParts {
  readonly store: Store
  readonly contents: Contents
  readonly connectors: readonly Connector[]
  readonly askNow: AskNow
  readonly config: Config
  readonly clock: Clock
  readonly onError: SearchesParts['onError']
}

/** Searches over the store and every connector that can search and that the settings name. */
export function openSearch({ store, contents, connectors, askNow, config, clock, onError }: SearchParts): Searches {
  const searchable = connectors.filter((connector) => connector.search !== undefined && isChosen(connector, config))
  const without = new Set(searchable.flatMap(({ search }) => search?.datasets ?? []))
  const limits = { rowsMax: config['search.rowsPerDatasetMax'], msMax: config['search.sourceMsMax'] }
  return new Searches({
    sources: [
      createInstrumentsSource(contents.catalog),
      createDatasetsSource({ store, datasets: contents.datasets, sources: contents.sources, without, ...limits }),
      ...searchable.flatMap(
        (connector) => createConnectorSource(connector, { askNow, clock, pagesMax: config['search.pagesMax'] }) ?? [],
      ),
    ],
    clock,
    randomId: randomUUID,
    onError,
    settings: {
      searchesMax: config['search.searchesMax'],
      runningMax: config['search.runningMax'],
      followersMax: config['search.followersMax'],
      hitsMax: config['search.hitsMax'],
      hitsPerSourceMax: config['search.hitsPerSourceMax'],
      bytesMax: config['search.bytesMax'],
      encodedBytesMax: config['search.encodedBytesMax'],
      logEntriesMax: config['search.versionsMax'],
      sourceMsMax: config['search.sourceMsMax'],
      publishMs: config['search.publishMs'],
      keepMs: config['search.keepMs'],
      idleMs: config['search.idleMs'],
      packBytesMin: config['api.compressBytesMin'],
    },
  })
}

/** One that `search.connectors` names, and whose credentials are there where it needs any. */
function isChosen({ id, credentials }: Connector, config: Config): boolean {
  const names = config['search.connectors'].split(',').map((name) => name.trim())
  if (!names.includes('*') && !names.includes(id)) return false
  const accounts = Object.values(config.connectors[id]?.accounts ?? {})
  return credentials.every(({ name, required }) => !required || accounts.some((values) => (values[name] ?? '') !== ''))
}
