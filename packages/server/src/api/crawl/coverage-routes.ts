import { invalidParameter } from '@barkeep/core'
import Type from 'typebox'
import {
  type CoveragePosition,
  type CoverageRead,
  coverageBoundaryQuery,
  coverageColumns,
  coverageQuery,
} from '../../store/gaps/coverage-sql.js'
import { dateBound } from '../calendar-routes.js'
import type { Api, ApiContext } from '../context.js'
import { oneArrowStream } from '../formats/arrow-framing.js'
import { coverageMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, engineFormats, rowContent, rowFormats, sendRows } from '../formats/rows-answer.js'
import { choice, querySchema, text, whole } from '../schema/query-schema.js'

const coverageSchema = Type.Object({
  scope: Type.String({ description: 'An instrument, or a whole exchange.' }),
  of: Type.String({ description: 'A kept interval of bars, or the name of a dataset.' }),
  start: Type.String({ format: 'date', description: 'First session date.' }),
  end: Type.String({ format: 'date', description: 'Not included.' }),
  connector: Type.String(),
  outcome: Type.String({ description: '`page`, or the reason why there was none.' }),
  known_at: Type.String({ format: 'date-time' }),
})

export function coverageRoutes(app: Api, { store, config }: ApiContext): void {
  app.get(
    '/v1/coverage',
    {
      schema: {
        tags: ['crawl'],
        summary: 'What was asked of upstreams and what came back',
        querystring: querySchema({
          scope: text('An instrument, or an exchange with its instruments.', { example: 'TWSE' }),
          of: text('A kept interval, or the name of a dataset.', { example: '1d' }),
          start: text('What reaches beyond this session date.', { example: '2024-11-01' }),
          end: text('What begins before it.'),
          limit: whole(1, config['api.rowsPerPageMax'], 'Rows of a page. JSON always has pages.'),
          cursor: text('next_cursor of the page before.'),
          format: choice(rowFormats, 'Instead of an Accept header.'),
        }),
        response: { 200: rowContent(coverageSchema) },
      },
    },
    async (request, reply) => {
      const { query } = request
      const [start, end] = [dateBound('start', query.start), dateBound('end', query.end)]
      const format = chooseFormat(query.format, request)
      const limit = query.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const after = readCoverageCursor(query.cursor)
      const read: CoverageRead = {
        ...(query.scope !== undefined && { scope: query.scope }),
        ...(query.of !== undefined && { of: query.of }),
        ...(start !== undefined && { start }),
        ...(end !== undefined && { end }),
        ...(after !== undefined && { after }),
      }
      const { sql, params } = coverageQuery(limit === undefined ? read : { ...read, limit })
      return sendRows(request, reply, {
        format,
        columns: coverageColumns,
        params: query,
        message: coverageMessage,
        rows(signal) {
          const chunks = store.stream(sql, params, engineFormats[format], signal)
          return format === 'arrow' ? oneArrowStream(chunks) : chunks
        },
        ...(limit !== undefined && {
          async nextCursor() {
            const boundary = coverageBoundaryQuery(read, limit)
            const [last, following] = await store.rows<CoverageRow>(boundary.sql, boundary.params)
            return last === undefined || following === undefined ? null : writeCoverageCursor(last)
          },
        }),
      })
    },
  )
}

interface CoverageRow {
  readonly of: string
  readonly scope: string
  readonly start: string
  readonly end: string
  readonly connector: string
}

/** Where a page ended, as text that callers need not understand. */
function writeCoverageCursor({ of, scope, start, end, connector }: CoverageRow): string {
  return Buffer.from(JSON.stringify([of, scope, start, end, connector] satisfies CoveragePosition)).toString(
    'base64url',
  )
}

function readCoverageCursor(cursor: string | undefined): CoveragePosition | undefined {
  if (cursor === undefined) return undefined
  const parts = parseTexts(Buffer.from(cursor, 'base64url').toString('utf8'))
  const [of, scope, start, end, connector] = parts ?? []
  const areDates = [start, end].every((date) => date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(date))
  if (of !== undefined && scope !== undefined && start !== undefined && end !== undefined && connector !== undefined) {
    if (areDates) return [of, scope, start, end, connector]
  }
  throw invalidParameter('cursor', cursor, 'is not a cursor of this route. Give back next_cursor as it came.')
}

function parseTexts(json: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(json)
    const isSound = Array.isArray(parsed) && parsed.every((part): part is string => typeof part === 'string')
    return isSound ? parsed : undefined
  } catch {
    return undefined
  }
}
