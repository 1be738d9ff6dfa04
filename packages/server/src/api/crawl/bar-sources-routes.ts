import { invalidParameter, keptIntervals } from '@barkeep/core'
import Type from 'typebox'
import {
  type BarSourcePosition,
  type BarSourcesRead,
  barSourceColumns,
  barSourcesQuery,
} from '../../store/bars/bar-sources-sql.js'
import { readParts } from '../bars/bars-request.js'
import type { Api, ApiContext } from '../context.js'
import { oneArrowStream } from '../formats/arrow-framing.js'
import { barSourceMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, engineFormats, rowContent, rowFormats, sendRows } from '../formats/rows-answer.js'
import { choice, list, querySchema, text, whole } from '../schema/query-schema.js'

const sourceSchema = Type.Object({
  exchange: Type.String(),
  date: Type.String({ format: 'date', description: 'Session date; of bars at night, their date at the exchange.' }),
  source: Type.String({ description: 'Who told the bars.' }),
  instruments: Type.Integer({ description: 'Of how many instruments.' }),
  kept: Type.Integer({ description: 'Bars of this source that are kept.' }),
  outranked: Type.Integer({ description: 'Bars that it told as well, where those of a better source are kept.' }),
})

export function barSourcesRoutes(app: Api, { store, catalog, config }: ApiContext): void {
  app.get(
    '/v1/coverage/sources',
    {
      schema: {
        tags: ['crawl'],
        summary: 'Who told the bars of which day, and whose are kept',
        querystring: querySchema({
          interval: Type.Enum([...keptIntervals], { description: 'A kept interval.', examples: ['1d'] }),
          instruments: list('Instruments; leave it out for all.', 'SIM:1001'),
          exchange: text('All instruments of an exchange.', { example: 'SIM' }),
          start: text('A session date, or an instant with an offset.', { example: '2026-11-02' }),
          end: text('The same, not included.', { example: '2026-11-21' }),
          limit: whole(1, config['api.rowsPerPageMax'], 'Rows of a page. JSON always has pages.'),
          cursor: text('next_cursor of the page before.'),
          format: choice(rowFormats, 'Instead of an Accept header.'),
        }),
        response: { 200: rowContent(sourceSchema) },
      },
    },
    async (request, reply) => {
      const { query } = request
      const format = chooseFormat(query.format, request)
      const limit = query.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const after = readCursor(query.cursor)
      const read: BarSourcesRead = {
        interval: query.interval,
        parts: readParts(query, catalog, config),
        ...(after !== undefined && { after }),
      }
      const { sql, params } = barSourcesQuery(limit === undefined ? read : { ...read, limit })
      return sendRows(request, reply, {
        format,
        columns: barSourceColumns,
        params: query,
        message: barSourceMessage,
        rows(signal) {
          const chunks = store.stream(sql, params, engineFormats[format], signal)
          return format === 'arrow' ? oneArrowStream(chunks) : chunks
        },
        ...(limit !== undefined && {
          async nextCursor() {
            const boundary = barSourcesQuery({ ...read, limit: 2, offset: limit - 1 })
            const [last, following] = await store.rows<SourceRow>(boundary.sql, boundary.params)
            return last === undefined || following === undefined ? null : writeCursor(last)
          },
        }),
      })
    },
  )
}

interface SourceRow {
  readonly exchange: string
  readonly date: string
  readonly source: string
}

function writeCursor({ exchange, date, source }: SourceRow): string {
  return Buffer.from(`${exchange} ${date} ${source}`).toString('base64url')
}

function readCursor(cursor: string | undefined): BarSourcePosition | undefined {
  if (cursor === undefined) return undefined
  const match = /^(\S+) (\d{4}-\d{2}-\d{2}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  const [, exchange, date, source] = match ?? []
  if (exchange !== undefined && date !== undefined && source !== undefined) return [exchange, date, source]
  throw invalidParameter('cursor', cursor, 'is not a cursor of this route. Give back next_cursor as it came.')
}
