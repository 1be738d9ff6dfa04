import { noRow } from '../store/dataset-changes.js'
import type { DatasetPages } from '../store/dataset-pages.js'
import { type DatasetRead, placeOf, type RowValue, rowBoundaryQuery, rowsQuery } from '../store/dataset-sql.js'
import type { StoredDataset } from '../store/datasets.js'
import type { Store } from '../store/store.js'
import { oneArrowStream } from './arrow-framing.js'
import type { Api, ApiContext } from './context.js'
import { readKey, readRowsRequest, rowsQuerySchema, writeRowCursor } from './dataset-request.js'
import { keyParams, nameParam, none, rowSchema, tags } from './dataset-schemas.js'
import { datasetMessage } from './protobuf-schema.js'
import { chooseFormat, engineFormats, rowContent, sendPage, sendRows } from './rows-answer.js'
import { isLineFormat } from './rows-writer.js'
import { envelope } from './wire-schemas.js'

/** Reading rows of datasets. */
export function datasetRowsRoutes(app: Api, { store, datasets, config }: ApiContext, pages: DatasetPages): void {
  app.get(
    '/v1/datasets/:name/rows',
    {
      schema: {
        tags,
        summary: 'Rows of a dataset',
        description:
          'Any other parameter filters: `field=value`, `field.gt=`, `field.gte=`, `field.lt=`, `field.lte=`, `field.in=a,b`.',
        params: nameParam,
        querystring: rowsQuerySchema(config),
        response: { 200: rowContent(rowSchema) },
      },
    },
    async (request, reply) => {
      const dataset = datasets.get(request.params.name)
      const read = readRowsRequest(request.query, dataset)
      const format = chooseFormat(request.query.format, request)
      const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const answer = {
        columns: read.columns.map(({ name }) => name),
        params: request.query,
        ...(format === 'protobuf' && { message: datasetMessage(dataset) }),
      }
      if (limit !== undefined && isLineFormat(format)) {
        const page = await pages.page(read, limit)
        const next = page?.next === null || page === undefined ? null : writeRowCursor(page.next)
        if (page !== undefined) return sendPage(request, reply, { ...answer, ...page, format, next })
      }
      const { sql, params } = rowsQuery(limit === undefined ? read : { ...read, limit })
      return sendRows(request, reply, {
        ...answer,
        format,
        rows(signal) {
          const chunks = store.stream(sql, params, engineFormats[format], signal)
          return format === 'arrow' ? oneArrowStream(chunks) : chunks
        },
        total: () => pages.total(read),
        ...(limit !== undefined && { nextCursor: () => nextRowCursor(store, read, limit) }),
      })
    },
  )

  app.get(
    '/v1/datasets/:name/rows/:key',
    {
      schema: {
        tags,
        summary: 'The row with a key',
        description: 'A key of several columns is given as its values joined by commas.',
        params: keyParams,
        querystring: none,
        response: { 200: envelope(rowSchema) },
      },
    },
    async ({ params: { name, key } }) => ({
      request: { params: { name, key } },
      data: await readRow(store, datasets.get(name), key),
      links: rowLinks(name, key),
    }),
  )
}

/** Throws NOT_FOUND. */
export async function readRow(store: Store, dataset: StoredDataset, key: string): Promise<Record<string, unknown>> {
  const { sql, params } = rowsQuery(readKey(key, dataset))
  const [row] = await store.rows<Record<string, unknown>>(sql, params)
  if (row === undefined) throw noRow(dataset, key)
  return row
}

export function rowLinks(name: string, key: string): Record<string, string> {
  return { self: `/v1/datasets/${name}/rows/${encodeURIComponent(key)}`, dataset: `/v1/datasets/${name}` }
}

async function nextRowCursor(store: Store, read: DatasetRead, limit: number): Promise<string | null> {
  const { sql, params } = rowBoundaryQuery(read, limit)
  const [last, following] = await store.rows<Record<string, RowValue>>(sql, params)
  return last === undefined || following === undefined ? null : writeRowCursor(placeOf(last, read))
}
