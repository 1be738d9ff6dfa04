import { BarkeepError, invalidParameter, parseTimeBound } from '@barkeep/core'
import Type from 'typebox'
import { sessionDates } from '../store/calendar-sql.js'
import { notFound } from './catalog-routes.js'
import type { Api, ApiContext } from './context.js'
import { querySchema, text } from './query-schema.js'
import { envelope } from './wire-schemas.js'

export function calendarRoutes(app: Api, { store, catalog }: ApiContext): void {
  app.get(
    '/v1/calendar/:code',
    {
      schema: {
        tags: ['reference'],
        summary: 'Session dates of an exchange, as its bars show them',
        params: Type.Object({ code: Type.String({ examples: ['SIM'] }) }),
        querystring: querySchema({
          start: text('First session date.', { example: '2026-11-02' }),
          end: text('The same, not included.', { example: '2026-11-21' }),
        }),
        response: { 200: envelope(Type.Array(Type.String({ format: 'date' }))) },
      },
    },
    async (request) => {
      const { code } = request.params
      const exchange = catalog.exchanges.find((one) => one.code === code)
      if (exchange === undefined) throw notFound('exchange', code, '/v1/exchanges')
      const start = dateBound('start', request.query.start) ?? '1970-01-01'
      const end = dateBound('end', request.query.end) ?? '2106-01-01'
      if (start >= end) {
        throw new BarkeepError('INVALID_TIME_WINDOW', {
          message: `start (${start}) is not before end (${end}). Windows are half-open.`,
        })
      }
      const { sql, params } = sessionDates(exchange, catalog.idsOf(code), start, end)
      const rows = await store.rows<{ date: string }>(sql, params)
      return {
        request: { params: { code, ...request.query } },
        data: rows.map(({ date }) => date),
        links: { exchange: `/v1/exchanges/${code}` },
      }
    },
  )
}

function dateBound(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const read = parseTimeBound(value, name)
  if (read.kind === 'date') return read.date
  throw invalidParameter(name, value, 'a calendar is asked by session dates, such as 2026-11-20.')
}
