import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { Config } from '../config.js'
import type { Crawl } from '../crawl/open-crawl.js'
import type { Contents } from '../store/contents.js'
import type { Store } from '../store/store.js'
import type { Idempotency } from './idempotency.js'
import type { SchemaTypes } from './schema/validation.js'
import type { SearchService } from './searches/search-port.js'
import type { LiveService } from './streams/live-port.js'

/** What the routes work with. */
export interface ApiContext extends Contents {
  readonly store: Store
  readonly idempotency: Idempotency
  readonly crawl: Crawl
  readonly search: SearchService
  readonly live: LiveService
  readonly config: Config
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The server whose handlers take their types from the schemas of their routes. */
export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>
