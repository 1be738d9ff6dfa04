import { BarkeepError } from '@barkeep/core'
import type { Config } from '../../config.js'
import type { Api } from '../context.js'
import { Buckets } from './limits-bucket.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether who asks is meant to wait, and costs nothing meanwhile; the route has a limit of its own. */
    readonly waits?: boolean
  }
}

/** Callers whose requests are counted at a time. */
const CALLERS_MAX = 10_000
/** What who is refused for load is told to wait; most requests take a part of it. */
const RETRY_MS = 1_000

/**
 * Refuses more requests a second of one key, or of one address without a key, than api.requestsPerSecond.
 * Stands behind the look at the key and before its refusal, so that guessing keys is counted too.
 */
export function limitRate(app: Api, config: Config, now: () => number): void {
  const perSecond = config['api.requestsPerSecond']
  if (perSecond === 0) return
  const buckets = new Buckets(perSecond, CALLERS_MAX)
  app.addHook('onRequest', ({ caller, ip }, _reply, done) => {
    const waitMs = buckets.take(caller === null || caller.id === 'open' ? ip : caller.id, now())
    if (waitMs === 0) return done()
    throw new BarkeepError('TOO_MANY_REQUESTS', {
      message: `More than api.requestsPerSecond = ${perSecond} requests came from one caller. Wait ${waitMs} ms.`,
      retry: { afterMs: waitMs },
    })
  })
}

/**
 * Refuses what comes while api.requestsMax requests wait for their answer to begin: each holds memory, and one more
 * would only make all slower. An answer on its way counts no longer; how many of those are made at a time is
 * store.streamsMax. While the server stops, it refuses everything new.
 */
export function limitLoad(app: Api, config: Config): void {
  const requestsMax = config['api.requestsMax']
  const waiting = new Set<string>()
  let isStopping = false
  app.addHook('preClose', async () => {
    isStopping = true
  })
  app.addHook('onRequest', ({ id, raw, routeOptions }, reply, done) => {
    if (isStopping) {
      // HTTP/2 has no such header: its session is told otherwise.
      if (raw.httpVersionMajor === 1) reply.header('connection', 'close')
      throw new BarkeepError('SERVICE_UNAVAILABLE', {
        message: 'The server is stopping.',
        retry: { afterMs: RETRY_MS },
      })
    }
    // Who watches over the server must hear from it in particular when it is busy.
    if (routeOptions.url === '/healthz' || routeOptions.config.waits === true) return done()
    if (waiting.size >= requestsMax) {
      throw new BarkeepError('OVER_CAPACITY', {
        message: `${requestsMax} requests wait for their answers, as many as api.requestsMax allows. Try again soon.`,
        retry: { afterMs: RETRY_MS },
      })
    }
    waiting.add(id)
    // Also when the caller goes away before there is an answer.
    reply.raw.once('close', () => waiting.delete(id))
    done()
  })
  app.addHook('onSend', ({ id }, _reply, _payload, done) => {
    waiting.delete(id)
    done()
  })
}
