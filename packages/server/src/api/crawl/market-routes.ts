import { formatInstant, keptIntervals } from '@barkeep/core'
import Type from 'typebox'
import type { MarketStatus } from '../../crawl/market/market-desk.js'
import type { MarketLine } from '../../crawl/market/market-sentence.js'
import type { TodayStatus } from '../../crawl/market/market-today.js'
import { dateBound } from '../calendar-routes.js'
import type { Api, ApiContext } from '../context.js'
import { choice, querySchema, text } from '../schema/query-schema.js'
import { pageEnvelope } from '../schema/wire-schemas.js'

const tags = ['crawl']
const textOrNull = Type.Union([Type.String(), Type.Null()])
const countOrNull = Type.Union([Type.Integer(), Type.Null()])
const lineProperties = {
  exchange: Type.String(),
  interval: Type.Enum([...keptIntervals]),
  since: Type.String({ format: 'date', description: 'First session date.' }),
}
const sourceSchema = Type.Object({
  connector: Type.String(),
  role: Type.Enum(['first', 'fall-back', 'blocked', 'stopped', 'no-credential', 'nothing', 'uncounted'], {
    description:
      'Asked first; asked for what those before cannot bring; blocked for now; waits for a person; lacks a credential; has nothing of what is missing; is counted when the instruments are known.',
  }),
  plans: Type.Array(Type.String()),
  blockedUntilMs: Type.Union([Type.Integer(), Type.Null()], { description: 'Milliseconds since the epoch.' }),
  stoppedBy: textOrNull,
  unreached: Type.Integer({ description: 'Stretches that it cannot bring.' }),
  requests: Type.Integer(),
  bytes: Type.Integer(),
  durationMs: Type.Integer({ description: 'Shortest time that its limits allow.' }),
  bindingLimit: textOrNull,
})
const todaySchema = Type.Object(
  {
    date: Type.String({ format: 'date' }),
    live: Type.Array(Type.Object({ connector: Type.String(), state: Type.String(), instruments: Type.Integer() }), {
      description: 'Who was to tell instruments live, and whether it does: `listening`.',
    }),
    untold: Type.Integer({ description: 'Instruments that nobody told live when it was last asked for them.' }),
    source: Type.Union([Type.String(), Type.Null()], { description: 'Who is asked for those, or was last.' }),
    insteadOf: Type.Array(Type.String(), {
      description: 'Live sources that do not tell now, and others that are blocked or stopped.',
    }),
    crawls: Type.Array(Type.Integer()),
    askedAt: Type.String({ format: 'date-time' }),
  },
  {
    description:
      'The session under way, of bars finer than a day, where `markets.pollMs` says how often it is asked for.',
  },
)
const statusSchema = Type.Object({
  ...lineProperties,
  state: Type.Enum(['waiting', 'crawling', 'fresh', 'blocked', 'incomplete', 'failed']),
  source: Type.Union([Type.String(), Type.Null()], { description: 'Who is being asked, or was last.' }),
  insteadOf: Type.Array(Type.String(), { description: 'Who would be asked in its place and is blocked or stopped.' }),
  crawls: Type.Array(Type.Integer()),
  sources: Type.Array(sourceSchema),
  gaps: countOrNull,
  lookedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  error: textOrNull,
  today: Type.Union([todaySchema, Type.Null()]),
})
const planSchema = Type.Object({
  ...lineProperties,
  instruments: Type.Integer({ description: 'Instruments of the exchange that are known.' }),
  listedBy: Type.Union([Type.String(), Type.Null()], { description: 'Who lists them.' }),
  gaps: Type.Union([Type.Integer(), Type.Null()], {
    description:
      'Rows of /v1/gaps; null while no instrument is known: only pages of the whole exchange are counted then.',
  }),
  sources: Type.Array(sourceSchema),
})

/** Markets that are kept whole and fresh. */
export function marketRoutes(app: Api, { crawl: { markets } }: ApiContext): void {
  app.get(
    '/v1/markets',
    {
      schema: {
        tags,
        summary: 'Declared markets: how far each is, who is asked, and who is blocked until when',
        querystring: querySchema({}),
        response: { 200: pageEnvelope(statusSchema) },
      },
    },
    async () => ({
      request: { params: {} },
      data: markets.list().map(publicStatus),
      next_cursor: null,
      links: { self: '/v1/markets', plan: '/v1/markets/plan' },
    }),
  )

  app.get(
    '/v1/markets/plan',
    {
      schema: {
        tags,
        summary: 'What bringing a market takes of each source, and who would be asked in which order',
        description: 'Of the declared markets, or of any exchange and interval: nothing is asked of upstreams.',
        querystring: querySchema({
          exchange: text('Only of this exchange.', { example: 'SIM' }),
          interval: choice(keptIntervals, 'Only of this interval.'),
          since: text('First session date, in place of the declared one; with exchange also where none is.', {
            example: '2026-11-02',
          }),
        }),
        response: { 200: pageEnvelope(planSchema) },
      },
    },
    async ({ query }) => {
      const since = dateBound('since', query.since)
      const data = []
      for (const line of linesOf(markets.lines, { ...query, since })) data.push(await markets.plan(line))
      return {
        request: { params: { ...query } },
        data,
        next_cursor: null,
        links: { markets: '/v1/markets', gaps: '/v1/gaps' },
      }
    },
  )
}

/** The declared lines that are meant; where `since` names a date of an exchange, lines as if they were declared. */
function linesOf(
  declared: readonly MarketLine[],
  { exchange, interval, since }: { [Key in keyof MarketLine]?: MarketLine[Key] | undefined },
): readonly MarketLine[] {
  const meant = declared.filter(
    (line) => (exchange ?? line.exchange) === line.exchange && (interval ?? line.interval) === line.interval,
  )
  if (since === undefined) return meant
  if (meant.length > 0 || exchange === undefined) return meant.map((line) => ({ ...line, since }))
  return (interval === undefined ? keptIntervals.toReversed() : [interval]).map((one) => ({
    exchange,
    interval: one,
    since,
  }))
}

function publicStatus({ lookedAtMs, today, ...status }: MarketStatus) {
  const lookedAt = lookedAtMs === null ? null : formatInstant(lookedAtMs)
  return { ...status, lookedAt, today: today === null ? null : publicToday(today) }
}

function publicToday({ askedAtMs, ...today }: TodayStatus) {
  return { ...today, askedAt: formatInstant(askedAtMs) }
}
