import { type Adjustment, BarkeepError, instrumentPattern, parseTimeBound } from '@barkeep/core'
import Type from 'typebox'
import { saveAdjustments } from '../../store/bars/adjustments.js'
import type { Api, ApiContext } from '../context.js'
import { querySchema, text } from '../schema/query-schema.js'
import { envelope } from '../schema/wire-schemas.js'

const body = Type.Array(
  Type.Object(
    {
      instrument: Type.String({ pattern: instrumentPattern, examples: ['TWSE:2330'] }),
      date: Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}$',
        description: 'Session date from which prices are on the new basis.',
      }),
      kind: Type.Enum(['split', 'dividend']),
      value: Type.Number({
        minimum: 0,
        description: 'New shares for each old one of a split; money for each share of a dividend, 0 to take one back.',
      }),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 100_000 },
)

/** Splits and dividends that callers bring; crawls bring theirs themselves. */
export function adjustmentsRoutes(app: Api, { store, catalog }: ApiContext): void {
  app.post(
    '/v1/adjustments',
    {
      schema: {
        tags: ['reference'],
        summary: 'Create or replace splits and dividends, all or none',
        description:
          'What is kept can be read at /v1/datasets/adjustments/rows. One of an unknown instrument on a known exchange creates the instrument.',
        querystring: querySchema({
          source: text('Who tells these; api unless told.', { example: 'mine', pattern: '^[\\w.:-]{1,64}$' }),
        }),
        body,
        response: {
          201: envelope(Type.Object({ rows: Type.Integer(), created_instruments: Type.Array(Type.String()) })),
        },
      },
    },
    async (request, reply) => {
      const { source = 'api' } = request.query
      checkAdjustments(request.body)
      const unknown = new Set(request.body.map((one) => one.instrument).filter((name) => !catalog.instrument(name)))
      await saveAdjustments(
        store,
        catalog,
        request.body.map((one) => ({ ...one, source })),
      )
      return reply.code(201).send({
        request: { params: { source } },
        data: { rows: request.body.length, created_instruments: [...unknown] },
        links: { adjustments: '/v1/datasets/adjustments/rows' },
      })
    },
  )
}

/** What a schema cannot say. Throws INVALID_BODY, and INVALID_PARAMETER for what is no date. */
function checkAdjustments(adjustments: readonly Adjustment[]): void {
  const seen = new Set<string>()
  for (const [index, { instrument, date, kind, value }] of adjustments.entries()) {
    parseTimeBound(date, 'date')
    if (kind === 'split' && value === 0) throw fault(index, 'value', 'of a split must be above 0; 1 takes one back.')
    const key = `${instrument} ${date} ${kind}`
    if (seen.has(key)) throw fault(index, 'instrument', `${instrument} has two of ${kind} on ${date}; add them up.`)
    seen.add(key)
  }
}

function fault(index: number, field: string, told: string): BarkeepError {
  const message = `Row ${index}: ${field} ${told}`
  return new BarkeepError('INVALID_BODY', { message, errors: [{ code: 'INVALID_BODY', field, index, message }] })
}
