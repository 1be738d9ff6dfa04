import {
  BarkeepError,
  exchangeCodePattern,
  type Instrument,
  instrumentKinds,
  instrumentPattern,
  parseInstrument,
  parseTimeBound,
} from '@barkeep/core'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { sessionSql } from '../store/session-sql.js'
import type { ApiContext } from './context.js'
import { QueryParams } from './query-params.js'

const date = Type.Union([Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }), Type.Null()])
const instrumentsBody = Type.Array(
  Type.Object(
    {
      instrument: Type.String({ pattern: instrumentPattern }),
      name: Type.String({ minLength: 1, maxLength: 200 }),
      kind: Type.Union(instrumentKinds.map((kind) => Type.Literal(kind))),
      isin: Type.Optional(Type.Union([Type.String({ pattern: '^[A-Z]{2}[A-Z0-9]{9}[0-9]$' }), Type.Null()])),
      listed: Type.Optional(date),
      delisted: Type.Optional(date),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 100_000 },
)

export function catalogRoutes(app: FastifyInstance, { store, catalog, config }: ApiContext): void {
  app.get('/v1/exchanges', async (request) => {
    new QueryParams(request.query, [])
    return { request: { params: {} }, data: catalog.exchanges, links: { self: '/v1/exchanges' } }
  })

  app.get<{ Params: { code: string } }>('/v1/exchanges/:code', async (request) => {
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
  })

  app.get('/v1/instruments', async (request) => {
    const query = new QueryParams(request.query, ['exchange', 'kind', 'limit', 'cursor'])
    const exchange = query.text('exchange')
    if (exchange !== undefined) catalog.exchange(exchange)
    const kind = query.choice('kind', instrumentKinds)
    const limit = query.whole('limit', { min: 1, max: config['api.rowsPerPageMax'] }) ?? config['api.rowsPerPage']
    const from = query.whole('cursor', { min: 0, max: 4_294_967_295 }) ?? 0
    const data: Instrument[] = []
    let next: number | null = null
    for (const { id, ...instrument } of catalog.instruments.slice(from)) {
      if (exchange !== undefined && instrument.exchange !== exchange) continue
      if (kind !== undefined && instrument.kind !== kind) continue
      if (data.length === limit) {
        next = id
        break
      }
      data.push(instrument)
    }
    const next_cursor = next === null ? null : String(next)
    return { request: { params: query.all }, data, next_cursor, links: { self: request.url } }
  })

  app.get<{ Params: { instrument: string } }>('/v1/instruments/:instrument', async (request) => {
    const name = request.params.instrument
    parseInstrument(name)
    const known = catalog.instrument(name)
    if (known === undefined) throw notFound('instrument', name, '/v1/instruments')
    const { id: _, ...data } = known
    const links = { self: `/v1/instruments/${name}`, bars: `/v1/bars?instruments=${name}&interval=1d` }
    return { request: { params: { instrument: name } }, data, links }
  })

  app.post<{ Body: Type.Static<typeof instrumentsBody> }>(
    '/v1/instruments',
    { schema: { body: instrumentsBody } },
    async (request, reply) => {
      const instruments = request.body.map((row): Instrument => {
        const { exchange, symbol } = parseInstrument(row.instrument)
        catalog.exchange(exchange)
        return { isin: null, listed: null, delisted: null, ...row, exchange, symbol }
      })
      await catalog.save(instruments)
      return reply.code(201).send({
        request: { params: {} },
        data: { rows: instruments.length },
        links: { instruments: '/v1/instruments' },
      })
    },
  )

  app.get<{ Params: { code: string } }>('/v1/calendar/:code', async (request) => {
    const { code } = request.params
    const query = new QueryParams(request.query, ['start', 'end'])
    if (!new RegExp(exchangeCodePattern).test(code)) throw notFound('exchange', code, '/v1/exchanges')
    const clock = sessionSql(catalog.exchange(code))
    const ids = catalog.instruments.filter(({ exchange }) => exchange === code).map(({ id }) => id)
    const bound = (name: string, fallback: string) => {
      const text = query.text(name)
      if (text === undefined) return fallback
      const read = parseTimeBound(text, name)
      if (read.kind === 'date') return read.date
      throw new BarkeepError('INVALID_PARAMETER', {
        message: `${name}: a calendar is asked by session dates, such as 2026-11-20.`,
        errors: [{ code: 'INVALID_PARAMETER', parameter: name, value: text, message: 'must be a session date' }],
      })
    }
    const [start, end] = [bound('start', '1970-01-01'), bound('end', '2106-01-01')]
    if (start >= end) {
      throw new BarkeepError('INVALID_TIME_WINDOW', {
        message: `start (${start}) is not before end (${end}). Windows are half-open.`,
      })
    }
    // A session took place where there is a bar of it, whatever a schedule says.
    const days = ['1d', '1h', '1m'].map(
      (interval) =>
        `SELECT DISTINCT ${clock.date('ts')} AS date FROM bars_${interval} WHERE instrument IN {ids:Array(UInt32)}`,
    )
    const rows = await store.rows<{ date: string }>(
      `SELECT DISTINCT toString(date) AS date FROM (${days.join(' UNION ALL ')}) WHERE date >= {start:String} AND date < {end:String} ORDER BY date`,
      { ids, start, end },
    )
    return {
      request: { params: { code, ...query.all } },
      data: rows.map(({ date }) => date),
      links: { exchange: `/v1/exchanges/${code}` },
    }
  })
}

function notFound(what: string, value: string, list: string): BarkeepError {
  const message = `There is no ${what} '${value.slice(0, 40)}'. GET ${list} lists what there is.`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: what, value: value.slice(0, 40), message }],
  })
}
