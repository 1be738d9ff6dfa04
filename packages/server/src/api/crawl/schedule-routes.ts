import { formatInstant } from '@barkeep/core'
import Type from 'typebox'
import { scheduleBody, scheduleNamePattern } from '../../crawl/schedule/schedule-definition.js'
import type { ScheduleStatus } from '../../crawl/schedule/schedules.js'
import type { Api, ApiContext } from '../context.js'
import { querySchema } from '../schema/query-schema.js'
import { envelope, pageEnvelope } from '../schema/wire-schemas.js'

const tags = ['crawl']
const none = querySchema({})
const nameParam = Type.Object({ name: Type.String({ pattern: scheduleNamePattern, examples: ['twse-daily'] }) })
const instantOrNull = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])
const scheduleSchema = Type.Object({
  name: Type.String(),
  definition: scheduleBody,
  last: Type.Object({
    at: Type.String({ format: 'date-time', description: 'When the last run was due, or the schedule was made.' }),
    state: Type.Enum(['started', 'done', 'failed']),
    crawls: Type.Array(Type.Integer()),
    error: Type.Union([Type.String(), Type.Null()]),
  }),
  next: instantOrNull,
})

/** What is crawled by the clock. */
export function scheduleRoutes(app: Api, { crawl: { schedules } }: ApiContext): void {
  app.get(
    '/v1/schedules',
    {
      schema: {
        tags,
        summary: 'What is crawled by the clock, with the last run and the next',
        querystring: none,
        response: { 200: pageEnvelope(scheduleSchema) },
      },
    },
    async () => ({
      request: { params: {} },
      data: schedules.list().map(publicSchedule),
      next_cursor: null,
      links: { self: '/v1/schedules' },
    }),
  )

  app.put(
    '/v1/schedules/:name',
    {
      schema: {
        tags,
        summary: 'Make a schedule, or replace it',
        description: [
          'Days after the close: `{"cron": "30 18 * * 1-5", "exchange": "TWSE", "days": 1, "crawl": {"connector": "twse", "plan": "market-days"}}`.',
          'Minutes during the session: cron `*/5 9-13 * * 1-5` with a plan of minutes.',
          'A weekly re-check: `{"cron": "0 6 * * 0", "exchange": "TWSE", "days": 30, "backfill": {"reasons": ["never-asked", "upstream-hole", "no-trade"]}}`.',
          'Runs that were missed while the server was off are made up for by one over all their dates.',
        ].join(' '),
        params: nameParam,
        querystring: none,
        body: scheduleBody,
        response: { 200: envelope(Type.Object({ name: Type.String() })) },
      },
    },
    async ({ params: { name }, body }) => {
      await schedules.put(name, body)
      return { request: { params: { name } }, data: { name }, links: { schedules: '/v1/schedules' } }
    },
  )

  app.delete(
    '/v1/schedules/:name',
    {
      schema: {
        tags,
        summary: 'Remove a schedule; crawls that it ordered go on',
        params: nameParam,
        querystring: none,
        response: { 200: envelope(Type.Object({ name: Type.String() })) },
      },
    },
    async ({ params: { name } }) => {
      await schedules.remove(name)
      return { request: { params: { name } }, data: { name }, links: { schedules: '/v1/schedules' } }
    },
  )
}

function publicSchedule({ name, definition, slotMs, state, crawls, error, nextMs }: ScheduleStatus) {
  return {
    name,
    definition,
    last: { at: formatInstant(slotMs), state, crawls, error: error === '' ? null : error },
    next: nextMs === null ? null : formatInstant(nextMs),
  }
}
