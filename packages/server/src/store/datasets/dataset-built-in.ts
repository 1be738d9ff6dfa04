import { keptIntervals } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import { coverageSource, crawlsSource, pagesSource } from './dataset-built-in-crawl.js'
import { adjustmentsSource, barsSource, exchangesSource, instrumentsSource } from './dataset-built-in-market.js'
import type { RowSource } from './dataset-source.js'

/** Tells whether a table may have changed. */
export interface TableVersions {
  /** Another text after every write to the table. */
  version(table: string): string
}

/** What the store keeps besides the datasets of callers, as a dataset that is only read. */
export interface BuiltInDataset {
  /** No dataset of a caller can be called so. */
  readonly name: string
  /** What writes its rows, for who tries it here. */
  readonly writtenBy: string
  source(): RowSource
}

export function builtInDatasets(catalog: Catalog, versions?: TableVersions): readonly BuiltInDataset[] {
  // A new instrument has a name only once the catalog knows it, which may be after its first rows were written.
  const versioned = (source: RowSource, table: string): RowSource =>
    versions === undefined ? source : { ...source, version: `${versions.version(table)}.${catalog.instruments.length}` }
  return [
    ...keptIntervals.map((interval) => ({
      name: `bars_${interval}`,
      writtenBy: `POST /v1/bars/${interval}`,
      source: () => versioned(barsSource(interval, catalog), `bars_${interval}`),
    })),
    {
      name: 'instruments',
      writtenBy: 'POST /v1/instruments',
      source: () => versioned(instrumentsSource, 'instruments'),
    },
    // They are held in memory and few, so nothing of them is held once more.
    { name: 'exchanges', writtenBy: 'POST /v1/exchanges', source: () => exchangesSource(catalog) },
    {
      name: 'adjustments',
      writtenBy: 'POST /v1/adjustments',
      source: () => versioned(adjustmentsSource(catalog), 'adjustments'),
    },
    { name: 'coverage', writtenBy: 'POST /v1/crawls', source: () => versioned(coverageSource, 'coverage') },
    { name: 'crawls', writtenBy: 'POST /v1/crawls', source: () => versioned(crawlsSource, 'crawls') },
    { name: 'pages', writtenBy: 'POST /v1/crawls', source: () => versioned(pagesSource, 'raw_pages') },
  ]
}
