import { BarkeepError } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../../config.js'
import type { Api } from '../context.js'
import { matches } from './etag.js'
import { ResourceLocks } from './etag-locks.js'

/**
 * Holds writes with If-Match, or `If-None-Match: *`, against what a read of the same URL gives now. Such a write is alone
 * with its dataset while it is carried out, so that of two which read the same only one wins; other writes share it.
 * What a crawl brings in takes no part in this. Throws PRECONDITION_FAILED, LOCK_ACQUISITION_TIMEOUT.
 */
export function checkPreconditions(app: Api, config: Config): void {
  const locks = new ResourceLocks(config['api.lockMsMax'])
  app.addHook('preHandler', async (request, reply) => {
    const { method, headers } = request
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || request.is404) return
    const ifMatch = headers['if-match']
    const ifNone = headers['if-none-match']
    const isConditional = ifMatch !== undefined || ifNone !== undefined
    const release = await locks.acquire(resourceOf(request), isConditional ? 'alone' : 'shared')
    if (reply.raw.closed) {
      release()
      throw new BarkeepError('CANCELLED_REQUEST', { message: 'The caller went away while its write waited.' })
    }
    reply.raw.once('close', release)
    if (!isConditional) return
    const tag = await currentTag(app, request)
    if ((ifMatch === undefined || matches(ifMatch, tag)) && !matches(ifNone, tag)) return
    const isThere = tag === undefined ? 'there is nothing that has a tag' : `what is there has the tag ${tag}`
    throw new BarkeepError('PRECONDITION_FAILED', {
      message: `Nothing was written, because ${isThere}. Read ${pathOf(request).slice(0, 100)} again.`,
    })
  })
}

/** `/v1/datasets/birds` for all that is below it; the plain API, wherever it stands, writes to the same rows. */
function resourceOf(request: FastifyRequest): string {
  // Parts of the route by name, decoded: in the path a name can be written in several ways.
  const { dataset, name } = request.params as Readonly<Record<string, string>>
  const { url = '' } = request.routeOptions
  if (dataset !== undefined) return `/v1/datasets/${dataset}`
  if (name !== undefined && url.startsWith('/v1/datasets/')) return `/v1/datasets/${name}`
  return pathOf(request).split('/').slice(0, 4).join('/')
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0] ?? '/'
}

/** The tag of what a read gives to the same caller. */
async function currentTag(app: Api, request: FastifyRequest): Promise<string | undefined> {
  const { authorization, host } = request.headers
  const answer = await app.inject({
    method: 'GET',
    url: pathOf(request),
    remoteAddress: request.ip,
    headers: {
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...(host !== undefined && { host }),
    },
  })
  if (answer.statusCode >= 500 || answer.statusCode === 429) {
    throw new BarkeepError('OVER_CAPACITY', {
      message: 'What is there cannot be read now, so it cannot be compared. Try again soon.',
      retry: { afterMs: 1_000 },
    })
  }
  return answer.statusCode === 200 ? answer.headers.etag?.toString() : undefined
}
