import {
  BarkeepError,
  type Exchange,
  type Instrument,
  instrumentKinds,
  instrumentPattern,
  invalidParameter,
  parseInstrument,
} from '@barkeep/core'
import Type from 'typebox'
import type { Api, ApiContext } from './context.js'
import { choice, querySchema, text, whole } from './schema/query-schema.js'
import { dateOrNull, envelope, exchangeSchema, instrumentSchema, pageEnvelope } from './schema/wire-schemas.js'

const tags = ['reference']
const none = querySchema({})
const rowsCreated = Type.Object({ rows: Type.Integer() })

const exchangesBody = Type.Array(exchangeSchema, { minItems: 1, maxItems: 1_000 })
const instrumentsBody = Type.Array(
  Type.Object(
    {
      instrument: Type.String({ pattern: instrumentPattern }),
      name: Type.String({ minLength: 1, maxLength: 200 }),
      kind: Type.Enum([...instrumentKinds]),
      isin: Type.Optional(Type.Union([Type.String({ pattern: '^[A-Z]{2}[A-Z0-9]{9}[0-9]$' }), Type.Null()])),
      listed: Type.Optional(dateOrNull),
      delisted: Type.Optional(dateOrNull),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 100_000 },
)

export function catalogRoutes(app: Api, context: ApiContext): void {
  exchangeRoutes(app, context)
  instrumentRoutes(app, context)
}

function exchangeRoutes(app: Api, { catalog }: ApiContext): void {
  app.get(
    '/v1/exchanges',
    {
      schema: {
        tags,
        summary: 'Exchanges, built in and added',
        querystring: none,
        response: { 200: pageEnvelope(exchangeSchema) },
      },
    },
    async () => ({
      request: { params: {} },
      data: catalog.exchanges,
      next_cursor: null,
      links: { self: '/v1/exchanges' },
    }),
  )

  app.get(
    '/v1/exchanges/:code',
    {
      schema: {
        tags,
        summary: 'One exchange',
        params: Type.Object({ code: Type.String({ examples: ['SIM'] }) }),
        querystring: none,
        response: { 200: envelope(exchangeSchema) },
      },
    },
    async (request) => {
      const { code } = request.params
      const known = catalog.exchanges.find((exchange) => exchange.code === code)
      if (known === undefined) throw notFound('exchange', code, '/v1/exchanges')
      return {
        request: { params: { code } },
        data: known,
        links: {
          self: `/v1/exchanges/${code}`,
          calendar: `/v1/calendar/${code}`,
          instruments: `/v1/instruments?exchange=${code}`,
        },
      }
    },
  )

  app.post(
    '/v1/exchanges',
    {
      schema: {
        tags,
        summary: 'Add exchanges, or replace what is known of them',
        querystring: none,
        body: exchangesBody,
        response: { 201: envelope(rowsCreated) },
      },
    },
    async (request, reply) => {
      const exchanges: readonly Exchange[] = request.body
      for (const [index, exchange] of exchanges.entries()) checkExchange(exchange, index)
      await catalog.saveExchanges(exchanges)
      return reply.code(201).send({
        request: { params: {} },
        data: { rows: exchanges.length },
        links: { exchanges: '/v1/exchanges' },
      })
    },
  )
}

/** What a schema cannot say. Throws INVALID_BODY. */
function checkExchange({ code, sessions }: Exchange, index: number): void {
  const fault = (field: string, message: string) =>
    new BarkeepError('INVALID_BODY', {
      message: `Exchange ${code}: ${field} ${message}`,
      errors: [{ code: 'INVALID_BODY', field, index, message }],
    })
  for (const [at, { since, open, close }] of sessions.entries()) {
    if (open >= close) throw fault(`sessions.${at}`, `opens at ${open}, which is not before it closes at ${close}.`)
    const earlier = sessions[at - 1]
    if (earlier !== undefined && earlier.since >= since)
      throw fault(`sessions.${at}.since`, 'must be later than the one before.')
  }
}

function instrumentRoutes(app: Api, { catalog, config }: ApiContext): void {
  app.get(
    '/v1/instruments',
    {
      schema: {
        tags,
        summary: 'Instruments',
        querystring: querySchema({
          exchange: text('Only of this exchange.', { example: 'SIM' }),
          kind: choice(instrumentKinds, 'Only of this kind.'),
          limit: whole(1, config['api.rowsPerPageMax'], 'Rows of a page.'),
          cursor: whole(0, 4_294_967_295, 'next_cursor of the page before.'),
        }),
        response: { 200: pageEnvelope(instrumentSchema) },
      },
    },
    async (request) => {
      const { exchange, kind, limit = config['api.rowsPerPage'], cursor = 0 } = request.query
      if (exchange !== undefined) catalog.exchange(exchange)
      const data: Instrument[] = []
      let next: number | null = null
      for (const { id, ...instrument } of catalog.instruments.slice(cursor)) {
        if (exchange !== undefined && instrument.exchange !== exchange) continue
        if (kind !== undefined && instrument.kind !== kind) continue
        if (data.length === limit) {
          next = id
          break
        }
        data.push(instrument)
      }
      const next_cursor = next === null ? null : String(next)
      return { request: { params: request.query }, data, next_cursor, links: { self: request.url } }
    },
  )

  app.get(
    '/v1/instruments/:instrument',
    {
      schema: {
        tags,
        summary: 'One instrument',
        params: Type.Object({ instrument: Type.String({ examples: ['SIM:1001'] }) }),
        querystring: none,
        response: { 200: envelope(instrumentSchema) },
      },
    },
    async (request) => {
      const name = request.params.instrument
      parseInstrument(name)
      const known = catalog.instrument(name)
      if (known === undefined) throw notFound('instrument', name, '/v1/instruments')
      const { id: _, ...data } = known
      const links = { self: `/v1/instruments/${name}`, bars: `/v1/bars?instruments=${name}&interval=1d` }
      return { request: { params: { instrument: name } }, data, links }
    },
  )

  app.post(
    '/v1/instruments',
    {
      schema: {
        tags,
        summary: 'Create instruments, or replace what is known of them',
        querystring: none,
        body: instrumentsBody,
        response: { 201: envelope(rowsCreated) },
      },
    },
    async (request, reply) => {
      const instruments = request.body.map((row): Instrument => {
        const { exchange, symbol } = parseInstrument(row.instrument)
        catalog.exchange(exchange)
        return { isin: null, listed: null, delisted: null, ...row, exchange, symbol }
      })
      const twice = instruments.find(({ instrument }, at) => instruments[at - 1]?.instrument === instrument)
      if (twice !== undefined) throw invalidParameter('instrument', twice.instrument, 'stands in the body twice.')
      await catalog.save(instruments)
      return reply.code(201).send({
        request: { params: {} },
        data: { rows: instruments.length },
        links: { instruments: '/v1/instruments' },
      })
    },
  )
}

export function notFound(what: string, value: string, list: string): BarkeepError {
  const message = `There is no ${what} '${value.slice(0, 40)}'. GET ${list} lists what there is.`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: what, value: value.slice(0, 40), message }],
  })
}
