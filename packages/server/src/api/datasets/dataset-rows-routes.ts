import { type DatasetPages, tellsTotal } from '../../store/datasets/dataset-pages.js'
import type { Api, ApiContext } from '../context.js'
import { datasetMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, rowContent, sendPage, sendRows } from '../formats/rows-answer.js'
import { isLineFormat } from '../formats/rows-writer.js'
import { envelope } from '../schema/wire-schemas.js'
import { readRowsRequest, rowsQuerySchema, writeRowCursor } from './dataset-request.js'
import { heldRow, nextRowCursor, rowsStream } from './dataset-rows.js'
import { keyParams, nameParam, none, rowSchema, tags } from './dataset-schemas.js'

/** Reading rows of datasets. */
export function datasetRowsRoutes(app: Api, { store, sources, config }: ApiContext, pages: DatasetPages): void {
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
      const source = sources.get(request.params.name)
      const read = readRowsRequest(request.query, source)
      const format = chooseFormat(request.query.format, request)
      const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const answer = {
        columns: read.columns.map(({ name }) => name),
        params: request.query,
        ...(format === 'protobuf' && { message: datasetMessage(source.dataset) }),
      }
      if (limit !== undefined && isLineFormat(format)) {
        const page = await pages.page(read, limit)
        const next = page?.next === null || page === undefined ? null : writeRowCursor(page.next)
        if (page !== undefined) return sendPage(request, reply, { ...answer, ...page, format, next })
      }
      const page = limit === undefined ? read : { ...read, limit }
      return sendRows(request, reply, {
        ...answer,
        format,
        rows: (signal) => rowsStream(store, page, format, signal),
        ...(tellsTotal(read) && { total: () => pages.total(read) }),
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
      data: await heldRow(pages, sources.get(name), key),
      links: rowLinks(name, key),
    }),
  )
}

export function rowLinks(name: string, key: string): Record<string, string> {
  return { self: `/v1/datasets/${name}/rows/${encodeURIComponent(key)}`, dataset: `/v1/datasets/${name}` }
}
