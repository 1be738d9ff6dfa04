import { invalidParameter, keptIntervals } from '@barkeep/core'
import Type, { type Static } from 'typebox'
import type { Config } from '../../config.js'
import type { BackfillRequest } from '../../crawl/gaps/backfill.js'
import {
  type GapPosition,
  type GapReason,
  type GapsRead,
  gapBoundaryQuery,
  gapColumns,
  gapReasons,
  gapsQuery,
  quietReasons,
} from '../../store/gaps/gaps-sql.js'
import { dateBound } from '../calendar-routes.js'
import type { Api, ApiContext } from '../context.js'
import { oneArrowStream } from '../formats/arrow-framing.js'
import { gapMessage } from '../formats/protobuf-schema.js'
import { chooseFormat, engineFormats, rowContent, rowFormats, sendRows } from '../formats/rows-answer.js'
import { choice, list, oneOf, querySchema, text, whole } from '../schema/query-schema.js'
import { envelope } from '../schema/wire-schemas.js'
import { estimateSchema } from './crawl-routes.js'

const tags = ['crawl']
const reasons = [...gapReasons, ...quietReasons] as const
const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2024-11-01'] })
const clockOrNull = Type.Union([Type.String({ examples: ['10:00'] }), Type.Null()])

const gapSchema = Type.Object({
  scope: Type.String({ description: 'An instrument, or the exchange where no instrument has a bar.' }),
  interval: Type.Enum([...keptIntervals]),
  start: Type.String({ format: 'date', description: 'First session date.' }),
  end: Type.String({ format: 'date', description: 'Not included.' }),
  from: clockOrNull,
  to: clockOrNull,
  reason: Type.Enum([...reasons]),
})

const backfillBody = Type.Object(
  {
    exchange: Type.Optional(Type.String({ maxLength: 40 })),
    instruments: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { minItems: 1, maxItems: 100_000 })),
    interval: Type.Optional(Type.Enum([...keptIntervals])),
    start: Type.Optional(date),
    end: Type.Optional(date),
    reasons: Type.Optional(Type.Array(Type.Enum([...reasons]), { minItems: 1, maxItems: reasons.length })),
    connector: Type.Optional(Type.String({ maxLength: 40 })),
    first: Type.Optional(Type.Enum(['newest', 'oldest'])),
  },
  { additionalProperties: false },
)
const backfillSchema = Type.Object({
  gaps: Type.Integer({ description: 'Rows of /v1/gaps.' }),
  crawls: Type.Array(
    Type.Object({
      id: Type.Union([Type.Integer(), Type.Null()]),
      connector: Type.String(),
      plan: Type.String(),
      interval: Type.Enum([...keptIntervals]),
      windows: Type.Integer(),
      estimate: estimateSchema,
    }),
  ),
  unreachable: Type.Integer({ description: 'Stretches that no connector can bring.' }),
})

export function gapRoutes(app: Api, context: ApiContext): void {
  listGaps(app, context)
  orderBackfill(app, context)
}

