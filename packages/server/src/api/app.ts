import { randomUUID } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import fastify, { type FastifyServerOptions } from 'fastify'
import Type from 'typebox'
import { odataRoutes } from '../odata/routes.js'
import { adjustmentsRoutes } from './bars/adjustments-routes.js'
import { barsRoutes } from './bars/bars-routes.js'
import { calendarRoutes } from './calendar-routes.js'
import { catalogRoutes } from './catalog-routes.js'
import type { Api, ApiContext } from './context.js'
import { barSourcesRoutes } from './crawl/bar-sources-routes.js'
import { coverageRoutes } from './crawl/coverage-routes.js'
import { crawlRoutes } from './crawl/crawl-routes.js'
import { gapRoutes } from './crawl/gap-routes.js'
import { marketRoutes } from './crawl/market-routes.js'
import { scheduleRoutes } from './crawl/schedule-routes.js'
import { workerRoutes } from './crawl/worker-routes.js'
import { datasetRoutes } from './datasets/dataset-routes.js'
import { datasetDocs } from './docs/docs-dataset-page.js'
import { docsPage } from './docs/docs-page.js'
import { errorDocs } from './docs/error-docs.js'
import { formatAnswers } from './formats/answer-format.js'
import { protobufRoutes } from './formats/protobuf-routes.js'
import { metricsRoute } from './metrics.js'
import { sendProblem, serviceVersion } from './problem.js'
import { keysRoutes } from './safety/keys-routes.js'
import { limitCost } from './safety/limits-cost.js'
import { protectRoutes, type Safety } from './safety/security-hooks.js'
import { createHttpServer, refuseMalformed } from './safety/security-server.js'
import { describeApi } from './schema/openapi.js'
import { type SchemaTypes, validatorCompiler } from './schema/validation.js'
import { searchRoutes } from './searches/search-routes.js'
import { liveRoutes } from './streams/live-routes.js'

const JSON_BODY_BYTES_MAX = 16 * 1_024 * 1_024

/** The HTTP face of a store. It listens to nothing until told to. */
export async function createApp(
  given: ApiContext,
  safety: Safety,
  logger: FastifyServerOptions['logger'] = false,
): Promise<Api> {
  const { config } = given
  const context = { ...given, store: limitCost(given.store, config['api.rowsReadMax'], given.now) }
  const app: Api = fastify({
    logger: logger ?? false,
    serverFactory: (listener) => createHttpServer(config, listener),
    clientErrorHandler: refuseMalformed,
    // The refusal of who comes while the server stops is ours: it speaks the one language.
    return503OnClosing: false,
    bodyLimit: JSON_BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 200 },
    // Errors that come before a route was found still speak the one language.
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  }).withTypeProvider<SchemaTypes>()
  app.setValidatorCompiler(validatorCompiler)
  // Schemas of answers describe; what is sent is what the handler made.
  app.setSerializerCompiler(() => JSON.stringify)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  protectRoutes(app, context, safety, answerUnknownRoutes(app))

  formatAnswers(app, context)

  await describeApi(app, context)
  metricsRoute(app, context)
  barsRoutes(app, context)
  catalogRoutes(app, context)
  adjustmentsRoutes(app, context)
  calendarRoutes(app, context)
  datasetRoutes(app, context)
  protobufRoutes(app, context)
  crawlRoutes(app, context)
  coverageRoutes(app, context)
  barSourcesRoutes(app, context)
  gapRoutes(app, context)
  scheduleRoutes(app, context)
  marketRoutes(app, context)
  workerRoutes(app, context)
  searchRoutes(app, context)
  liveRoutes(app, context)
  keysRoutes(app, safety.keys)
  odataRoutes(app, context)
  healthRoutes(app, context)
  docsPage(app, context)
  datasetDocs(app, context)
  errorDocs(app)
  await app.ready()
  return app
}

/** Says what is wrong with a URL that no route answers. Gives the methods that a path has. */
function answerUnknownRoutes(app: Api): (path: string) => readonly string[] {
  const routes: { method: string; shape: RegExp }[] = []
  const methodsOf = (path: string) => {
    const methods = routes.filter(({ shape }) => shape.test(path)).map(({ method }) => method)
    return methods.length === 0 ? [] : [...methods, 'OPTIONS']
  }
  app.addHook('onRoute', ({ method, url }) => {
    const shape = new RegExp(`^${url.replaceAll(/:[^/]+/g, '[^/]+')}$`)
    for (const one of [method].flat()) routes.push({ method: one, shape })
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/'
    const allowed = methodsOf(path)
    if (allowed.length === 0) {
      const message = `There is no route ${path.slice(0, 100)}.`
      return sendProblem(new BarkeepError('ROUTE_NOT_FOUND', { message }), request, reply)
    }
    reply.header('allow', allowed.join(', '))
    const message = `${request.method} is not possible on ${path.slice(0, 100)}. Use ${allowed.join(' or ')}.`
    return sendProblem(new BarkeepError('METHOD_NOT_ALLOWED', { message }), request, reply)
  })
  return methodsOf
}

function healthRoutes(app: Api, { store, catalog }: ApiContext): void {
  const tags = ['service']
  const status = Type.Object({ status: Type.String() }, { additionalProperties: true })
  app.get(
    '/healthz',
    { config: { scope: 'none' }, schema: { tags, summary: 'The process lives', response: { 200: status } } },
    async () => ({ status: 'ok', version: serviceVersion }),
  )
  app.get('/readyz', { schema: { tags, summary: 'The store answers', response: { 200: status } } }, async () => {
    await store.rows('SELECT 1')
    return { status: 'ready', instruments: catalog.instruments.length }
  })
}
