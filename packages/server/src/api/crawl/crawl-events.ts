import { Readable } from 'node:stream'
import { BarkeepError } from '@barkeep/core'
import Type, { type TSchema } from 'typebox'
import { CrawlFeed, type CrawlProgress } from '../../crawl/crawl-feed.js'
import { wallClock } from '../../crawl/open-crawl.js'
import type { Api, ApiContext } from '../context.js'
import { querySchema } from '../schema/query-schema.js'

const EVENT_STREAM = 'text/event-stream'
/** After how long a browser whose connection broke comes back. */
const RECONNECT_MS = 1_000
/** What is made ahead of a slow reader: one event, since each says all. */
const AHEAD_BYTES = 1

/**
 * How far a crawl is, as server-sent events: the state, then each that differs from the one before, at most one in
 * crawl.eventsMs. Every event has the whole state, so a reader who is slow is sent the newest and misses nothing.
 */
export function crawlEventsRoute(app: Api, { crawl, config }: ApiContext, progress: TSchema): void {
  const streamsMax = config['crawl.eventStreamsMax']
  const heartbeatMs = config['crawl.eventsHeartbeatMs']
  const feed = new CrawlFeed({ ...crawl, clock: wallClock, everyMs: config['crawl.eventsMs'] })
  let streams = 0
  app.addHook('preClose', async () => feed.close())
  app.get(
    '/v1/crawls/:id/events',
    {
      schema: {
        tags: ['crawl'],
        summary: 'Follow a crawl by server-sent events',
        description:
          'Events `state` whose data are what `GET /v1/crawls/{id}` answers, with `blockedUntilMs` and `stoppedBy` of the ' +
          'connector: at once, then as it changes. The stream ends when the crawl does. With `Last-Event-ID` a state that ' +
          'is known is not sent again, and for a crawl that is over the answer is 204, so that a browser stops to come back.',
        params: Type.Object({ id: Type.String({ pattern: '^\\d{1,9}$', examples: ['1'] }) }),
        querystring: querySchema({}),
        response: {
          200: { description: 'States', content: { [EVENT_STREAM]: { schema: Type.String(), itemSchema: progress } } },
          204: Type.Null({ description: 'The crawl is over, as `Last-Event-ID` says.' }),
        },
      },
    },
    async (request, reply) => {
      const id = Number(request.params.id)
      const known = request.headers['last-event-id']?.toString()
      const first = await feed.now(id)
      if (isOver(first) && eventId(first) === known) return reply.code(204).send()
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type(EVENT_STREAM)
      if (request.method === 'HEAD') return reply.send()
      if (streams >= streamsMax) {
        throw new BarkeepError('OVER_CAPACITY', {
          message: `${streamsMax} crawls are being followed, as many as crawl.eventStreamsMax allows. Ask for /v1/crawls/${id} now and then.`,
          retry: { afterMs: RECONNECT_MS },
        })
      }
      streams += 1
      reply.raw.once('close', () => {
        streams -= 1
      })
      return reply.send(eventStream(feed, first, { known, heartbeatMs, now: wallClock.now }))
    },
  )
}

/** The events of a crawl from a state on. A reader who does not read keeps one of them waiting, and nothing is looked at. */
export function eventStream(
  feed: Pick<CrawlFeed, 'later'>,
  from: CrawlProgress,
  options: { readonly known: string | undefined; readonly heartbeatMs: number; readonly now: () => number },
): Readable {
  return Readable.from(events(feed, from, options), { objectMode: false, highWaterMark: AHEAD_BYTES })
}

async function* events(
  feed: Pick<CrawlFeed, 'later'>,
  from: CrawlProgress,
  { known, heartbeatMs, now }: Parameters<typeof eventStream>[2],
): AsyncGenerator<string, void, undefined> {
  yield `retry: ${RECONNECT_MS}\n\n`
  let [shown, shownMs] = [known, now()]
  let next: CrawlProgress | undefined = from
  // Where the server stops or the store fails, the stream ends early; its reader comes back.
  for (; next !== undefined; next = await feed.later(from.id).catch(() => undefined)) {
    const id = eventId(next)
    if (id !== shown) yield `id: ${id}\nevent: state\ndata: ${JSON.stringify(next)}\n\n`
    // A word now and then shows both sides that the connection lives.
    else if (now() - shownMs >= heartbeatMs) yield ':\n\n'
    else continue
    if (isOver(next)) return
    shown = id
    shownMs = now()
  }
}

function isOver({ state }: CrawlProgress): boolean {
  return state === 'done' || state === 'cancelled'
}

/** Equal for equal states, also after a restart of the server. */
function eventId({ state, tasks, blockedUntilMs, stoppedBy }: CrawlProgress): string {
  const { waiting, active, done, dead } = tasks
  return [state, waiting, active, done, dead, blockedUntilMs ?? '', stoppedBy === null ? '' : 'stopped'].join('.')
}
