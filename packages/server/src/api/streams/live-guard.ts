import type { IncomingMessage } from 'node:http'
import { BarkeepError } from '@barkeep/core'
import type { Config } from '../../config.js'
import { originRule } from '../safety/cors.js'
import type { Caller } from '../safety/keys.js'
import type { Safety } from '../safety/security-hooks.js'
import { hostName, isLoopback } from '../safety/security-hosts.js'

/** Who is at the other end of a connection. */
export interface LiveCaller {
  /** Throws UNAUTHORIZED_ACCESS once the key was revoked, INSUFFICIENT_SCOPE. */
  require(scope: 'read' | 'publish'): void
}

/**
 * Lets connections in by the rules of HTTP. A browser opens a WebSocket to anywhere for any page, without asking the server
 * first, so a page of another origin is refused like one that writes. `key` is what the handshake carried.
 * Throws FORBIDDEN_ORIGIN, UNAUTHORIZED_ACCESS.
 */
export function createLiveGuard(
  config: Config,
  { keys, requiresKeys }: Pick<Safety, 'keys' | 'requiresKeys'>,
): (request: IncomingMessage, key: string | undefined) => LiveCaller {
  const isAllowed = originRule(config)
  return ({ headers: { origin, host = '' } }, key) => {
    if (!requiresKeys() && !isLoopback(hostName(host))) {
      throw new BarkeepError('FORBIDDEN_ORIGIN', {
        message: `Without a key this server answers as localhost only, not as '${hostName(host).slice(0, 60)}'. Make a key with barkeep keys create.`,
      })
    }
    const isSame = origin !== undefined && URL.canParse(origin) && new URL(origin).host === host
    if (origin !== undefined && !isSame && !isAllowed(origin)) {
      throw new BarkeepError('FORBIDDEN_ORIGIN', {
        message: `Pages of ${origin.slice(0, 60)} may not listen here. Name that origin in api.corsOrigins if they should.`,
      })
    }
    const caller = (): Caller => {
      const known = key === undefined ? undefined : keys.verify(key)
      if (known !== undefined) return known
      if (!requiresKeys()) return { id: 'open', scopes: ['read', 'publish'] }
      throw new BarkeepError('UNAUTHORIZED_ACCESS', {
        message:
          key === undefined
            ? 'This server needs a key. Give it in the handshake: auth: {token: "bk_…"}; barkeep keys create makes one.'
            : 'The key of the handshake is not valid here. It may be mistyped, or revoked.',
      })
    }
    caller()
    return {
      require(scope) {
        const { id, scopes } = caller()
        if (scopes.includes(scope) || scopes.includes('admin')) return
        throw new BarkeepError('INSUFFICIENT_SCOPE', {
          message: `The key ${id} has ${scopes.join(', ')}, and this needs ${scope}. Use a key that has it.`,
        })
      },
    }
  }
}
