import type { Api, ApiContext } from '../context.js'
import { tagAnswers } from '../etag/etag.js'
import { checkPreconditions } from '../etag/etag-precondition.js'
import { answerAsPreferred } from '../etag/etag-prefer.js'
import { tagReads } from '../etag/etag-reads.js'
import type { WriteCounts } from '../etag/etag-writes.js'
import { compressAnswers } from '../formats/compression.js'
import type { AuditLog } from './audit.js'
import { auditWrites } from './audit.js'
import { allowOrigins } from './cors.js'
import type { Keys } from './keys.js'
import { identifyCallers, requireScopes } from './keys-guard.js'
import { limitLoad, limitRate } from './limits.js'
import { refuseForeignPages, sendSecurityHeaders } from './security.js'

/** What stands between a socket and the routes. */
export interface Safety {
  readonly keys: Keys
  /** Whether a caller must have a key: where there is one, and beyond loopback always. */
  readonly requiresKeys: () => boolean
  readonly audit: AuditLog
  readonly writes: WriteCounts
}

/**
 * Everything that holds for all routes, in the order in which a request meets it, and then its answer.
 * `methodsOf` gives the methods that a path has.
 */
export function protectRoutes(
  app: Api,
  context: ApiContext,
  { keys, requiresKeys, audit, writes }: Safety,
  methodsOf: (path: string) => readonly string[],
): void {
  const { config, now } = context
  auditWrites(app, audit, now)
  allowOrigins(app, config, methodsOf)
  refuseForeignPages(app, config, requiresKeys)
  identifyCallers(app, keys, requiresKeys)
  limitRate(app, config, now)
  requireScopes(app)
  limitLoad(app, config)

  tagReads(app, context, writes)
  checkPreconditions(app, config)

  answerAsPreferred(app)
  tagAnswers(app)
  sendSecurityHeaders(app)
  compressAnswers(app, config)
}