function listGaps(app: Api, { store, config, crawl }: ApiContext): void {
  app.get(
    '/v1/gaps',
    {
      schema: {
        tags,
        summary: 'What is missing, in runs of sessions, with the reason',
        description: [
          'A day is expected of every instrument that is listed, on every session of its exchange that is over; finer bars of',
          'each session on which the instrument was traded, hour by hour.',
          'Certain are never-asked, failed, zeros, and upstream-hole: an upstream spoke for the session, and bars of another',
          'interval show that there was a trade, or it told a bar that could not be kept. zeros: the bar that it told, or that is',
          'kept, has no prices. market-day: no instrument has a bar, and nobody said that it was closed.',
          'A day without a bar that an upstream spoke for counts as no-trade, and as halted where the instrument was traded on',
          'each of the sessions before; no upstream says so. An hour with any bar counts as whole.',
        ].join(' '),
        querystring: gapsQuerySchema(config),
        response: { 200: rowContent(gapSchema) },
      },
    },
    async (request, reply) => {
      const { query } = request
      const { exchange, instruments, interval, limit: asked } = query
      const [start, end] = [dateBound('start', query.start), dateBound('end', query.end)]
      const parts = await crawl.gaps.find({ exchange, instruments, interval, start, end })
      const format = chooseFormat(query.format, request)
      const limit = asked ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
      const after = readGapCursor(query.cursor)
      const read: GapsRead = { parts, reasons: readReasons(query), ...(after !== undefined && { after }) }
      const { sql, params } = gapsQuery(limit === undefined ? read : { ...read, limit })
      return sendRows(request, reply, {
        format,
        columns: gapColumns,
        params: query,
        message: gapMessage,
        rows(signal) {
          const chunks = store.stream(sql, params, engineFormats[format], signal)
          return format === 'arrow' ? oneArrowStream(chunks) : chunks
        },
        ...(limit !== undefined && {
          async nextCursor() {
            const boundary = gapBoundaryQuery(read, limit)
            const [last, following] = await store.rows<{ position: GapPosition }>(boundary.sql, boundary.params)
            return last === undefined || following === undefined ? null : writeGapCursor(last.position)
          },
        }),
      })
    },
  )
}

function orderBackfill(app: Api, { crawl: { backfill } }: ApiContext): void {
  app.post(
    '/v1/backfills',
    {
      schema: {
        tags,
        summary: 'Ask upstreams for what is missing and nothing else, or ask what that would take',
        querystring: querySchema({
          dry_run: choice(['true', 'false'], 'true only plans: nothing is asked of upstreams.'),
        }),
        body: backfillBody,
        response: { 200: envelope(backfillSchema) },
      },
    },
    async ({ query, body }) => {
      const request: BackfillRequest = body
      // As in a query: years beyond those of the store would be looked at day by day.
      for (const name of ['start', 'end'] as const) dateBound(name, body[name])
      const data = query.dry_run === 'true' ? await backfill.plan(request) : await backfill.run(request)
      return { request: { params: { ...query } }, data, links: { crawls: '/v1/crawls', gaps: '/v1/gaps' } }
    },
  )
}

function gapsQuerySchema(config: Config) {
  return querySchema({
    exchange: text('All instruments of an exchange; of all exchanges where neither is given.', { example: 'TWSE' }),
    instruments: list('Instruments; they exclude exchange.', 'TWSE:2330'),
    interval: choice(keptIntervals, 'All that the exchange has bars of, unless given.'),
    start: text('First session date; the first bar of the interval, unless given.', { example: '2024-11-01' }),
    end: text('The same, not included; the last session that is over, unless given.'),
    reasons: list(
      `Of ${reasons.join(', ')}; the last ${quietReasons.length} explain what is absent and not missing. Unless given, the others.`,
      'never-asked',
    ),
    limit: whole(1, config['api.rowsPerPageMax'], 'Rows of a page. JSON always has pages, the others only with it.'),
    cursor: text('next_cursor of the page before.'),
    format: choice(rowFormats, 'Instead of an Accept header.'),
  })
}

function readReasons({ reasons: named }: Static<ReturnType<typeof gapsQuerySchema>>): readonly GapReason[] {
  return named === undefined ? gapReasons : named.map((name) => oneOf('reasons', name, reasons))
}

/** Where a page ended, as text that callers need not understand. */
function writeGapCursor(position: GapPosition): string {
  return Buffer.from(position.join('.')).toString('base64url')
}

function readGapCursor(cursor: string | undefined): GapPosition | undefined {
  if (cursor === undefined) return undefined
  const match = /^(\d{1,4})\.(-1|\d{1,10})\.(\d{1,6})\.(\d{1,4})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  )
  if (match !== null) return [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])]
  throw invalidParameter('cursor', cursor, 'is not a cursor of this route. Give back next_cursor as it came.')
}
