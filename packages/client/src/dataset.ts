import type { Dataset, DatasetReport } from '@barkeep/core'
import type { HttpSettings } from './http.js'
import { requestData } from './json.js'
import { createList, type List } from './list.js'
import { addWhere, queryOf, segmentOf, type Where } from './query.js'
import { type UploadBody, type UploadOptions, uploadOf } from './upload.js'

export interface RowsOptions {
  readonly where?: Where
  /** Fields in order of weight, `-` before one for descending: `'-ts'`, `['Location', '-Quantity']`. */
  readonly sort?: string | readonly string[]
  readonly fields?: readonly string[]
  /** Rows a page. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface InsertOptions extends UploadOptions {
  /** Columns that tell a row from all others; needed where the insert creates the dataset. */
  readonly key?: readonly string[]
  readonly title?: string
  readonly licence?: string
  readonly source?: string
}

export interface DatasetClient<Row> {
  /** Rows in the order of the dataset, or of `sort`. */
  rows(options?: RowsOptions): List<Row>
  /** The row with the key. Throws NOT_FOUND. */
  row(key: string | number, options?: { readonly signal?: AbortSignal }): Promise<Row>
  /** Schema, key, title and licence. Throws NOT_FOUND. */
  info(options?: { readonly signal?: AbortSignal }): Promise<Dataset>
  /** Creates or replaces rows, all or none. Throws INVALID_ROWS, INVALID_BODY. */
  insert(body: UploadBody, options?: InsertOptions): Promise<DatasetReport>
}

export function createDatasetClient<Row>(settings: HttpSettings, name: string): DatasetClient<Row> {
  const path = `/v1/datasets/${segmentOf('dataset', name)}`
  return {
    rows({ where = {}, sort, fields, limit, signal } = {}) {
      const params = queryOf({ sort, fields, limit })
      addWhere(params, where)
      return createList<Row>(settings, { path: `${path}/rows`, params, signal })
    },
    row: async (key, { signal } = {}) =>
      requestData<Row>(settings, { path: `${path}/rows/${segmentOf('key', key)}`, signal }),
    info: ({ signal } = {}) => requestData<Dataset>(settings, { path, signal }),
    async insert(body, options = {}) {
      const { key, title, licence, source, signal } = options
      const params = queryOf({ key, title, licence, source })
      return requestData<DatasetReport>(settings, {
        path: `${path}/rows`,
        params,
        upload: uploadOf(body, options),
        signal,
      })
    },
  }
}
