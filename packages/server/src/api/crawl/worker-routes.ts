import {
  absenceReasons,
  BarkeepError,
  datasetNamePattern,
  type JsonObject,
  keptIntervals,
  shorten,
  wallClockOfDate,
} from '@barkeep/core'
import Type, { type Static } from 'typebox'
import type { CommitReport } from '../../crawl/crawl-sink.js'
import { readOutcome, readPages } from '../../crawl/worker/remote-sink-body.js'
import type { Api, ApiContext } from '../context.js'
import { sendProblem } from '../problem.js'
import { querySchema } from '../schema/query-schema.js'
import { envelope, instrumentSchema } from '../schema/wire-schemas.js'

const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
const name = Type.String({ minLength: 1, maxLength: 100 })
const jsonObject = Type.Unsafe<JsonObject>(Type.Object({}, { additionalProperties: true }))
/** What is not a number becomes null in JSON; the bar is refused by its rule then, and not the whole result. */
const numberOrNull = Type.Union([Type.Number(), Type.Null()])

const covers = Type.Array(
  Type.Object({ scope: name, of: name, start: date, end: date }, { description: 'Session dates, half-open.' }),
)
const barOfPage = Type.Object({
  instrument: name,
  ts: Type.String({ maxLength: 40 }),
  open: numberOrNull,
  high: numberOrNull,
  low: numberOrNull,
  close: numberOrNull,
  volume: numberOrNull,
  turnover: numberOrNull,
  trades: numberOrNull,
  final: Type.Optional(Type.Boolean()),
})
const refusalSchema = Type.Object({
  row: Type.String(),
  reason: Type.String(),
  bar: Type.Optional(
    Type.Object(
      { instrument: name, interval: Type.Enum([...keptIntervals]), date },
      { description: 'The bar that is missing for it.' },
    ),
  ),
})
const pageSchema = Type.Object({
  bars: Type.Optional(
    Type.Array(Type.Object({ interval: Type.Enum([...keptIntervals]), bars: Type.Array(barOfPage) })),
  ),
  instruments: Type.Optional(Type.Array(instrumentSchema)),
  rows: Type.Optional(
    Type.Array(Type.Object({ dataset: Type.String({ pattern: datasetNamePattern }), rows: Type.Array(jsonObject) })),
  ),
  adjustments: Type.Optional(
    Type.Array(Type.Object({ instrument: name, date, kind: Type.Enum(['split', 'dividend']), value: Type.Number() })),
  ),
  covers,
  refused: Type.Optional(Type.Array(refusalSchema)),
})
const absenceSchema = Type.Object({ absence: Type.Enum([...absenceReasons]), covers })
const resultSchema = Type.Object({
  task: Type.Object({ connector: name, handler: name, params: jsonObject }),
  data: Type.Union([pageSchema, absenceSchema, Type.Null()], {
    description: 'What the page gave, or why there was none; null keeps only the pages of a task that failed.',
  }),
  pages: Type.Array(
    Type.Object({
      url: Type.String(),
      status: Type.Integer(),
      headers: Type.Record(Type.String(), Type.String()),
      body: Type.String({ description: 'base64' }),
      receivedAtMs: Type.Integer(),
    }),
  ),
})
const reportSchema = Type.Object({
  bars: Type.Integer(),
  rows: Type.Integer(),
  refused: Type.Array(refusalSchema),
})

const nothing: CommitReport = { bars: 0, rows: 0, refused: [] }

/** Where workers hand in what they bring: only the server writes the store. */
export function workerRoutes(app: Api, { crawl: { sink, connectors }, idempotency, config }: ApiContext): void {
  app.post(
    '/v1/crawl-results',
    {
      bodyLimit: config['crawl.resultBytesMax'],
      errorHandler: (error, request, reply) => {
        const isTooLarge = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE'
        return sendProblem(isTooLarge ? tooLarge(config['crawl.resultBytesMax']) : error, request, reply)
      },
      schema: {
        tags: ['crawl'],
        summary: 'Keep the result of a task that a worker carried out',
        description: 'Answered when everything of it is kept. With an Idempotency-Key a repeated result is kept once.',
        querystring: querySchema({}),
        body: resultSchema,
        response: { 201: envelope(reportSchema) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const { connector } = body.task
      if (!connectors.some(({ id }) => id === connector)) {
        throw new BarkeepError('INVALID_BODY', {
          message: `task.connector '${shorten(connector, 40)}' is not known here. Server and worker must be of one version.`,
        })
      }
      requireDates(body.data)
      const key = request.headers['idempotency-key']?.toString()
      // The framework has read the body; a key that is used for another task is still noticed.
      const report = await idempotency.once(key, JSON.stringify(body.task), noBytes(), async () => {
        if (body.data !== null) return sink.commit(readOutcome(body, body.data))
        await sink.archive(readPages(body))
        return nothing
      })
      return reply.code(201).send({ request: { params: {} }, data: report, links: { connectors: '/v1/connectors' } })
    },
  )
}

/** A schema knows the shape of a date, not the calendar. Throws INVALID_BODY. */
function requireDates(data: Static<typeof resultSchema>['data']): void {
  const adjustments = data !== null && 'adjustments' in data ? (data.adjustments ?? []) : []
  const dates = [
    ...(data?.covers ?? []).flatMap(({ start, end }) => [start, end]),
    ...adjustments.map((adjustment) => adjustment.date),
  ]
  const wrong = dates.find((one) => wallClockOfDate(one) === undefined)
  if (wrong !== undefined) throw new BarkeepError('INVALID_BODY', { message: `'${wrong}' is not a date.` })
}

function tooLarge(bytesMax: number): BarkeepError {
  return new BarkeepError('BODY_TOO_LARGE', {
    message: `The result is larger than crawl.resultBytesMax = ${bytesMax} bytes. Raise that setting of the server.`,
  })
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
