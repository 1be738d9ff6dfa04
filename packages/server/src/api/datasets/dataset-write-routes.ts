import { BarkeepError } from '@barkeep/core'
import Type from 'typebox'
import type { Api, ApiContext } from '../context.js'
import { bodyFormat, bulkBodySchema, bulkRoutes } from '../formats/bulk-body.js'
import { list, openQuerySchema, querySchema, text } from '../schema/query-schema.js'
import { envelope } from '../schema/wire-schemas.js'
import { readFilters, readRowKey, readTypes } from './dataset-request.js'
import { fieldsUnderKey } from './dataset-row-body.js'
import { readRow } from './dataset-rows.js'
import { rowLinks } from './dataset-rows-routes.js'
import { keyParams, nameParam, none, reportSchema, rowBody, rowSchema, tags } from './dataset-schemas.js'

const filtersQuery = openQuerySchema({})

/** Writing rows of datasets: many at once, or one by its key; each wholly or not at all. */
export function datasetWriteRoutes(app: Api, context: ApiContext): void {
  bulkRoutes(app, (bulk) => writeRows(bulk, context))
  deleteRows(app, context)
  writeRow(app, context)
}

function writeRows(app: Api, { datasetIngest, idempotency, config }: ApiContext): void {
  const ways = [
    { method: 'POST', summary: 'Create or replace rows, all or none', replacesAll: false },
    { method: 'PUT', summary: 'Replace all rows of a dataset at once', replacesAll: true },
  ] as const
  for (const { method, summary, replacesAll } of ways) {
    app.route({
      method,
      url: '/v1/datasets/:name/rows',
      schema: {
        tags,
        summary,
        description: 'The first body makes the dataset: its columns and types are those of the body, its key is `key`.',
        params: nameParam,
        querystring: querySchema({
          key: list('Columns that tell a row from all others; needed where the dataset is new.', 'BirdNo'),
          types: list(
            'Types of columns of a new dataset, such as `BirdNo:integer,SurveyDate:date`; or `auto`: the narrowest that all texts of a column fit.',
            'auto',
          ),
          title: text('Title of a new dataset.'),
          licence: text('Licence of a new dataset.'),
          source: text('Where a new dataset comes from.'),
        }),
        response: { [replacesAll ? 200 : 201]: envelope(reportSchema) },
      },
      config: { bulkBody: bulkBodySchema(rowSchema) },
      async handler(request, reply) {
        const { name } = request.params
        requireKeyBeside(request.query)
        const { key = [], types, title = name, licence = null, source = null } = request.query
        const declare = { key, title, licence, source, ...(types !== undefined && { types: readTypes(types) }) }
        const format = bodyFormat(request)
        const bytesMax = config['api.bodyBytesMax']
        const idempotencyKey = request.headers['idempotency-key']?.toString()
        const asked = `${method} ${request.url} ${format}`
        const report = await idempotency.once(idempotencyKey, asked, request.raw, (body) =>
          datasetIngest.store({ name, format, body, bytesMax, declare, replacesAll }),
        )
        return reply.code(replacesAll ? 200 : 201).send({
          request: { params: { name, ...request.query } },
          data: report,
          links: { dataset: `/v1/datasets/${name}`, rows: `/v1/datasets/${name}/rows` },
        })
      },
    })
  }
}

/** What is told of a new dataset says nothing without its key. Throws INCLUSIVE_PARAMETERS. */
function requireKeyBeside({ key, ...query }: { key?: string[]; title?: string; licence?: string; source?: string }) {
  const told = (['title', 'licence', 'source'] as const).find((name) => query[name] !== undefined)
  if (told === undefined || key !== undefined) return
  const message = `${told} describes a new dataset, which needs key too. Add key=, or leave ${told} out.`
  throw new BarkeepError('INCLUSIVE_PARAMETERS', {
    message,
    errors: [{ code: 'INCLUSIVE_PARAMETERS', parameter: told, message }],
  })
}

function deleteRows(app: Api, { datasets, datasetChanges }: ApiContext): void {
  app.delete(
    '/v1/datasets/:name/rows',
    {
      schema: {
        tags,
        summary: 'Delete the rows that filters name',
        description:
          'At least one filter: `field=value`, `field.gt=`, `field.gte=`, `field.lt=`, `field.lte=`, `field.in=a,b`.',
        params: nameParam,
        querystring: filtersQuery,
        response: { 200: envelope(Type.Object({ dataset: Type.String(), deleted: Type.Integer() })) },
      },
    },
    async ({ params: { name }, query }) => {
      const filters = readFilters({ ...query }, datasets.get(name))
      if (filters.length === 0) {
        const message = `Name the rows by a filter, such as a key. DELETE /v1/datasets/${name} removes all with the dataset.`
        throw new BarkeepError('MISSING_PARAMETER', { message })
      }
      return {
        request: { params: { name, ...query } },
        data: { dataset: name, deleted: await datasetChanges.deleteRows(name, filters) },
        links: { dataset: `/v1/datasets/${name}`, rows: `/v1/datasets/${name}/rows` },
      }
    },
  )
}

function writeRow(app: Api, { store, datasets, sources, datasetChanges }: ApiContext): void {
  const schema = { tags, params: keyParams, querystring: none }
  const url = '/v1/datasets/:name/rows/:key'

  app.put(
    url,
    {
      schema: {
        ...schema,
        summary: 'Create a row or replace it whole',
        body: rowBody,
        response: { 200: envelope(rowSchema), 201: envelope(rowSchema) },
      },
    },
    async ({ params: { name, key }, body }, reply) => {
      const dataset = datasets.get(name)
      const { created } = await datasetChanges.putRow(dataset, fieldsUnderKey(body, readRowKey(key, dataset), dataset))
      return reply.code(created ? 201 : 200).send({
        request: { params: { name, key } },
        data: await readRow(store, sources.get(name), key),
        links: rowLinks(name, key),
      })
    },
  )

  app.patch(
    url,
    {
      schema: {
        ...schema,
        summary: 'Change some fields of a row',
        body: rowBody,
        response: { 200: envelope(rowSchema) },
      },
    },
    async ({ params: { name, key }, body }) => {
      const dataset = datasets.get(name)
      const rowKey = readRowKey(key, dataset)
      await datasetChanges.patchRow(dataset, rowKey, fieldsUnderKey(body, rowKey, dataset))
      return {
        request: { params: { name, key } },
        data: await readRow(store, sources.get(name), key),
        links: rowLinks(name, key),
      }
    },
  )

  app.delete(
    url,
    {
      schema: {
        ...schema,
        summary: 'Delete a row',
        response: { 200: envelope(Type.Object({ dataset: Type.String(), deleted: Type.Integer() })) },
      },
    },
    async ({ params: { name, key } }) => {
      await datasetChanges.deleteRow(name, readRowKey(key, datasets.get(name)))
      return {
        request: { params: { name, key } },
        data: { dataset: name, deleted: 1 },
        links: { dataset: `/v1/datasets/${name}`, rows: `/v1/datasets/${name}/rows` },
      }
    },
  )
}
