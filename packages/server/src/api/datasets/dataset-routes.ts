import type { Dataset } from '@barkeep/core'
import Type from 'typebox'
import type { Config } from '../../config.js'
import { DatasetPages } from '../../store/datasets/dataset-pages.js'
import type { Api, ApiContext } from '../context.js'
import { envelope, pageEnvelope } from '../schema/wire-schemas.js'
import { refuseReadOnly } from './dataset-read-only.js'
import { datasetRowsRoutes } from './dataset-rows-routes.js'
import { datasetSchema, definitionBody, nameParam, none, tags } from './dataset-schemas.js'
import { datasetWriteRoutes } from './dataset-write-routes.js'
import { plainApi, plainPaths } from './plain-api.js'

/** Datasets: what they are, their rows, and the same rows as the plain paged API. */
export function datasetRoutes(app: Api, context: ApiContext): void {
  const { store, config } = context
  const pages = new DatasetPages(store, {
    rowsAhead: config['api.pageAheadRows'],
    bytesMax: config['api.pageCacheBytesMax'],
  })
  refuseReadOnly(app, context)
  describeDatasets(app, context)
  declareDatasets(app, context)
  datasetRowsRoutes(app, context, pages)
  datasetWriteRoutes(app, context)
  plainApi(app, context, pages)
}

function describeDatasets(app: Api, { sources, config }: ApiContext): void {
  app.get(
    '/v1/datasets',
    { schema: { tags, summary: 'Datasets', querystring: none, response: { 200: pageEnvelope(datasetSchema) } } },
    async () => ({
      request: { params: {} },
      data: sources.all.map(({ dataset }) => dataset),
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
    async ({ params: { name } }) => datasetAnswer(sources.get(name).dataset, config),
  )
}

function declareDatasets(app: Api, { sources, datasetChanges, config }: ApiContext): void {
  app.put(
    '/v1/datasets/:name',
    {
      schema: {
        tags,
        summary: 'Declare a dataset, or change what is told of it',
        description: 'Columns can be added where they are nullable; no other change of key and columns is possible.',
        params: nameParam,
        querystring: none,
        body: definitionBody,
        response: { 200: envelope(datasetSchema), 201: envelope(datasetSchema) },
      },
    },
    async ({ params: { name }, body }, reply) => {
      const { title = name, licence = null, source = null, key } = body
      const columns = body.columns.map(({ nullable, ...column }) => ({
        ...column,
        nullable: nullable ?? !key.includes(column.name),
      }))
      const { created } = await datasetChanges.declare({ name, title, licence, source, key, columns })
      return reply.code(created ? 201 : 200).send(datasetAnswer(sources.get(name).dataset, config))
    },
  )

  app.delete(
    '/v1/datasets/:name',
    {
      schema: {
        tags,
        summary: 'Remove a dataset with its rows',
        params: nameParam,
        querystring: none,
        response: { 200: envelope(Type.Object({ dataset: Type.String() })) },
      },
    },
    async ({ params: { name } }) => {
      await datasetChanges.remove(name)
      return { request: { params: { name } }, data: { dataset: name }, links: { datasets: '/v1/datasets' } }
    },
  )
}

function datasetAnswer(dataset: Dataset, config: Config) {
  const { name } = dataset
  const [plain] = plainPaths(config)
  const self = `/v1/datasets/${name}`
  return {
    request: { params: { name } },
    data: dataset,
    links: { self, rows: `${self}/rows`, ...(plain && { plain: `${plain}/${name}` }), protobuf: `${self}.proto` },
  }
}
