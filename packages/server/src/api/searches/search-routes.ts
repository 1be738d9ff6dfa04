import { BarkeepError, invalidParameter } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Api, ApiContext } from '../context.js'
import { chooseCoding } from '../formats/compression.js'
import { choice, list, querySchema, text, whole } from '../schema/query-schema.js'
import type { FollowedSearch, SearchService, SearchShape } from './search-port.js'
import { searchAnswers } from './search-schemas.js'
import { streamSearch } from './search-stream.js'

const tags = ['search']
/** What changed between two versions never changes again. */
const FOR_EVER = 'private, max-age=31536000, immutable'
const RETRY_MS = 1_000
const SECONDS_MAX = 3_600
const idParam = Type.Object({ id: Type.String({ maxLength: 60, examples: ['4f3c0d1e-…'] }) })
const versionShape = (description: string) => whole(1, 1_000_000_000, description)

/** Searches over many slow sources, followed by any number of callers. */
export function searchRoutes(app: Api, { search, config }: ApiContext): void {
  // Who waits is answered first, or the server would wait for them.
  app.addHook('preClose', () => search.close())
  unitradRoutes(app, search, config['search.waitMsMax'])
  changesRoutes(app, search, config['search.waitMsMax'])
  streamSearch(app, search)
}

/** The wire as Unitrad's. */
function unitradRoutes(app: Api, search: SearchService, waitMsMax: number): void {
  app.get(
    '/v1/search',
    {
      schema: {
        tags,
        summary: 'Search all sources at once; answered with what is there, while the slow ones are still asked',
        querystring: querySchema({
          q: text('What to search for.', { example: '台積' }),
          free: text("The same, as CALIL's clients call it; answered with names=books."),
          region: text("CALIL's clients send it; it changes nothing."),
          sources: list('Sources to ask; all unless told.', 'instruments'),
          names: choice(['hits', 'books'], "books names everything as CALIL's clients do, here and when polled."),
        }),
        response: { 200: searchAnswers.state },
      },
    },
    async (request, reply) => {
      const { q, free, sources, names = free === undefined ? 'hits' : 'books' } = request.query
      const run = await search.search(queryOf(q, free), sources)
      return send(request, reply, run, 0, run.version, names)
    },
  )

  app.get(
    '/v1/polling',
    {
      config: { waits: true },
      schema: {
        tags,
        summary: 'Wait for something new of a search; null when nothing came',
        querystring: querySchema({
          uuid: Type.String({ maxLength: 60, description: 'What the search answered.', examples: ['4f3c0d1e-…'] }),
          version: versionShape('The version that the caller has; none asks for all there is.'),
          diff: choice(['0', '1'], '1 answers only what changed, where that is known; else all there is.'),
          timeout: whole(0, SECONDS_MAX, `Seconds to wait, at most ${waitMsMax / 1_000}.`),
        }),
        response: { 200: searchAnswers.polled },
      },
    },
    async (request, reply) => {
      const { uuid, version = 0, diff, timeout = 0 } = request.query
      const isBooks = uuid.endsWith(search.booksMark)
      const run = find(search, isBooks ? uuid.slice(0, -search.booksMark.length) : uuid)
      if (!(await waited(search, run, request, reply, version, timeout, waitMsMax))) {
        return reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send('null')
      }
      const shape = isBooks ? 'books' : 'hits'
      const from = diff === '1' && version > 0 && run.head(version) !== undefined ? version : 0
      return send(request, reply, run, from, run.version, shape)
    },
  )
}

