import { isKeptInterval } from '@barkeep/core'
import { BarsIngest, moveBars } from './bars-ingest.js'
import { Catalog } from './catalog.js'
import { DatasetChanges } from './dataset-changes.js'
import { DatasetIngest } from './dataset-ingest.js'
import { moveRows } from './dataset-moves.js'
import { Datasets } from './datasets.js'
import { migrate } from './migrate.js'
import { StagedWrites } from './staged-writes.js'
import type { Store } from './store.js'

/** What a store keeps, and the ways in. */
export interface Contents {
  readonly catalog: Catalog
  readonly datasets: Datasets
  readonly ingest: BarsIngest
  readonly datasetIngest: DatasetIngest
  readonly datasetChanges: DatasetChanges
}

/** Brings a store to the newest schema, finishes what an earlier process left, and opens what it keeps. */
export async function openContents(store: Store): Promise<Contents> {
  await migrate(store)
  const catalog = await Catalog.load(store)
  const datasets = await Datasets.load(store)
  const writes = new StagedWrites(store, (table, target) =>
    isKeptInterval(target) ? moveBars(store, table, target) : moveRows(store, datasets, table, target),
  )
  await writes.recover()
  const datasetIngest = new DatasetIngest(store, datasets, writes)
  return {
    catalog,
    datasets,
    ingest: new BarsIngest(store, catalog, writes),
    datasetIngest,
    datasetChanges: new DatasetChanges(store, datasets, datasetIngest, writes),
  }
}
