import { BarkeepError } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import type { Api } from '../context.js'
import type { Caller, Keys, Scope } from './keys.js'
import { scopes } from './keys.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key needs for the route, or nothing at all. Unless told: read for what only reads, write for the rest. */
    readonly scope?: Scope | 'none'
  }
  interface FastifyRequest {
    /** Who asks; null before that is known, and for a caller without a valid key. */
    caller: Caller | null
  }
}

const open: Caller = { id: 'open', scopes }

/** Tells who sends a request; whether that is enough is asked later, by `requireScopes`. */
export function identifyCallers(app: Api, keys: Keys, requiresKeys: () => boolean): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', (request, _reply, done) => {
    const key = keyOf(request)
    request.caller = (key === undefined ? undefined : keys.verify(key)) ?? null
    if (request.caller === null && !requiresKeys()) request.caller = open
    done()
  })
}

/** Lets a request pass that has the scope of its route. Throws UNAUTHORIZED_ACCESS, INSUFFICIENT_SCOPE. */
export function requireScopes(app: Api): void {
  app.addHook('onRequest', (request, reply, done) => {
    const scope = scopeOf(request)
    if (scope === 'none') return done()
    const { caller } = request
    if (caller === null) {
      // Only a browser that shows a page may ask for a password: its answer comes back as Basic.
      const challenge = request.headers.accept?.includes('text/html') ? 'Basic' : 'Bearer'
      reply.header('www-authenticate', `${challenge} realm="barkeep", charset="UTF-8"`)
      throw new BarkeepError('UNAUTHORIZED_ACCESS', {
        message:
          request.headers.authorization === undefined
            ? 'This server needs a key. Send Authorization: Bearer <key>; barkeep keys create makes one.'
            : 'The key of the Authorization header is not valid here. It may be mistyped, or revoked.',
      })
    }
    if (caller.scopes.includes(scope) || caller.scopes.includes('admin')) return done()
    throw new BarkeepError('INSUFFICIENT_SCOPE', {
      message: `The key ${caller.id} has ${caller.scopes.join(', ')}, and this needs ${scope}. Use a key that has it.`,
    })
  })
}

function scopeOf({ routeOptions, method }: FastifyRequest): Scope | 'none' {
  const { scope } = routeOptions.config
  if (scope !== undefined) return scope
  if (method === 'OPTIONS') return 'none'
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/** The bearer token, or the password of who can send nothing else: browsers, Excel, Power BI. */
function keyOf({ headers: { authorization = '' } }: FastifyRequest): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +([\w.~+/=-]+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}
