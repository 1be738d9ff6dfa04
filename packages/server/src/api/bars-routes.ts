import { invalidParameter, isKeptInterval, keptIntervals } from '@barkeep/core'
import Type from 'typebox'
import { barsStream, nextBarsCursor } from './bars-answer.js'
import { barsQuerySchema, readBarsRequest } from './bars-request.js'
import { bodyFormat, bulkBodySchema, bulkRoutes } from './bulk-body.js'
import type { Api, ApiContext } from './context.js'
import { barMessage } from './protobuf-schema.js'
import { querySchema, text } from './query-schema.js'
import { chooseFormat, rowContent, sendRows } from './rows-answer.js'
import { barSchema, envelope, ingestReportSchema } from './wire-schemas.js'

export function barsRoutes(app: Api, context: ApiContext): void {
  const { store, catalog, config, now } = context
  const querystring = barsQuerySchema(config)
  app.get(
    '/v1/bars',
    {
      schema: {
        tags: ['bars'],
        summary: 'Bars of any interval',
        querystring,
        response: { 200: rowContent(barSchema) },
      },
    },
    async (request, reply) => {
      const { query } = request
      const format = chooseFormat(query.format, request)
      const read = readBarsRequest(query, catalog, config, now())
      const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const page = limit === undefined ? read : { ...read, limit }
      return sendRows(request, reply, {
        format,
        columns: read.columns,
        params: query,
        message: barMessage,
        rows: (signal) => barsStream(store, catalog, page, format, signal),
        ...(limit !== undefined && { nextCursor: () => nextBarsCursor(store, read, limit) }),
      })
    },
  )
  bulkRoutes(app, (bulk) => postBars(bulk, context))
}

function postBars(app: Api, { ingest, idempotency, config }: ApiContext): void {
  app.post(
    '/v1/bars/:interval',
    {
      schema: {
        tags: ['bars'],
        summary: 'Create or replace bars, all or none',
        description: 'A bar of an unknown instrument on a known exchange creates the instrument.',
        params: Type.Object({ interval: Type.Enum([...keptIntervals]) }),
        querystring: querySchema({
          source: text('Who tells these bars; api unless told.', { example: 'mine', pattern: '^[\\w.:-]{1,64}$' }),
        }),
        response: { 201: envelope(ingestReportSchema) },
      },
      config: { bulkBody: bulkBodySchema(barSchema) },
    },
    async (request, reply) => {
      const { interval } = request.params
      if (!isKeptInterval(interval)) {
        const kept = `bars are kept as ${keptIntervals.join(', ')}; the others are derived.`
        throw invalidParameter('interval', interval, kept)
      }
      const { source = 'api' } = request.query
      const format = bodyFormat(request)
      const bytesMax = config['api.bodyBytesMax']
      const key = request.headers['idempotency-key']?.toString()
      const report = await idempotency.once(key, `${request.url} ${format}`, request.raw, (body) =>
        ingest.store({ interval, format, body, bytesMax, source }),
      )
      return reply.code(201).send({
        request: { params: { interval, source } },
        data: report,
        links: { bars: `/v1/bars?interval=${interval}` },
      })
    },
  )
}
