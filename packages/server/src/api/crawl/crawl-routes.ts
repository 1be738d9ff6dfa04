import Type from 'typebox'
import type { CrawlOrder } from '../../crawl/crawls.js'
import type { Api, ApiContext } from '../context.js'
import { choice, querySchema, whole } from '../schema/query-schema.js'
import { envelope, pageEnvelope } from '../schema/wire-schemas.js'
import { crawlEventsRoute } from './crawl-events.js'

const tags = ['crawl']
const none = querySchema({})
const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2024-11-01'] })
const orderSchema = Type.Object(
  {
    connector: Type.String({ maxLength: 40, examples: ['twse'] }),
    plan: Type.String({ maxLength: 40, examples: ['daily-bars'] }),
    instruments: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { minItems: 1, maxItems: 100_000 })),
    start: date,
    end: date,
    options: Type.Optional(Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 200 }))),
  },
  { additionalProperties: false },
)
const countsSchema = Type.Object({
  waiting: Type.Integer(),
  active: Type.Integer(),
  done: Type.Integer(),
  dead: Type.Integer(),
})
const crawlSchema = Type.Object({
  id: Type.Integer(),
  order: Type.Object({
    ...orderSchema.properties,
    windows: Type.Optional(Type.Integer({ description: 'Stretches that a backfill asks for.' })),
    first: Type.Optional(Type.Enum(['newest', 'oldest'])),
    market: Type.Optional(Type.String({ description: 'The market that it is for, such as TWSE 1d; see /v1/markets.' })),
  }),
  state: Type.Enum(['planning', 'running', 'done', 'cancelled']),
  tasks: countsSchema,
})
const progressSchema = Type.Intersect([
  crawlSchema,
  Type.Object({
    blockedUntilMs: Type.Union([Type.Integer(), Type.Null()], { description: 'Until when the connector rests.' }),
    stoppedBy: Type.Union([Type.String(), Type.Null()], { description: 'Why it waits for a person.' }),
  }),
])
export const estimateSchema = Type.Object({
  requests: Type.Integer({ description: 'First requests; pages that name further ones add to them.' }),
  isCut: Type.Boolean(),
  bytes: Type.Integer(),
  durationMs: Type.Integer({ description: 'Shortest time that the limits allow.' }),
  bindingLimit: Type.Union([Type.String(), Type.Null()]),
})
const idParam = Type.Object({ id: Type.String({ pattern: '^\\d{1,9}$', examples: ['1'] }) })

export function crawlRoutes(app: Api, context: ApiContext): void {
  orderRoutes(app, context)
  crawlEventsRoute(app, context, progressSchema)
  connectorRoutes(app, context)
  reparseRoute(app, context)
}

function orderRoutes(app: Api, { crawl: { crawls } }: ApiContext): void {
  app.post(
    '/v1/crawls',
    {
      schema: {
        tags,
        summary: 'Order a crawl, or ask what it would take',
        querystring: querySchema({
          dry_run: choice(['true', 'false'], 'true only estimates: nothing is asked of the upstream.'),
        }),
        body: orderSchema,
        response: {
          201: envelope(Type.Object({ id: Type.Integer(), estimate: estimateSchema })),
          200: envelope(Type.Object({ estimate: estimateSchema })),
        },
      },
    },
    async (request, reply) => {
      const order: CrawlOrder = request.body
      const params = { ...request.query }
      if (request.query.dry_run === 'true') {
        return {
          request: { params },
          data: { estimate: await crawls.estimate(order) },
          links: { crawls: '/v1/crawls' },
        }
      }
      const ordered = await crawls.order(order)
      const self = `/v1/crawls/${ordered.id}`
      return reply.code(201).header('location', self).send({ request: { params }, data: ordered, links: { self } })
    },
  )

  app.get(
    '/v1/crawls',
    {
      schema: {
        tags,
        summary: 'Crawls, newest first',
        querystring: querySchema({ limit: whole(1, 1_000, 'How many.') }),
        response: { 200: pageEnvelope(crawlSchema) },
      },
    },
    async ({ query }) => ({
      request: { params: query },
      data: await crawls.list(query.limit ?? 100),
      next_cursor: null,
      links: { self: '/v1/crawls' },
    }),
  )

  app.get(
    '/v1/crawls/:id',
    {
      schema: {
        tags,
        summary: 'How far a crawl is',
        params: idParam,
        querystring: none,
        response: { 200: envelope(crawlSchema) },
      },
    },
    async ({ params: { id } }) => ({
      request: { params: { id } },
      data: await crawls.status(Number(id)),
      links: { self: `/v1/crawls/${id}` },
    }),
  )

  app.delete(
    '/v1/crawls/:id',
    {
      schema: {
        tags,
        summary: 'Cancel a crawl: what is not done is dropped',
        params: idParam,
        querystring: none,
        response: { 200: envelope(crawlSchema) },
      },
    },
    async ({ params: { id } }) => ({
      request: { params: { id } },
      data: await crawls.cancel(Number(id)),
      links: { self: `/v1/crawls/${id}` },
    }),
  )
}

