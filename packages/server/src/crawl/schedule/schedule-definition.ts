import { BarkeepError, keptIntervals } from '@barkeep/core'
import { Cron } from 'croner'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { gapReasons, quietReasons } from '../../store/gaps/gaps-sql.js'

/** Session dates that one run may reach back. */
const DAYS_MAX = 20_000

const instruments = Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { minItems: 1, maxItems: 100_000 }))
const strict = { additionalProperties: false }

/** What is done, when, and for which session dates. One of `crawl` and `backfill` says what. */
export const scheduleBody = Type.Object(
  {
    cron: Type.String({
      maxLength: 100,
      examples: ['30 18 * * 1-5'],
      description: 'Minute, hour, day of month, month, day of week, on the clock of the exchange.',
    }),
    exchange: Type.String({ maxLength: 40, examples: ['TWSE'] }),
    days: Type.Integer({
      minimum: 1,
      maximum: DAYS_MAX,
      description: 'Dates that a run asks for: that of the run, and so many less one before it.',
    }),
    crawl: Type.Optional(
      Type.Object(
        {
          connector: Type.String({ maxLength: 40 }),
          plan: Type.String({ maxLength: 40 }),
          instruments,
          options: Type.Optional(Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 200 }))),
        },
        strict,
      ),
    ),
    backfill: Type.Optional(
      Type.Object(
        {
          interval: Type.Optional(Type.Enum([...keptIntervals])),
          instruments,
          reasons: Type.Optional(Type.Array(Type.Enum([...gapReasons, ...quietReasons]), { minItems: 1 })),
          connector: Type.Optional(Type.String({ maxLength: 40 })),
          first: Type.Optional(Type.Enum(['newest', 'oldest'])),
        },
        strict,
      ),
    ),
  },
  strict,
)
export type ScheduleDefinition = Static<typeof scheduleBody>

export const scheduleNamePattern = '^[a-z0-9][a-z0-9-]{0,59}$'
const isDefinition = Compile(scheduleBody)

/** Throws INVALID_BODY for what the schema cannot say. */
export function checkSchedule({ cron, crawl, backfill }: ScheduleDefinition): void {
  if ((crawl === undefined) === (backfill === undefined)) throw fault('crawl', 'give one of crawl and backfill.')
  try {
    // Seconds are no use here: whoever needs them has a stream.
    if (new Cron(cron, { mode: '5-part', paused: true }).nextRun() !== null) return
  } catch (cause) {
    throw fault('cron', `'${cron}' is not read: ${cause instanceof Error ? cause.message : ''}`, cause)
  }
  throw fault('cron', `'${cron}' never comes.`)
}

/** The schedules of the configuration, by name. Throws INVALID_SETTING. */
export function readSchedules(declared: unknown): ReadonlyMap<string, ScheduleDefinition> {
  if (declared === undefined) return new Map()
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) {
    throw invalid('must be an object of schedules by name')
  }
  return new Map(
    Object.entries(declared).map(([name, definition]: [string, unknown]) => {
      if (!new RegExp(scheduleNamePattern).test(name))
        throw invalid(`'${name}' is no name: use small letters, digits, -`)
      if (!isDefinition.Check(definition)) throw invalid(`'${name}' has another shape than PUT /v1/schedules takes`)
      try {
        checkSchedule(definition)
      } catch (error) {
        throw invalid(`'${name}': ${error instanceof Error ? error.message : ''}`)
      }
      return [name, definition]
    }),
  )
}

function fault(field: string, message: string, cause?: unknown): BarkeepError {
  return new BarkeepError('INVALID_BODY', {
    message: `${field}: ${message}`,
    errors: [{ code: 'INVALID_BODY', field, message }],
    cause,
  })
}

function invalid(message: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `schedules in barkeep.config.json: ${message}.` })
}
