import { BarkeepError, type Dataset } from '@barkeep/core'
import type { StagedWrites } from '../engine/staged-writes.js'
import type { Store } from '../store.js'
import type { DatasetIngest } from './dataset-ingest.js'
import { storedSource } from './dataset-source.js'
import { type DatasetFilter, type DatasetRead, matchSql, rowsQuery, totalQuery } from './dataset-sql.js'
import { type Datasets, type StoredDataset, tableOf } from './datasets.js'

/** Values of a row by column, as a body had them. */
export type RowFields = Readonly<Record<string, unknown>>

/** The row with a key, named by filters that each match one value, and the key as its caller wrote it. */
export interface RowKey {
  readonly text: string
  readonly filters: readonly DatasetFilter[]
}

/** Changes of datasets and of single rows, one after the other and beside no other write. */
export class DatasetChanges {
  readonly #store: Store
  readonly #datasets: Datasets
  readonly #ingest: DatasetIngest
  readonly #writes: StagedWrites

  constructor(store: Store, datasets: Datasets, ingest: DatasetIngest, writes: StagedWrites) {
    this.#store = store
    this.#datasets = datasets
    this.#ingest = ingest
    this.#writes = writes
  }

  /** Makes a dataset, or changes what is told of it. Throws INVALID_BODY, and CONFLICT where its rows would not fit. */
  declare(definition: Dataset): Promise<{ readonly dataset: StoredDataset; readonly created: boolean }> {
    return this.#writes.alone(async () => {
      const known = this.#datasets.find(definition.name)
      return known === undefined
        ? { dataset: await this.#datasets.create(definition), created: true }
        : { dataset: await this.#datasets.change(known, definition), created: false }
    })
  }

  /** Removes a dataset with its rows. Throws NOT_FOUND. */
  remove(name: string): Promise<void> {
    return this.#writes.alone(() => this.#datasets.remove(this.#datasets.get(name)))
  }

  /** Deletes the rows that all filters leave, and tells how many they were. */
  deleteRows(name: string, filters: readonly DatasetFilter[]): Promise<number> {
    return this.#writes.alone(async () => {
      const dataset = this.#datasets.get(name)
      const count = await this.#count(dataset, filters)
      if (count > 0) await this.#delete(dataset, filters)
      return count
    })
  }

  /** Throws NOT_FOUND. */
  deleteRow(name: string, key: RowKey): Promise<void> {
    return this.#writes.alone(async () => {
      const dataset = this.#datasets.get(name)
      if ((await this.#count(dataset, key.filters)) === 0) throw noRow(dataset, key.text)
      await this.#delete(dataset, key.filters)
    })
  }

  /** Makes a row that was not there. Throws CONFLICT where its key is taken, INVALID_BODY, INVALID_ROWS. */
  async createRow(dataset: StoredDataset, key: RowKey, fields: RowFields): Promise<void> {
    await this.#ingest.storeRow(dataset, async () => {
      if ((await this.#count(dataset, key.filters)) === 0) return fields
      throw new BarkeepError('CONFLICT', {
        message: `${dataset.name} has a row '${key.text.slice(0, 60)}' already. PUT replaces it, PATCH changes it.`,
      })
    })
  }

  /** Makes a row or replaces it whole. Throws INVALID_BODY, INVALID_ROWS. */
  async putRow(dataset: StoredDataset, fields: RowFields): Promise<{ readonly created: boolean }> {
    const { replaced } = await this.#ingest.storeRow(dataset, async () => fields)
    return { created: replaced === 0 }
  }

  /** Changes some fields of a row and leaves the others. Throws NOT_FOUND, INVALID_BODY, INVALID_ROWS. */
  async patchRow(dataset: StoredDataset, key: RowKey, fields: RowFields): Promise<void> {
    await this.#ingest.storeRow(dataset, async () => ({ ...(await this.#readRow(dataset, key)), ...fields }))
  }

  /** The row as a body would have it, whole numbers as text so that none is rounded. */
  async #readRow(dataset: StoredDataset, key: RowKey): Promise<RowFields> {
    const source = storedSource(dataset, this.#datasets.version(dataset))
    const read: DatasetRead = { source, columns: dataset.columns, filters: key.filters, sort: [], limit: 1 }
    const { sql, params } = rowsQuery(read, ({ sql }, { type }) => (type === 'integer' ? `toString(${sql})` : sql))
    const [row] = await this.#store.rows<RowFields>(sql, params)
    if (row === undefined) throw noRow(dataset, key.text)
    return row
  }

  async #count(dataset: StoredDataset, filters: readonly DatasetFilter[]): Promise<number> {
    const source = storedSource(dataset, this.#datasets.version(dataset))
    const { sql, params } = totalQuery({ source, filters })
    return (await this.#store.rows<{ '#n': number }>(sql, params))[0]?.['#n'] ?? 0
  }

  async #delete(dataset: StoredDataset, filters: readonly DatasetFilter[]): Promise<void> {
    const { sql, params } = matchSql(filters)
    try {
      await this.#store.command(`DELETE FROM ${tableOf(dataset)} WHERE ${sql}`, params)
    } finally {
      this.#datasets.touch(dataset)
    }
  }
}

/** A key that no row has. */
export function noRow({ name, key }: Dataset, text: string): BarkeepError {
  const shown = text.slice(0, 60)
  const message = `${name} has no row '${shown}'. A key is the value of ${key.join(', ')}.`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: 'key', value: shown, message }],
  })
}