/** The modern twin: increments have an address, and no answer says less than its status. */
function changesRoutes(app: Api, search: SearchService, waitMsMax: number): void {
  app.get(
    '/v1/searches/:id',
    {
      schema: {
        tags,
        summary: 'All that a search has found by now',
        params: idParam,
        querystring: querySchema({}),
        response: { 200: searchAnswers.stateInEnvelope },
      },
    },
    async (request, reply) => {
      const run = find(search, request.params.id)
      run.follow()
      return send(request, reply, run, 0, run.version, 'envelope')
    },
  )

  app.get(
    '/v1/searches/:id/changes',
    {
      config: { waits: true },
      schema: {
        tags,
        summary: 'What changed after a version, up to now or to another version',
        description:
          'With `until` it is for ever the same, and may be cached as long. 204 when nothing came within the wait, 410 ' +
          'with a link to all there is where the changes are no longer known.',
        params: idParam,
        querystring: querySchema({
          since: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'The version that the caller has.' }),
          epoch: text('The epoch that the caller has.'),
          until: versionShape('Up to this version; the last unless told.'),
          wait: whole(0, SECONDS_MAX, `Seconds to wait for something new, at most ${waitMsMax / 1_000}.`),
        }),
        response: { 200: searchAnswers.increment, 204: searchAnswers.nothing },
      },
    },
    async (request, reply) => {
      const { since, until, epoch, wait = 0 } = request.query
      const { id } = request.params
      const run = search.find(id)
      if (epoch !== undefined && epoch !== search.epoch) throw gone(reply, run, 'comes from before a restart')
      if (run === undefined) throw unknown(id)
      if (since > run.version) throw gone(reply, run, `has versions up to ${run.version}`)
      if (until !== undefined && (until <= since || until > run.version)) {
        throw invalidParameter('until', String(until), `it must be after since, and at most ${run.version}.`)
      }
      if (!(await waited(search, run, request, reply, since, wait, waitMsMax))) {
        return reply.code(204).header('cache-control', 'no-store').send()
      }
      if (run.head(since) === undefined) throw gone(reply, run, `no longer knows what changed after ${since}`)
      if (until !== undefined) reply.header('cache-control', FOR_EVER)
      return send(request, reply, run, since, until ?? run.version, 'envelope')
    },
  )
}

/** Waits for a version after the caller's. Throws OVER_CAPACITY, and SERVICE_UNAVAILABLE where the server stops meanwhile. */
async function waited(
  search: SearchService,
  run: FollowedSearch,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  since: number,
  seconds: number,
  waitMsMax: number,
): Promise<boolean> {
  if (run.version > since) {
    run.follow()
    return true
  }
  if (seconds > 0) search.admitFollower()
  const left = new AbortController()
  const leave = () => left.abort()
  reply.raw.once('close', leave)
  try {
    const isChanged = await run.changed(since, Math.min(seconds * 1_000, waitMsMax), left.signal)
    if (!search.isClosing || raw.destroyed) return isChanged
  } finally {
    reply.raw.off('close', leave)
  }
  throw new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The server is stopping.', retry: { afterMs: RETRY_MS } })
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  run: FollowedSearch,
  from: number,
  to: number,
  shape: SearchShape,
) {
  const answer = await run.body(from, to, shape, chooseCoding(request.headers['accept-encoding']) ?? null)
  if (answer === undefined) throw gone(reply, run, `no longer knows what changed after ${from}`)
  const { body, coding } = answer
  if (coding !== null) reply.header('content-encoding', coding)
  // Named by what it is, so that nobody has to hash it for each of a thousand callers.
  reply.header('etag', `"${run.epoch}.${run.uuid}.${from}-${to}.${shape}.${coding ?? 'plain'}"`)
  if (!reply.hasHeader('vary')) reply.header('vary', 'Accept-Encoding, Authorization')
  return reply.type('application/json; charset=utf-8').send(body)
}

function queryOf(q: string | undefined, free: string | undefined): string {
  if (q !== undefined && free !== undefined) {
    throw new BarkeepError('EXCLUSIVE_PARAMETERS', { message: 'q and free mean the same. Send one of them.' })
  }
  const query = q ?? free
  if (query !== undefined) return query
  const message = 'q is missing. Add q=台積.'
  throw new BarkeepError('MISSING_PARAMETER', {
    message,
    errors: [{ code: 'MISSING_PARAMETER', parameter: 'q', message }],
  })
}

function find(search: SearchService, id: string): FollowedSearch {
  const run = search.find(id)
  if (run === undefined) throw unknown(id)
  return run
}

function unknown(id: string): BarkeepError {
  return new BarkeepError('NOT_FOUND', {
    message: `There is no search ${id.slice(0, 60)}. Searches are kept for search.keepMs, and not over a restart: search again.`,
  })
}

function gone(reply: FastifyReply, run: FollowedSearch | undefined, why: string): BarkeepError {
  const next = run === undefined ? '/v1/search' : `/v1/searches/${run.uuid}`
  reply.header('link', `<${next}>; rel="${run === undefined ? 'search' : 'snapshot'}"`)
  return new BarkeepError('GONE', {
    message: run === undefined ? `The search ${why}. Search again.` : `The search ${why}. Read all of it at ${next}.`,
  })
}