const connectorSchema = Type.Object({
  id: Type.String(),
  title: Type.String(),
  homepage: Type.String(),
  plans: Type.Record(
    Type.String(),
    Type.Object({
      title: Type.String(),
      of: Type.String(),
      exchanges: Type.Array(Type.String()),
      per: Type.String(),
      since: Type.Union([Type.String(), Type.Null()]),
      options: Type.Record(Type.String(), Type.String()),
    }),
  ),
  status: Type.Unknown(),
  live: Type.Array(
    Type.Object({
      topic: Type.String(),
      state: Type.Enum(['connecting', 'listening', 'waiting', 'stopped']),
      instruments: Type.Integer(),
      bars: Type.Integer({ description: 'Bars that were kept, each state of one that was building up included.' }),
      breaks: Type.Integer({ description: 'Connections that ended.' }),
      lastError: Type.Union([Type.String(), Type.Null()]),
      lastBarsMs: Type.Union([Type.Integer(), Type.Null()]),
    }),
    { description: 'What it listens to, as connectors.<id>.live says.' },
  ),
})

function connectorRoutes(app: Api, { crawl }: ApiContext): void {
  const { connectors, engine, queue, liveSources } = crawl
  app.get(
    '/v1/connectors',
    {
      schema: {
        tags,
        summary: 'Upstreams, what they can bring and how they are',
        querystring: none,
        response: { 200: pageEnvelope(connectorSchema) },
      },
    },
    async () => ({
      request: { params: {} },
      data: connectors.map(({ id, title, homepage, crawls }) => ({
        id,
        title,
        homepage,
        plans: Object.fromEntries(
          Object.entries(crawls).map(([name, { title: what, of, exchanges, per, since, options = {} }]) => [
            name,
            { title: what, of, exchanges, per, since, options },
          ]),
        ),
        status: engine.status(id),
        live: liveSources.status(id),
      })),
      next_cursor: null,
      links: { self: '/v1/connectors' },
    }),
  )

  app.get(
    '/v1/dead-tasks',
    {
      schema: {
        tags,
        summary: 'Tasks that failed for good',
        querystring: querySchema({ limit: whole(1, 1_000, 'How many.') }),
        response: { 200: pageEnvelope(Type.Unknown()) },
      },
    },
    async ({ query }) => ({
      request: { params: query },
      data: (await queue.dead(undefined, query.limit ?? 100)).map(({ key, crawl, task, attempts, error }) => ({
        key,
        crawl,
        ...task,
        attempts,
        error,
      })),
      next_cursor: null,
      links: { self: '/v1/dead-tasks' },
    }),
  )

  app.post(
    '/v1/connectors/:id',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        summary: 'Let a connector go on that stopped, and try its dead tasks again',
        params: Type.Object({ id: Type.String({ examples: ['twse'] }) }),
        querystring: none,
        body: Type.Object({ revive: Type.Boolean() }, { additionalProperties: false }),
        response: { 200: envelope(Type.Object({ revived: Type.Integer() })) },
      },
    },
    async ({ params: { id }, body }) => {
      const revived = body.revive ? await queue.revive(id) : 0
      await engine.resume(id)
      return { request: { params: { id } }, data: { revived }, links: { connectors: '/v1/connectors' } }
    },
  )
}

function reparseRoute(app: Api, { crawl }: ApiContext): void {
  app.post(
    '/v1/connectors/:id/reparse',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        summary: 'Read the archived pages of a connector again, without a request',
        params: Type.Object({ id: Type.String({ examples: ['twse'] }) }),
        querystring: none,
        response: {
          200: envelope(
            Type.Object({
              tasks: Type.Integer(),
              bars: Type.Integer(),
              rows: Type.Integer(),
              failed: Type.Integer(),
              failures: Type.Array(Type.Object({ task: Type.String(), error: Type.String() })),
            }),
          ),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const abort = new AbortController()
      reply.raw.once('close', () => abort.abort())
      const data = await crawl.reparse(id, abort.signal)
      return { request: { params: { id } }, data, links: { connectors: '/v1/connectors' } }
    },
  )
}
