import { keptIntervals } from '@barkeep/core'
import Type from 'typebox'
import { BarFactorsCache } from '../../store/bars/adjust-cache.js'
import type { AdjustWish } from '../../store/bars/adjust-read.js'
import type { BarsRead } from '../../store/bars/bars-read.js'
import type { Api, ApiContext } from '../context.js'
import { bodyFormat, bulkBodySchema, bulkRoutes } from '../formats/bulk-body.js'
import { barMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, rowContent, sendRows } from '../formats/rows-answer.js'
import { querySchema, text } from '../schema/query-schema.js'
import { barSchema, envelope, ingestReportSchema } from '../schema/wire-schemas.js'
import { barsStream, nextBarsCursor } from './bars-answer.js'
import { barsPage } from './bars-page.js'
import { barsQuerySchema, readAdjustWish, readBarsRequest } from './bars-request.js'

export function barsRoutes(app: Api, context: ApiContext): void {
  const { store, catalog, sources, config, now } = context
  const factors = new BarFactorsCache(store, sources)
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
      const asked = readBarsRequest(query, catalog, config, now())
      const read = await adjusted(factors, asked, readAdjustWish(query))
      const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const answer = { format, columns: read.columns, params: query, message: barMessage }
      // JSON tells the cursor behind its rows, so it can be read from them; headers must tell it before.
      if (limit !== undefined && format === 'json' && isPlaced(read)) {
        const page = barsPage(limit, (instrument) => catalog.instrument(instrument)?.id)
        const oneMore = { ...read, limit: limit + 1 }
        const rows = (signal: AbortSignal) => page.cut(barsStream(store, catalog, oneMore, format, signal))
        return sendRows(request, reply, { ...answer, rows, nextCursor: page.nextCursor })
      }
      const page = limit === undefined ? read : { ...read, limit }
      return sendRows(request, reply, {
        ...answer,
        rows: (signal) => barsStream(store, catalog, page, format, signal),
        ...(limit !== undefined && { nextCursor: () => nextBarsCursor(store, read, limit) }),
      })
    },
  )
  bulkRoutes(app, (bulk) => postBars(bulk, context))
}

/** The read with what its prices are multiplied by, where that is wanted and where there is anything. */
async function adjusted(cache: BarFactorsCache, read: BarsRead, wish: AdjustWish | undefined): Promise<BarsRead> {
  if (wish === undefined) return read
  const factors = await cache.find(read.parts, wish)
  return factors === undefined ? read : { ...read, factors }
}

/** Whether each row tells its place in the order of the answer. */
function isPlaced({ columns }: BarsRead): boolean {
  return columns.includes('instrument') && columns.includes('ts')
}

function postBars(app: Api, { ingest, idempotency, config }: ApiContext): void {
  app.post(
    '/v1/bars/:interval',
    {
      schema: {
        tags: ['bars'],
        summary: 'Create or replace bars, all or none',
        description: 'A bar of an unknown instrument on a known exchange creates the instrument.',
        params: Type.Object({
          interval: Type.Enum([...keptIntervals], { description: 'The others are derived on read.' }),
        }),
        querystring: querySchema({
          source: text('Who tells these bars; api unless told.', { example: 'mine', pattern: '^[\\w.:-]{1,64}$' }),
        }),
        response: { 201: envelope(ingestReportSchema) },
      },
      config: { bulkBody: bulkBodySchema(barSchema) },
    },
    async (request, reply) => {
      const { interval } = request.params
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
