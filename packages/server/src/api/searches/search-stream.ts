import { Readable } from 'node:stream'
import { BarkeepError } from '@barkeep/core'
import Type from 'typebox'
import type { Api } from '../context.js'
import { querySchema } from '../schema/query-schema.js'
import type { FollowedSearch, SearchService } from './search-port.js'

/** How often a line without meaning tells both sides that the other is there. */
const HEARTBEAT_MS = 15_000

/**
 * A search as server-sent events: `state` first, then an `increment` whenever something changed. A reader who is slow
 * gets fewer and larger increments, since each begins where the last one that was read ended.
 */
export function streamSearch(app: Api, search: SearchService): void {
  app.get(
    '/v1/searches/:id/stream',
    {
      schema: {
        tags: ['search'],
        summary: 'A search as server-sent events, gone on with after Last-Event-ID',
        params: Type.Object({ id: Type.String({ maxLength: 60, examples: ['4f3c0d1e-…'] }) }),
        querystring: querySchema({}),
        response: {
          200: {
            description: 'Events state and increment, then end',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          204: Type.Null({ description: 'The search has ended, and the caller has all of it.' }),
        },
      },
    },
    async (request, reply) => {
      const run = search.find(request.params.id)
      if (run === undefined) {
        throw new BarkeepError('NOT_FOUND', {
          message: `There is no search ${request.params.id.slice(0, 60)}. Search again.`,
        })
      }
      const since = versionOf(request.headers['last-event-id']?.toString(), run)
      // An EventSource that is answered so does not come back.
      if (!run.isRunning && since === run.version) return reply.code(204).send()
      search.admitFollower()
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream')
      return reply.send(Readable.from(events(search, run, since, left.signal), { objectMode: false, highWaterMark: 1 }))
    },
  )
}

async function* events(
  search: SearchService,
  run: FollowedSearch,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let at = since
  while (!signal.aborted && !search.isClosing) {
    const to = run.version
    if (to > at) {
      const from = run.head(at) === undefined ? 0 : at
      const answer = await run.body(from, to, 'event', null)
      if (answer === undefined) return
      yield answer.body
      at = to
    } else if (!run.isRunning) {
      yield Buffer.from('event: end\ndata: {}\n\n')
      return
    } else if (!(await run.changed(at, HEARTBEAT_MS, signal))) yield Buffer.from(':\n\n')
  }
}

/** The version that a caller says it has; 0 for one without, or of another life of the server. */
function versionOf(lastEventId: string | undefined, { epoch, version }: FollowedSearch): number {
  const [named, text = ''] = (lastEventId ?? '').split('.')
  const told = named === epoch && /^\d{1,9}$/.test(text) ? Number(text) : 0
  return told <= version ? told : 0
}
