import { BarkeepError, columnTypes, type Dataset } from '@barkeep/core'
import Type from 'typebox'
import { type DatasetRead, type RowPosition, rowBoundaryQuery, rowsQuery, totalQuery } from '../store/dataset-sql.js'
import type { StoredDataset } from '../store/datasets.js'
import type { Store } from '../store/store.js'
import { oneArrowStream } from './arrow-framing.js'
import { bodyFormat, bulkBodySchema, bulkRoutes } from './bulk-body.js'
import type { Api, ApiContext } from './context.js'
import { readKey, readRowsRequest, rowsQuerySchema, writeRowCursor } from './dataset-request.js'
import { list, querySchema, text } from './query-schema.js'
import { chooseFormat, engineFormats, rowContent, sendRows } from './rows-answer.js'
import { envelope, pageEnvelope } from './wire-schemas.js'

const tags = ['datasets']
const none = querySchema({})
const nameParam = Type.Object({ name: Type.String({ examples: ['birds'] }) })
const rowSchema = Type.Record(Type.String(), Type.Unknown(), { description: 'A row; its dataset tells the columns.' })
const datasetSchema = Type.Object({
  name: Type.String(),
  title: Type.String(),
  licence: Type.Union([Type.String(), Type.Null()]),
  source: Type.Union([Type.String(), Type.Null()]),
  key: Type.Array(Type.String(), { description: 'Columns that tell a row from all others.' }),
  columns: Type.Array(
    Type.Object({ name: Type.String(), type: Type.Enum([...columnTypes]), nullable: Type.Boolean() }),
  ),
})

export function datasetRoutes(app: Api, context: ApiContext): void {
  describeDatasets(app, context)
  readRows(app, context)
  bulkRoutes(app, (bulk) => postRows(bulk, context))
}

function describeDatasets(app: Api, { datasets }: ApiContext): void {
  app.get(
    '/v1/datasets',
    { schema: { tags, summary: 'Datasets', querystring: none, response: { 200: pageEnvelope(datasetSchema) } } },
    async () => ({
      request: { params: {} },
      data: datasets.all.map(publicDataset),
      next_cursor: null,
      links: { self: '/v1/datasets' },
    }),
  )

  app.get(
    '/v1/datasets/:name',
    {
      schema: {
        tags,
        summary: 'Schema, key, title and licence of a dataset',
        params: nameParam,
        querystring: none,
        response: { 200: envelope(datasetSchema) },
      },
    },
    async ({ params: { name } }) => ({
      request: { params: { name } },
      data: publicDataset(datasets.get(name)),
      links: { self: `/v1/datasets/${name}`, rows: `/v1/datasets/${name}/rows` },
    }),
  )
}

function readRows(app: Api, { store, datasets, config }: ApiContext): void {
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
      const read = readRowsRequest(request.query, datasets.get(request.params.name))
      const format = chooseFormat(request.query.format, request)
      const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const { sql, params } = rowsQuery(limit === undefined ? read : { ...read, limit })
      return sendRows(request, reply, {
        format,
        columns: read.columns.map(({ name }) => name),
        params: request.query,
        rows(signal) {
          const chunks = store.stream(sql, params, engineFormats[format], signal)
          return format === 'arrow' ? oneArrowStream(chunks) : chunks
        },
        total: () => countRows(store, read),
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
        params: Type.Object({ ...nameParam.properties, key: Type.String({ examples: ['40298'] }) }),
        querystring: none,
        response: { 200: envelope(rowSchema) },
      },
    },
    async ({ params: { name, key } }) => {
      const dataset = datasets.get(name)
      const { sql, params } = rowsQuery(readKey(key, dataset))
      const [row] = await store.rows<Record<string, unknown>>(sql, params)
      if (row === undefined) {
        const message = `${name} has no row '${key.slice(0, 60)}'. A key is the value of ${dataset.key.join(', ')}.`
        throw new BarkeepError('NOT_FOUND', {
          message,
          errors: [{ code: 'NOT_FOUND', parameter: 'key', value: key.slice(0, 60), message }],
        })
      }
      const self = `/v1/datasets/${name}/rows/${encodeURIComponent(key)}`
      return { request: { params: { name, key } }, data: row, links: { self, dataset: `/v1/datasets/${name}` } }
    },
  )
}

function postRows(app: Api, { datasetIngest, idempotency, config }: ApiContext): void {
  app.post(
    '/v1/datasets/:name/rows',
    {
      schema: {
        tags,
        summary: 'Create or replace rows, all or none',
        description: 'The first body makes the dataset: its columns and types are those of the body, its key is `key`.',
        params: nameParam,
        querystring: querySchema({
          key: list('Columns that tell a row from all others; needed where the dataset is new.', 'BirdNo'),
          title: text('Title of a new dataset.'),
          licence: text('Licence of a new dataset.'),
          source: text('Where a new dataset comes from.'),
        }),
        response: {
          201: envelope(
            Type.Object({
              dataset: Type.String(),
              rows: Type.Integer(),
              replaced: Type.Integer(),
              created: Type.Boolean(),
            }),
          ),
        },
      },
      config: { bulkBody: bulkBodySchema(rowSchema) },
    },
    async (request, reply) => {
      const { name } = request.params
      const { key = [], title = name, licence = null, source = null } = request.query
      const format = bodyFormat(request)
      const bytesMax = config['api.bodyBytesMax']
      const idempotencyKey = request.headers['idempotency-key']?.toString()
      const report = await idempotency.once(idempotencyKey, `${request.url} ${format}`, request.raw, (body) =>
        datasetIngest.store({ name, format, body, bytesMax, declare: { key, title, licence, source } }),
      )
      return reply.code(201).send({
        request: { params: { name, ...request.query } },
        data: report,
        links: { dataset: `/v1/datasets/${name}`, rows: `/v1/datasets/${name}/rows` },
      })
    },
  )
}

function publicDataset({ id: _, ...dataset }: StoredDataset): Dataset {
  return dataset
}

async function countRows(store: Store, read: DatasetRead): Promise<number> {
  const { sql, params } = totalQuery(read)
  return (await store.rows<{ '#n': number }>(sql, params))[0]?.['#n'] ?? 0
}

async function nextRowCursor(store: Store, read: DatasetRead, limit: number): Promise<string | null> {
  const { sql, params } = rowBoundaryQuery(read, limit)
  const [last, following] = await store.rows<Record<string, RowPosition['values'][number]>>(sql, params)
  if (last === undefined || following === undefined) return null
  return writeRowCursor({ values: read.sort.map((_, index) => last[`#v${index}`] ?? null), row: Number(last['#at']) })
}
