import { createHash } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import type { Config } from '../../config.js'
import type { Api } from '../context.js'
import { originRule } from './cors.js'
import { hostName, isLoopback } from './security-hosts.js'

const plainPolicy = "default-src 'none'; frame-ancestors 'none'"

/** Headers that tell browsers to take answers for what they are and nothing else. */
export function sendSecurityHeaders(app: Api): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply
      .header('x-content-type-options', 'nosniff')
      .header('x-frame-options', 'DENY')
      .header('referrer-policy', 'no-referrer')
    if (reply.hasHeader('content-security-policy')) return done()
    const type = reply.getHeader('content-type')
    const isPage = typeof type === 'string' && type.startsWith('text/html') && typeof payload === 'string'
    reply.header('content-security-policy', isPage ? pagePolicy(payload) : plainPolicy)
    done()
  })
}

/** A page runs the scripts of this server and its own, which are known by their hash; nothing from elsewhere. */
function pagePolicy(page: string): string {
  const inline = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => {
    return `'sha256-${createHash('sha256').update(script).digest('base64')}'`
  })
  const rules = {
    'default-src': "'none'",
    'script-src': ["'self'", ...inline].join(' '),
    'style-src': "'self' 'unsafe-inline'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  }
  return Object.entries(rules)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ')
}

/**
 * Refuses what a web page makes a browser send without its user's will. Browsers reach loopback too, and repeat a
 * password on their own; neither a key nor a network then tells the page from the user.
 * Throws FORBIDDEN_ORIGIN: a write from another origin that api.corsOrigins does not name; on a server that asks for no
 * key, anything under a name that is not this machine's, as of a page that rebinds its own name.
 */
export function refuseForeignPages(app: Api, config: Config, requiresKeys: () => boolean): void {
  const isAllowed = originRule(config)
  app.addHook('onRequest', ({ method, headers: { origin, host = '' }, raw }, _reply, done) => {
    const authority = host === '' ? String(raw.headers[':authority'] ?? '') : host
    if (!requiresKeys() && !isLoopback(hostName(authority))) {
      throw new BarkeepError('FORBIDDEN_ORIGIN', {
        message: `Without a key this server answers as localhost only, not as '${hostName(authority).slice(0, 60)}'. Make a key with barkeep keys create.`,
      })
    }
    const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
    if (isRead || origin === undefined || isAllowed(origin) || isSameOrigin(origin, authority)) return done()
    throw new BarkeepError('FORBIDDEN_ORIGIN', {
      message: `Pages of ${origin.slice(0, 60)} may not write here. Name that origin in api.corsOrigins if they should.`,
    })
  })
}

function isSameOrigin(origin: string, authority: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === authority
}
