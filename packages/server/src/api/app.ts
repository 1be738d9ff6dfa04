import { randomUUID } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { barsRoutes } from './bars-routes.js'
import { catalogRoutes } from './catalog-routes.js'
import type { ApiContext } from './context.js'
import { errorDocs } from './error-docs.js'
import { sendProblem, serviceVersion } from './problem.js'

const JSON_BODY_BYTES_MAX = 16 * 1_024 * 1_024

/** The HTTP face of a store. It listens to nothing until told to. */
export async function createApp(
  context: ApiContext,
  logger: FastifyServerOptions['logger'] = false,
): Promise<FastifyInstance> {
  const app = fastify({
    logger: logger ?? false,
    bodyLimit: JSON_BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    // Errors that come before a route was found still speak the one language.
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  })
  const routes: { method: string; shape: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const shape = new RegExp(`^${url.replaceAll(/:[^/]+/g, '[^/]+')}$`)
    for (const one of [method].flat()) routes.push({ method: one, shape })
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/'
    const allowed = routes.filter(({ shape }) => shape.test(path)).map(({ method }) => method)
    if (allowed.length === 0) {
      return sendProblem(
        new BarkeepError('ROUTE_NOT_FOUND', { message: `There is no route ${path.slice(0, 100)}.` }),
        request,
        reply,
      )
    }
    reply.header('allow', allowed.join(', '))
    const message = `${request.method} is not possible on ${path.slice(0, 100)}. Use ${allowed.join(' or ')}.`
    return sendProblem(new BarkeepError('METHOD_NOT_ALLOWED', { message }), request, reply)
  })

  // Bulk bodies go to the engine as they come, so only the instruments' route has its JSON parsed.
  app.register(async (bulk) => {
    bulk.removeAllContentTypeParsers()
    bulk.addContentTypeParser('*', (_request, _payload, done) => done(null))
    barsRoutes(bulk, context)
  })
  catalogRoutes(app, context)
  errorDocs(app)
  app.get('/healthz', async () => ({ status: 'ok', version: serviceVersion }))
  app.get('/readyz', async () => {
    await context.store.rows('SELECT 1')
    return { status: 'ready', instruments: context.catalog.instruments.length }
  })
  await app.ready()
  return app
}
