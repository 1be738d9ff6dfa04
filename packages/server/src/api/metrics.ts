import { errorCatalogue } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Api, ApiContext } from './context.js'
import { searchMetrics } from './searches/search-metrics.js'
import { liveMetrics } from './streams/live-metrics.js'

/** `GET /metrics` in the text format of Prometheus: the process, requests by route, and what the store holds. */
export function metricsRoute(app: Api, { catalog, search, live }: ApiContext): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'barkeep_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer; status 499 where the caller went away before it.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  })
  const bytes = new Counter({
    name: 'barkeep_http_answer_bytes_total',
    help: 'Bytes of answers, as written to sockets.',
    labelNames: ['route'],
    registers: [registry],
  })
  new Gauge({
    name: 'barkeep_instruments',
    help: 'Instruments in the store.',
    registers: [registry],
    collect() {
      this.set(catalog.instruments.length)
    },
  })

  searchMetrics(registry, search)
  liveMetrics(registry, live)

  const written = new WeakMap<object, number>()
  const count = (request: FastifyRequest, status: number, elapsedMs: number) => {
    // The route's pattern, never the URL: labels must stay few.
    const route = request.routeOptions.url ?? 'none'
    seconds.observe({ method: request.method, route, status }, elapsedMs / 1_000)
    bytes.inc({ route }, Math.max(0, bytesWritten(request) - (written.get(request) ?? 0)))
  }
  app.addHook('onRequest', (request, reply, done) => {
    // A kept connection serves many requests, and its counter goes on.
    written.set(request, bytesWritten(request))
    // Who goes away before the end of the answer never comes to the hook below.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) count(request, errorCatalogue.CANCELLED_REQUEST.status, reply.elapsedTime)
    })
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply.statusCode, reply.elapsedTime)
    done()
  })
  app.get(
    '/metrics',
    { schema: { tags: ['service'], summary: 'Metrics for Prometheus', response: { 200: { type: 'string' } } } },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  )
}

/** A request that the server makes of itself comes over no socket. */
function bytesWritten({ raw }: FastifyRequest): number {
  return raw.socket.bytesWritten ?? 0
}
