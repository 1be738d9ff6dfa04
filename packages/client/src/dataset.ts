import { type ColumnType, type Dataset, type DatasetColumn, type DatasetReport, formats } from '@barkeep/core'
import type { HttpSettings } from './http.js'
import { requestData } from './json.js'
import { createList, type List } from './list.js'
import { addWhere, queryOf, segmentOf, type Where } from './query.js'
import type { Signalled } from './signalled.js'
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
  /** Types of columns of a dataset that the insert creates; `auto`: the narrowest that all texts of a column fit. */
  readonly types?: 'auto' | Readonly<Record<string, ColumnType>>
  readonly title?: string
  readonly licence?: string
  readonly source?: string
}

/** What a dataset is: its key and columns, which are nullable unless they are of the key or say otherwise. */
export interface Definition extends Partial<Pick<Dataset, 'title' | 'licence' | 'source'>>, Pick<Dataset, 'key'> {
  readonly columns: readonly (Omit<DatasetColumn, 'nullable'> & { readonly nullable?: boolean })[]
}

export interface DatasetClient<Row> {
  /** Rows in the order of the dataset, or of `sort`. */
  rows(options?: RowsOptions): List<Row>
  /** The row with the key. Throws NOT_FOUND. */
  row(key: string | number, options?: Signalled): Promise<Row>
  /** Schema, key, title and licence. Throws NOT_FOUND. */
  info(options?: Signalled): Promise<Dataset>
  /** Creates or replaces rows, all or none. Throws INVALID_ROWS, INVALID_BODY. */
  insert(body: UploadBody, options?: InsertOptions): Promise<DatasetReport>
  /** Puts rows in place of all that are there, at once. Throws INVALID_ROWS, INVALID_BODY. */
  replace(body: UploadBody, options?: InsertOptions): Promise<DatasetReport>
  /** Creates the row with the key, or replaces it whole. Throws INVALID_ROWS, INVALID_BODY. */
  put(key: string | number, row: Partial<Row>, options?: Signalled): Promise<Row>
  /** Changes some fields of a row. Throws NOT_FOUND, INVALID_ROWS, INVALID_BODY. */
  patch(key: string | number, fields: Partial<Row>, options?: Signalled): Promise<Row>
  /** Deletes the row with the key. Throws NOT_FOUND. */
  delete(key: string | number, options?: Signalled): Promise<void>
  /** Deletes all rows that `where` leaves, and gives their number. Throws MISSING_PARAMETER without a condition. */
  deleteWhere(where: Where, options?: Signalled): Promise<number>
  /** Makes the dataset, or changes what is told of it. Throws CONFLICT where its rows would not fit. */
  declare(definition: Definition, options?: Signalled): Promise<Dataset>
  /** Removes the dataset with its rows. Throws NOT_FOUND. */
  remove(options?: Signalled): Promise<void>
}

export function createDatasetClient<Row>(settings: HttpSettings, name: string): DatasetClient<Row> {
  const path = `/v1/datasets/${segmentOf('dataset', name)}`
  const rowPath = (key: string | number) => `${path}/rows/${segmentOf('key', key)}`
  const sendBody = <Answer>(method: 'PUT' | 'PATCH', to: string, body: object, { signal }: Signalled = {}) =>
    requestData<Answer>(settings, { path: to, method, upload: uploadOf(JSON.stringify(body), jsonBody), signal })
  const sendRows = async (method: 'PUT' | undefined, body: UploadBody, options: InsertOptions = {}) => {
    const { key, types, title, licence, source, signal } = options
    const params = queryOf({ key, types: typesParam(types), title, licence, source })
    const upload = uploadOf(body, options)
    return requestData<DatasetReport>(settings, {
      path: `${path}/rows`,
      params,
      upload,
      signal,
      ...(method && { method }),
    })
  }
  return {
    rows({ where = {}, sort, fields, limit, signal } = {}) {
      const params = queryOf({ sort, fields, limit })
      addWhere(params, where)
      return createList<Row>(settings, { path: `${path}/rows`, params, signal })
    },
    row: async (key, { signal } = {}) => requestData<Row>(settings, { path: rowPath(key), signal }),
    info: ({ signal } = {}) => requestData<Dataset>(settings, { path, signal }),
    insert: (body, options) => sendRows(undefined, body, options),
    replace: (body, options) => sendRows('PUT', body, options),
    put: async (key, row, options) => sendBody<Row>('PUT', rowPath(key), row, options),
    patch: async (key, fields, options) => sendBody<Row>('PATCH', rowPath(key), fields, options),
    async delete(key, { signal } = {}) {
      await requestData(settings, { path: rowPath(key), method: 'DELETE', signal })
    },
    async deleteWhere(where, { signal } = {}) {
      const params = new URLSearchParams()
      addWhere(params, where)
      const request = { path: `${path}/rows`, params, method: 'DELETE', signal } as const
      return (await requestData<{ readonly deleted: number }>(settings, request)).deleted
    },
    declare: async (definition, options) => sendBody<Dataset>('PUT', path, definition, options),
    async remove({ signal } = {}) {
      await requestData(settings, { path, method: 'DELETE', signal })
    },
  }
}

const jsonBody = { contentType: formats.json }

function typesParam(types: InsertOptions['types']): readonly string[] | undefined {
  if (types === undefined) return undefined
  if (types === 'auto') return [types]
  const parts = Object.entries(types).map(([name, type]) => `${name}:${type}`)
  return parts.length === 0 ? undefined : parts
}
