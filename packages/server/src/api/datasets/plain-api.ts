import Type from 'typebox'
import type { Config } from '../../config.js'
import type { DatasetPages } from '../../store/datasets/dataset-pages.js'
import type { DatasetRead } from '../../store/datasets/dataset-sql.js'
import type { Api, ApiContext } from '../context.js'
import { datasetMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, rowContent, rowFormats, sendPage, sendRows } from '../formats/rows-answer.js'
import { isLineFormat } from '../formats/rows-writer.js'
import { choice, querySchema, whole } from '../schema/query-schema.js'
import { readRowKey } from './dataset-request.js'
import { fieldsUnderKey, newRow } from './dataset-row-body.js'
import { heldRow, readRow, rowsStream } from './dataset-rows.js'
import { none, rowBody, rowSchema, tags } from './dataset-schemas.js'

const totalHeader = 'x-datainfo-total'
const startHeader = 'x-datainfo-start'
const takeHeader = 'x-datainfo-take'

const datasetParam = Type.Object({ dataset: Type.String({ examples: ['birds'] }) })
const keyParams = Type.Object({ ...datasetParam.properties, key: Type.String({ examples: ['40298'] }) })

/**
 * Datasets without envelopes, for the simplest of clients: `GET /api/birds?$start=0&$take=10` is an array of rows, and
 * headers tell how many there are; `/api/birds/40298` is one row, which PUT and DELETE change.
 */
export function plainApi(app: Api, context: ApiContext, pages: DatasetPages): void {
  for (const path of plainPaths(context.config)) {
    list(app, path, context, pages)
    row(app, path, context, pages)
  }
}

/** Paths under which it answers. */
export function plainPaths(config: Config): readonly string[] {
  const paths = config['api.plainPaths'].split(',').map((path) => path.trim().replace(/\/+$/, ''))
  return paths.filter((path) => path !== '')
}

function list(app: Api, path: string, context: ApiContext, pages: DatasetPages): void {
  const { store, datasets, sources, datasetChanges, config } = context
  const readAll = (name: string): DatasetRead => {
    const source = sources.get(name)
    return { source, columns: source.dataset.columns, filters: [], sort: [] }
  }

  const querystring = querySchema({
    $start: whole(0, Number.MAX_SAFE_INTEGER, 'Rows before the page; 0 unless told.'),
    $take: whole(0, Number.MAX_SAFE_INTEGER, `Rows of the page; never more than ${config['api.plainTakeMax']}.`),
    format: choice(rowFormats, 'Instead of an Accept header.'),
  })

  app.head(
    `${path}/:dataset`,
    { schema: { params: datasetParam, querystring, hide: true } },
    async (request, reply) => {
      return reply.header(totalHeader, await pages.total(readAll(request.params.dataset))).send()
    },
  )

  app.get(
    `${path}/:dataset`,
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'Rows of a dataset as a bare list, by number',
        description:
          'X-DATAINFO-TOTAL tells how many rows there are, X-DATAINFO-START and X-DATAINFO-TAKE what this page is of them.',
        params: datasetParam,
        querystring,
        response: { 200: rowContent(rowSchema, Type.Array(rowSchema)) },
      },
    },
    async (request, reply) => {
      const read = readAll(request.params.dataset)
      const format = chooseFormat(request.query.format, request)
      const start = request.query.$start ?? 0
      const take = Math.min(request.query.$take ?? config['api.plainTakeMax'], config['api.plainTakeMax'])
      const page = isLineFormat(format) ? await pages.slice(read, start, take) : undefined
      reply.header(totalHeader, page?.total ?? (await pages.total(read)))
      reply.header(startHeader, start).header(takeHeader, take)
      const answer = {
        columns: read.columns.map(({ name }) => name),
        ...(format === 'protobuf' && { message: datasetMessage(read.source.dataset) }),
      }
      if (page !== undefined && isLineFormat(format)) {
        return sendPage(request, reply, { ...answer, format, lines: page.lines, next: null })
      }
      return sendRows(request, reply, {
        ...answer,
        format,
        rows: (signal) => rowsStream(store, { ...read, offset: start, limit: take }, format, signal),
      })
    },
  )

  app.post(
    `${path}/:dataset`,
    {
      schema: {
        tags,
        summary: 'Create a row',
        description: 'The dataset is declared first; a key that is taken is a CONFLICT.',
        params: datasetParam,
        querystring: none,
        body: rowBody,
        response: { 201: rowSchema },
      },
    },
    async ({ params, body }, reply) => {
      const dataset = datasets.get(params.dataset)
      const { key, fields } = newRow(body, dataset)
      await datasetChanges.createRow(dataset, key, fields)
      reply.code(201).header('location', `${path}/${dataset.name}/${encodeURIComponent(key.text)}`)
      return readRow(store, sources.get(dataset.name), key.text)
    },
  )
}

function row(app: Api, path: string, context: ApiContext, pages: DatasetPages): void {
  const { store, datasets, sources, datasetChanges } = context
  const url = `${path}/:dataset/:key`
  const schema = { tags, params: keyParams, querystring: none }

  app.get(
    url,
    { schema: { ...schema, summary: 'The bare row with a key', response: { 200: rowSchema } } },
    async ({ params: { dataset, key } }) => heldRow(pages, sources.get(dataset), key),
  )

  app.put(
    url,
    {
      schema: {
        ...schema,
        summary: 'Create a bare row or replace it whole',
        body: rowBody,
        response: { 200: rowSchema, 201: rowSchema },
      },
    },
    async ({ params, body }, reply) => {
      const dataset = datasets.get(params.dataset)
      const key = readRowKey(params.key, dataset)
      const { created } = await datasetChanges.putRow(dataset, fieldsUnderKey(body, key, dataset))
      reply.code(created ? 201 : 200)
      return readRow(store, sources.get(dataset.name), key.text)
    },
  )

  app.patch(
    url,
    { schema: { ...schema, summary: 'Change some fields of a bare row', body: rowBody, response: { 200: rowSchema } } },
    async ({ params, body }) => {
      const dataset = datasets.get(params.dataset)
      const key = readRowKey(params.key, dataset)
      await datasetChanges.patchRow(dataset, key, fieldsUnderKey(body, key, dataset))
      return readRow(store, sources.get(dataset.name), key.text)
    },
  )

  app.delete(
    url,
    { schema: { ...schema, summary: 'Delete the row with a key', response: { 204: Type.Null() } } },
    async ({ params }, reply) => {
      await datasetChanges.deleteRow(params.dataset, readRowKey(params.key, datasets.get(params.dataset)))
      return reply.code(204).send()
    },
  )
}
