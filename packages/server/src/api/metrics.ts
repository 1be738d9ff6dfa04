import type { FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Api, ApiContext } from './context.js'

/** `GET /metrics` in the text format of Prometheus: the process, requests by route, and what the store holds. */
export function metricsRoute(app: Api, { catalog }: ApiContext): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'barkeep_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
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

  const written = new WeakMap<object, number>()
  app.addHook('onRequest', async (request) => {
    // A kept connection serves many requests, and its counter goes on.
    written.set(request, bytesWritten(request))
  })
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, never the URL: labels must stay few.
    const route = request.routeOptions.url ?? 'none'
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000)
    bytes.inc({ route }, Math.max(0, bytesWritten(request) - (written.get(request) ?? 0)))
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
