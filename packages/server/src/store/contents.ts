import { isKeptInterval } from '@barkeep/core'
import { BarsIngest } from './bars/bars-ingest.js'
import { KeptBars } from './bars/kept-bars.js'
import { SourceOrder } from './bars/source-order.js'
import { Catalog } from './catalog.js'
import { builtInDatasets, type TableVersions } from './datasets/dataset-built-in.js'
import { DatasetChanges } from './datasets/dataset-changes.js'
import { DatasetIngest } from './datasets/dataset-ingest.js'
import { moveRows } from './datasets/dataset-moves.js'
import { DatasetSources } from './datasets/dataset-sources.js'
import { Datasets } from './datasets/datasets.js'
import { StagedWrites } from './engine/staged-writes.js'
import { migrate } from './migrate.js'
import type { Store } from './store.js'

/** What a store keeps, and the ways in. */
export interface Contents {
  readonly catalog: Catalog
  /** The datasets of callers, which can be written. */
  readonly datasets: Datasets
  /** All datasets that can be read. */
  readonly sources: DatasetSources
  readonly ingest: BarsIngest
  readonly datasetIngest: DatasetIngest
  readonly datasetChanges: DatasetChanges
}

/**
 * Brings a store to the newest schema, finishes what an earlier process left, and opens what it keeps. Without `versions`
 * nothing that was read of the store's own tables is held. `order` says which source of a bar is kept.
 * Throws UNKNOWN_EXCHANGE for an order of an exchange that is not known.
 */
export async function openContents(
  store: Store,
  versions?: TableVersions,
  order = new SourceOrder(),
): Promise<Contents> {
  await migrate(store)
  const catalog = await Catalog.load(store)
  for (const code of order.exchanges) catalog.exchange(code)
  const kept = new KeptBars(store, order)
  const builtIn = builtInDatasets(catalog, versions)
  const datasets = await Datasets.load(store, new Set(builtIn.map(({ name }) => name)))
  const writes = new StagedWrites(store, (table, target) =>
    isKeptInterval(target) ? kept.move(table, target) : moveRows(store, datasets, table, target),
  )
  await writes.recover()
  const datasetIngest = new DatasetIngest(store, datasets, writes)
  return {
    catalog,
    datasets,
    sources: new DatasetSources(datasets, builtIn),
    ingest: new BarsIngest(store, catalog, writes, kept),
    datasetIngest,
    datasetChanges: new DatasetChanges(store, datasets, datasetIngest, writes),
  }
}
