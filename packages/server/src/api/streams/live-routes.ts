import { Readable } from 'node:stream'
import {
  invalidParameter,
  isKeptInterval,
  keptIntervals,
  type LivePosition,
  parseInstrument,
  topicOf,
  topics,
} from '@barkeep/core'
import Type from 'typebox'
import type { Api, ApiContext } from '../context.js'
import { list, querySchema, text } from '../schema/query-schema.js'
import { envelope } from '../schema/wire-schemas.js'

const reportSchema = Type.Object({
  topic: Type.Enum([...topics]),
  epoch: Type.String(),
  seq: Type.Integer(),
  bars: Type.Integer(),
  messages: Type.Integer(),
  lease: Type.Object({ token: Type.Integer(), expires_at: Type.String() }),
})

const notifySchema = Type.Object(
  {
    done: Type.Optional(Type.String({ description: 'The start of bars that are complete.', maxLength: 40 })),
    expects: Type.Optional(
      Type.Array(Type.String({ maxLength: 60 }), { description: 'Instruments that will have a bar at each start.' }),
    ),
  },
  { additionalProperties: false },
)

/** The ways to publish and to listen that need no client of socket.io. */
export function liveRoutes(app: Api, { live, catalog, config }: ApiContext): void {
  app.post(
    '/v1/bars/:interval/notify',
    {
      config: { scope: 'publish' },
      // A signal needs no words.
      preValidation: (request, _reply, done) => {
        request.body ??= {}
        done()
      },
      schema: {
        tags: ['live'],
        summary: 'Broadcast the bars that were posted since the last time',
        description: 'Only one publisher has a topic at a time; docs/guide/live.md.',
        params: Type.Object({ interval: Type.Enum([...keptIntervals]) }),
        querystring: querySchema({}),
        body: notifySchema,
        response: { 200: envelope(reportSchema) },
      },
    },
    async ({ params: { interval }, body, caller }) => {
      if (!isKeptInterval(interval)) {
        throw invalidParameter('interval', interval, `bars are kept as ${keptIntervals.join(', ')}.`)
      }
      const report = await live.notify(interval, caller?.id ?? 'open', body)
      return {
        request: { params: { interval } },
        data: report,
        links: { stream: `/v1/stream?topic=${topicOf(interval)}` },
      }
    },
  )
  app.get(
    '/v1/stream',
    {
      // There is no end whose length a HEAD could tell.
      exposeHeadRoute: false,
      schema: {
        tags: ['live'],
        summary: 'Bars as they are committed, as server-sent events',
        description: 'Resumes behind Last-Event-ID where the log still has what follows; else it says so with gap.',
        querystring: querySchema({
          topic: Type.Enum([...topics], { examples: ['kmin'] }),
          instruments: list('Instruments; leave it out for all.', 'SIM:1001'),
          since: text('EPOCH-SEQ, the id of the last event; Last-Event-ID has precedence.', {
            pattern: '^[\\w-]{1,64}-\\d{1,15}$',
          }),
          replay: text('A session date: plays that day to this reader alone, instead of what is live.', {
            pattern: '^\\d{4}-\\d{2}-\\d{2}$',
          }),
          speed: text('How many times as fast as it happened, 1 unless told; 0: as fast as it is read.', {
            pattern: '^\\d{1,7}(\\.\\d{1,6})?$',
          }),
          start: text('An instant: only bars of the replay that start then or later.'),
        }),
        response: {
          200: { content: { 'text/event-stream': { schema: { type: 'string' } } } },
          204: Type.Null({ description: 'The replay is over, as `Last-Event-ID` says.' }),
        },
      },
    },
    (request, reply) => {
      const { topic, instruments } = request.query
      if (instruments !== undefined && instruments.length > config['api.instrumentsMax']) {
        throw invalidParameter('instruments', String(instruments.length), 'names too many; leave it out for all.')
      }
      for (const name of instruments ?? []) catalog.exchange(parseInstrument(name, 'instruments').exchange)
      const { replay, speed, start } = request.query
      const since = readPlace(request.headers['last-event-id']?.toString() ?? request.query.since)
      for (const [name, value] of Object.entries({ speed, start })) {
        if (value !== undefined && replay === undefined) throw invalidParameter(name, value, 'is for a replay only.')
      }
      // A browser that comes back after the end of a replay is told to stay away.
      if (replay !== undefined && since?.epoch === 'replay_end') return reply.code(204).send()
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const listen = { topic, instruments, address: request.ip, signal: left.signal }
      const events =
        replay === undefined
          ? live.stream({ ...listen, since })
          : live.replay({ ...listen, date: replay, speed: numberOf(speed), start: resumed(since) ?? start })
      reply
        .type('text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
      return reply.send(Readable.from(events, { objectMode: false }))
    },
  )
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** Where a replay goes on that broke off: its events carry the start to ask for, in seconds. */
function resumed(since: LivePosition | undefined): string | undefined {
  if (since === undefined) return undefined
  if (since.epoch === 'replay' && since.seq <= SECONDS_MAX) return new Date(since.seq * 1_000).toISOString()
  throw invalidParameter('Last-Event-ID', `${since.epoch}-${since.seq}`, 'is no place in a replay.')
}

const SECONDS_MAX = 4_294_967_295

/** `EPOCH-SEQ`; undefined where none is given. Throws INVALID_PARAMETER. */
function readPlace(id: string | undefined): LivePosition | undefined {
  if (id === undefined || id === '') return undefined
  const match = /^([\w-]{1,64})-(\d{1,15})$/.exec(id)
  if (match === null) throw invalidParameter('Last-Event-ID', id, 'must be the id of an event, EPOCH-SEQ.')
  return { epoch: match[1] ?? '', seq: Number(match[2]) }
}
