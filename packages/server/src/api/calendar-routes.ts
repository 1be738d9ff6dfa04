import { BarkeepError, type Exchange, hoursOn, invalidParameter, minuteOfDay, parseTimeBound } from '@barkeep/core'
import Type from 'typebox'
import { lastMinuteEnds, type MarketDay } from '../crawl/gaps/gaps-calendar.js'
import { sessionDates } from '../store/bars/calendar-sql.js'
import { notFound } from './catalog-routes.js'
import type { Api, ApiContext } from './context.js'
import { choice, querySchema, text } from './schema/query-schema.js'
import { envelope } from './schema/wire-schemas.js'

/** A session whose last minute bar, of any instrument, ends this long before the close is taken for a half day. */
const HALF_DAY_MINUTES = 30

const daySchema = Type.Object({
  date: Type.String({ format: 'date' }),
  state: Type.Enum(['session', 'closed', 'missing', 'expected'], {
    description:
      'session: there are bars; missing: there should have been a session, and no instrument has a bar; expected: it is not over.',
  }),
  told_by: Type.Enum(['bars', 'upstream', 'schedule', 'silence', 'weekday'], {
    description:
      'upstream: it answered that the exchange was closed; silence: several instruments were asked for and none had a bar.',
  }),
  open: Type.Union([Type.String({ examples: ['09:00'] }), Type.Null()]),
  close: Type.Union([Type.String({ examples: ['13:30'] }), Type.Null()]),
  half_day: Type.Boolean({
    description: `The schedule says so, or the minute bars of all instruments end ${HALF_DAY_MINUTES} minutes or more before the close.`,
  }),
})

export function calendarRoutes(app: Api, { store, catalog, crawl }: ApiContext): void {
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
          detail: choice(
            ['true', 'false'],
            'true tells every date, closed and expected ones too, with who says so and the hours.',
          ),
        }),
        response: {
          200: envelope(Type.Union([Type.Array(Type.String({ format: 'date' })), Type.Array(daySchema)])),
        },
      },
    },
    async (request) => {
      const { code } = request.params
      const exchange = catalog.exchanges.find((one) => one.code === code)
      if (exchange === undefined) throw notFound('exchange', code, '/v1/exchanges')
      const [askedStart, askedEnd] = [dateBound('start', request.query.start), dateBound('end', request.query.end)]
      const start = askedStart ?? '1970-01-01'
      const end = askedEnd ?? '2106-01-01'
      if (start >= end) {
        throw new BarkeepError('INVALID_TIME_WINDOW', {
          message: `start (${start}) is not before end (${end}). Windows are half-open.`,
        })
      }
      const answer = { request: { params: { code, ...request.query } }, links: { exchange: `/v1/exchanges/${code}` } }
      if (request.query.detail === 'true') {
        const days = await crawl.gaps.calendar(exchange, askedStart, askedEnd)
        const ends = await lastMinuteEnds(store, { catalog }, exchange, start, end)
        return { ...answer, data: days.map((day) => describeDay(exchange, day, ends.get(day.date))) }
      }
      const { sql, params } = sessionDates(exchange, catalog.idsOf(code), start, end)
      const rows = await store.rows<{ date: string }>(sql, params)
      return { ...answer, data: rows.map(({ date }) => date) }
    },
  )
}

function describeDay(exchange: Exchange, day: MarketDay, lastEnd: number | undefined) {
  const { date, state, toldBy, openMinute, closeMinute } = day
  const isOpen = state !== 'closed'
  const endedEarly = lastEnd !== undefined && lastEnd <= closeMinute - HALF_DAY_MINUTES
  const isScheduled = closeMinute < minuteOfDay(hoursOn(exchange, date).close)
  return {
    date,
    state,
    told_by: toldBy,
    open: isOpen ? clockOf(openMinute) : null,
    close: isOpen ? clockOf(state === 'session' && endedEarly ? lastEnd : closeMinute) : null,
    half_day: isOpen && (isScheduled || (state === 'session' && endedEarly)),
  }
}

function clockOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

/** A bound of a window of session dates. Throws INVALID_PARAMETER for an instant. */
export function dateBound(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const read = parseTimeBound(value, name)
  if (read.kind === 'date') return read.date
  throw invalidParameter(name, value, 'write a session date, such as 2026-11-20.')
}
