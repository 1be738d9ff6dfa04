import type { Dataset } from '@barkeep/core'
import type { Params } from '../store.js'
import { quotedName } from './dataset-column-sql.js'
import { rowNumber, type StoredDataset, tableOf } from './datasets.js'

/** Text that stands in the store as a number: a column, and the number of a text; undefined where no row can have it. */
export interface Lookup {
  readonly sql: string
  readonly engineType: string
  find(text: string): number | undefined
}

/** Where the value of a column comes from, over a row of the source, which is called `t`. */
export interface SourceColumn {
  readonly sql: string
  /** The same for Arrow and Parquet, where these have no such type. */
  readonly columnarSql?: string
  /** Digits of a second; of instants, 3 unless told. */
  readonly precision?: number
  /** How rows with a text are found by the index instead of by looking at each. */
  readonly lookup?: Lookup
}

/** What rows are ordered by. Never null. */
export interface SourceOrder {
  readonly sql: string
  readonly engineType: string
}

/**
 * Where the rows of a dataset come from, said once for all that reads them: lists, pages, rows by key, OData. All SQL in
 * it is of this package.
 */
export interface RowSource {
  readonly dataset: Dataset
  /** What stands behind FROM. */
  readonly from: string
  /** Values of placeholders in `from`. */
  readonly params?: Params
  /** What holds of the rows that are shown. */
  readonly condition?: string
  /** By name of the column. */
  readonly columns: ReadonlyMap<string, SourceColumn>
  /** The order in which rows are cheapest to read; its terms together tell each row from all others. */
  readonly order: readonly SourceOrder[]
  /** Another text after every write; absent where nobody counts them, and then nothing that was read is held. */
  readonly version?: string
  /** Whether counting all rows takes long, so that it is done only for who asks for it. */
  readonly isLarge?: boolean
}

/** The rows of a dataset of callers. */
export function storedSource(dataset: StoredDataset, version: number): RowSource {
  return {
    dataset: publicDataset(dataset),
    from: `${tableOf(dataset)} AS t FINAL`,
    columns: new Map(dataset.columns.map(({ name }) => [name, { sql: `t.${quotedName(name)}` }])),
    order: [{ sql: `t.${rowNumber}`, engineType: 'UInt64' }],
    version: `${dataset.id}.${version}`,
  }
}

function publicDataset({ id: _, ...dataset }: StoredDataset): Dataset {
  return dataset
}
