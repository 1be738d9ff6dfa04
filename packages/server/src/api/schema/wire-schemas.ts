import {
  barColumns,
  errorCatalogue,
  exchangeCodePattern,
  extraBarColumns,
  instrumentKinds,
  instrumentPattern,
} from '@barkeep/core'
import Type, { type TSchema } from 'typebox'

/** Schemas of what answers hold, for the API's own description. Core has the same shapes as types. */

const date = Type.String({ format: 'date', pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2026-11-20'] })
export const dateOrNull = Type.Union([date, Type.Null()])
const instant = Type.String({ format: 'date-time', examples: ['2026-11-20T01:00:00Z'] })
const numberOrNull = Type.Union([Type.Number(), Type.Null()])

const links = Type.Record(Type.String(), Type.String(), { description: 'Relation → URL.' })
const request = Type.Object(
  { params: Type.Record(Type.String(), Type.Unknown()) },
  { description: 'What the server understood of the request.' },
)

/** An answer that is one thing. */
export function envelope(data: TSchema) {
  return Type.Object({ request, data, links })
}

/** An answer that is a page of a list. */
export function pageEnvelope(row: TSchema) {
  return Type.Object({
    request,
    data: Type.Array(row),
    next_cursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Give it back as cursor=; null on the last page.',
    }),
    total: Type.Optional(Type.Integer({ description: 'Rows over all pages; datasets tell it.' })),
    links,
  })
}

const clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })

export const exchangeSchema = Type.Object({
  code: Type.String({ pattern: exchangeCodePattern, examples: ['TWSE'] }),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  mic: Type.Union([Type.String({ pattern: '^[A-Z0-9]{4}$' }), Type.Null()]),
  timeZone: Type.String({ examples: ['Asia/Taipei'], description: 'IANA time zone.' }),
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  sessions: Type.Array(
    Type.Object(
      {
        since: date,
        open: clock,
        close: clock,
        night: Type.Optional(
          Type.Object(
            { open: clock, close: clock },
            {
              additionalProperties: false,
              description:
                'Hours from the evening of the session before to the next morning; they belong to this session.',
            },
          ),
        ),
      },
      { additionalProperties: false },
    ),
    { minItems: 1, maxItems: 100, description: 'Ascending by since; the first holds from the beginning.' },
  ),
})

export const instrumentSchema = Type.Object({
  instrument: Type.String({ pattern: instrumentPattern, examples: ['TWSE:2330'] }),
  exchange: Type.String(),
  symbol: Type.String(),
  name: Type.String(),
  kind: Type.Enum([...instrumentKinds]),
  isin: Type.Union([Type.String(), Type.Null()]),
  listed: dateOrNull,
  delisted: dateOrNull,
})

const barFields = {
  instrument: Type.String({ examples: ['TWSE:2330'] }),
  ts: instant,
  open: Type.Number(),
  high: Type.Number(),
  low: Type.Number(),
  close: Type.Number(),
  volume: Type.Integer({ description: 'Shares.' }),
  turnover: numberOrNull,
  trades: Type.Union([Type.Integer(), Type.Null()]),
  interval: Type.String(),
  end: instant,
  partial: Type.Boolean({ description: 'Cut short by the end of its session.' }),
  final: Type.Boolean({ description: 'No longer changing.' }),
  source: Type.String(),
  known_at: instant,
} satisfies Record<(typeof barColumns)[number] | (typeof extraBarColumns)[number], TSchema>

/** A bar as answered: it has the columns that were asked for. */
export const barSchema = Type.Partial(Type.Object(barFields), {
  description: `By default ${barColumns.join(', ')}; columns= adds ${extraBarColumns.join(', ')}.`,
})

export const ingestReportSchema = Type.Object({
  interval: Type.String(),
  rows: Type.Integer(),
  replaced: Type.Integer(),
  outranked: Type.Optional(
    Type.Integer({ description: 'Bars that are not kept, since a better source told them; see ?source=.' }),
  ),
  created_instruments: Type.Array(Type.String()),
})

export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(errorCatalogue)),
    detail: Type.String(),
    instance: Type.String(),
    message: Type.String(),
    documentation_url: Type.String(),
    errors: Type.Array(
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        parameter: Type.Optional(Type.String()),
        value: Type.Optional(Type.String()),
        resource: Type.Optional(Type.String()),
        field: Type.Optional(Type.String()),
        index: Type.Optional(Type.Integer()),
      }),
    ),
    request,
    eventTime: instant,
    serviceContext: Type.Object({ service: Type.String(), version: Type.String() }),
    context: Type.Object({
      httpRequest: Type.Object({ method: Type.String(), url: Type.String(), responseStatusCode: Type.Integer() }),
    }),
    request_id: Type.String(),
  },
  {
    description:
      'What is wrong, where and what to do: RFC 9457, also readable by GitHub-, Twitter- and Google-minded clients.',
  },
)
