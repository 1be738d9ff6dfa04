import type { Config } from '../../config.js'
import type { Api } from '../context.js'

/** Headers of answers that scripts of other origins may read, beside those that browsers show anyway. */
const exposed = [
  'Content-Encoding',
  'ETag',
  'Link',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'X-Request-Id',
  'X-Total-Count',
  'X-DATAINFO-TOTAL',
  'X-DATAINFO-START',
  'X-DATAINFO-TAKE',
].join(', ')

/** Headers of requests that such scripts may send. */
const accepted = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'Prefer',
].join(', ')

/** How long a browser may remember what was allowed; Chromium caps it there. */
const REMEMBERED_SECONDS = 7_200

/** Whether scripts of an origin may use the server: those that api.corsOrigins names, `*` for all. */
export function originRule(config: Config): (origin: string) => boolean {
  const named = config['api.corsOrigins']
    .split(',')
    .map((origin) => origin.trim().replace(/\/$/, ''))
    .filter((origin) => origin !== '')
  const all = named.includes('*')
  return (origin) => all || named.includes(origin)
}

/**
 * Lets pages of other origins in that the configuration names; unless it names one, none: any page that the user of an
 * open server visits could read and write it otherwise. No cookie is ever used, so credentials are not allowed.
 * `methodsOf` gives the methods of the route at a path. Preflights are answered before a key is asked for, as they carry none.
 */
export function allowOrigins(app: Api, config: Config, methodsOf: (path: string) => readonly string[]): void {
  const isAllowed = originRule(config)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    reply.header('vary', 'Origin, Accept, Accept-Encoding, Authorization')
    const lets = origin !== undefined && isAllowed(origin)
    reply.header('cross-origin-resource-policy', lets ? 'cross-origin' : 'same-origin')
    if (lets) reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposed)
    if (request.method !== 'OPTIONS') return done()
    const methods = methodsOf(request.url.split('?')[0] ?? '/')
    if (methods.length === 0) return done()
    if (lets && request.headers['access-control-request-method'] !== undefined) {
      reply
        .header('access-control-allow-methods', methods.join(', '))
        .header('access-control-allow-headers', accepted)
        .header('access-control-max-age', REMEMBERED_SECONDS)
    }
    reply.code(204).header('allow', methods.join(', ')).send()
  })
}
