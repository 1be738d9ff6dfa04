import type { Server as HttpServer, IncomingMessage } from 'node:http'
import {
  BarkeepError,
  invalidParameter,
  isTopic,
  type LivePosition,
  nearestName,
  type SubscribeAck,
  shorten,
  type Topic,
  topics,
  type UnsubscribeAck,
} from '@barkeep/core'
import { Server, type Socket } from 'socket.io'
import type { LiveClock } from './live-clock.js'
import type { LiveDoor } from './live-door.js'
import type { LiveHub } from './live-hub.js'
import { type PayloadLimits, readFields, readInstruments, readPublish, readSubscribe } from './live-payload.js'
import { asBarkeepError, liveProblem } from './live-problem.js'
import type { LiveSubscription } from './live-subscription.js'
import { PublisherDesk } from './publisher-desk.js'
import type { ReplayDesk } from './replay-desk.js'
import { SocketReplays } from './replay-socket.js'
import { SocketSink } from './socket-sink.js'

/** Who is at the other end, asked anew for each word, so that a revoked key ends what it allowed. */
export interface LiveCaller {
  /** Throws UNAUTHORIZED_ACCESS, INSUFFICIENT_SCOPE. */
  require(scope: 'read' | 'publish'): void
}

/** Lets a connection in. `key` is what the handshake carried. Throws UNAUTHORIZED_ACCESS, FORBIDDEN_ORIGIN. */
export type Admit = (request: IncomingMessage, key: string | undefined) => LiveCaller

export interface GatewayOptions {
  readonly hub: LiveHub
  readonly door: LiveDoor
  readonly replays: ReplayDesk
  readonly clock: LiveClock
  readonly limits: PayloadLimits
  readonly admit: Admit
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly messageBytesMax: number
  readonly outboxBytesMax: number
  /** False where another server commits what this one passes on. */
  readonly publishes: boolean
  readonly subscribersMax: number
  readonly onError: (error: unknown) => void
}

/** How long the other end may take to close before it is cut off. */
const CLOSE_MS = 500
/** How long a connection may say nothing before it says which namespace it wants. */
const CONNECT_MS = 10_000
/** Connections for each of `live.subscribersMax`, those included that did not yet say which namespace they want. */
const CONNECTIONS_A_SUBSCRIBER_MAX = 2
/** Words of one connection that wait for their answers. */
const WORDS_MAX = 64

/** The words of socket.io over one HTTP server: docs/guide/live.md. */
export function openSocketGateway(server: HttpServer, options: GatewayOptions): { close(): void } {
  const io = new Server({
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: options.heartbeatMs,
    pingTimeout: options.leaseMs,
    connectTimeout: CONNECT_MS,
    maxHttpBufferSize: options.messageBytesMax,
    // Those that said nothing yet do not keep out others who do, but they must be bounded, too.
    allowRequest: (_request, decide) => {
      const hasRoom = io.engine.clientsCount < CONNECTIONS_A_SUBSCRIBER_MAX * options.subscribersMax
      decide(hasRoom ? null : 'OVER_CAPACITY', hasRoom)
    },
  })
  io.use((socket, next) => {
    try {
      if (io.sockets.sockets.size >= options.subscribersMax) throw tooMany(options.subscribersMax)
      socket.data.caller = options.admit(socket.request, keyOf(socket))
      next()
    } catch (error) {
      const problem = liveProblem(asBarkeepError(error), 'connect', socket.id, options.clock.now())
      next(Object.assign(new Error(problem.message), { data: problem }))
    }
  })
  io.on('connection', (socket) => serve(socket, options))
  io.attach(server)
  io.engine.on('connection', (conn: Socket['conn']) => {
    // No word has bytes in it, and the parser would keep them until all that were announced have come.
    conn.on('data', (data: unknown) => typeof data !== 'string' && conn.close(true))
  })
  return {
    close() {
      const sockets = [...io.sockets.sockets.values()]
      // Not a word of farewell: clients take that for a wish, and would not come back to the next start.
      io.engine.close()
      // Who reads nothing would not answer that either, and hold the server open.
      options.clock.after(CLOSE_MS, () => {
        for (const { request } of sockets) request.socket.destroy()
      })
    },
  }
}

type Acknowledge = (answer: object) => void

function serve(socket: Socket, options: GatewayOptions): void {
  const refuse = (error: unknown, word: string): object => {
    const known = asBarkeepError(error)
    if (known.code === 'INTERNAL_ERROR') options.onError(error)
    return { error: liveProblem(known, word, socket.id, options.clock.now()) }
  }
  const connection = new Connection(socket, options, refuse)
  let waiting = 0
  socket.onAny((event: unknown, ...given: unknown[]) => {
    const word = shorten(String(event), 40)
    const last = given.at(-1)
    const payload = typeof last === 'function' ? given.slice(0, -1) : given
    // Who wants no answer is at least told of a refusal.
    const acknowledge: Acknowledge =
      typeof last === 'function'
        ? (last as Acknowledge)
        : (answer) => 'error' in answer && socket.emit('refused', answer)
    if (connection.isFlooded) return connection.cut()
    if (waiting >= WORDS_MAX) return acknowledge(refuse(tooManyWords(), word))
    waiting += 1
    connection
      .carryOut(word, payload[0], acknowledge)
      .catch((error: unknown) => acknowledge(refuse(error, word)))
      .finally(() => {
        waiting -= 1
      })
  })
  socket.on('disconnect', () => void connection.end().catch(options.onError))
  socket.conn.on('heartbeat', () => void connection.prolong())
}

/** What one connection listens to and publishes. */
class Connection {
  readonly #options: GatewayOptions
  readonly #caller: LiveCaller
  readonly #sink: SocketSink
  readonly #desk: PublisherDesk
  readonly #subscriptions = new Map<Topic, LiveSubscription>()
  readonly #replays: SocketReplays
  #isOpen = true

  constructor(socket: Socket, options: GatewayOptions, refuse: (error: unknown, word: string) => object) {
    this.#options = options
    this.#caller = socket.data.caller as LiveCaller // set when the connection was let in
    this.#desk = new PublisherDesk(options.door)
    this.#sink = new SocketSink(socket, () => {
      for (const subscription of this.#subscriptions.values()) {
        if (subscription.state !== 'live') options.hub.drained(subscription)
      }
      this.#replays.drained()
    })
    this.#replays = new SocketReplays({
      desk: options.replays,
      sink: this.#sink,
      outboxBytesMax: options.outboxBytesMax,
      onError: (topic, error) => socket.emit('refused', refuse(error, `sub_${topic}`)),
    })
  }

  get isFlooded(): boolean {
    return this.#sink.isFlooded
  }

  /** What waits for one who reads nothing would else be held until a farewell was taken. */
  cut(): void {
    this.#sink.end()
  }

  /** Throws what the answer says instead. */
  async carryOut(word: string, payload: unknown, acknowledge: Acknowledge): Promise<void> {
    const [verb = '', topic = ''] = word.split('_')
    const isWord = (verbs as readonly string[]).includes(verb) && word === `${verb}_${topic}`
    if (!isTopic(topic) || !isWord) throw unknownWord(word)
    if (verb === 'sub') return this.#subscribe(topic, payload, acknowledge)
    if (verb === 'unsub') return acknowledge(this.#unsubscribe(topic, payload))
    this.#caller.require('publish')
    if (!this.#options.publishes) throw passesOnOnly()
    if (verb === 'pub') {
      const request = readPublish(payload, topic, this.#options.limits)
      return acknowledge({ ok: true, ...(await this.#desk.publish(topic, request)) })
    }
    if (verb === 'lease') {
      const { takeover = false } = readFields(payload, ['takeover'])
      if (typeof takeover !== 'boolean') throw invalidParameter('takeover', String(takeover), 'must be true or false.')
      return acknowledge({ ok: true, topic, lease: await this.#desk.lease(topic, takeover) })
    }
    readFields(payload, [])
    await this.#desk.unlease(topic)
    acknowledge({ ok: true, topic })
  }

  /** A sign of life of the other end. What it lost is told with its next word. */
  prolong(): Promise<void> {
    return this.#desk.prolong().catch(() => undefined)
  }

  async end(): Promise<void> {
    this.#isOpen = false
    for (const subscription of this.#subscriptions.values()) this.#options.hub.leave(subscription)
    this.#subscriptions.clear()
    this.#replays.end()
    await this.#desk.leave()
  }

  async #subscribe(topic: Topic, payload: unknown, acknowledge: Acknowledge): Promise<void> {
    this.#caller.require('read')
    const { instruments, since, replay } = readSubscribe(payload, this.#options.limits)
    const { hub } = this.#options
    const known = this.#subscriptions.get(topic)
    const answer = (ack: Omit<SubscribeAck, 'ok' | 'topic'>) => acknowledge({ ok: true, topic, ...ack })
    if (this.#replays.has(topic) || (known !== undefined && replay !== undefined)) {
      throw invalidParameter('replay', topic, `${topic} is subscribed to already. Say unsub_${topic} first.`)
    }
    if (replay !== undefined) {
      const count = instruments?.length ?? null
      const begin = (place: LivePosition) => answer({ ...place, instruments: count, gone: false })
      return this.#replays.start({ topic, instruments, ...replay }, begin)
    }
    if (known !== undefined) {
      if (since !== undefined) throw alreadySubscribed(topic, since.seq)
      const all = known.instruments === null || instruments === undefined
      const both = all ? null : new Set([...(known.instruments ?? []), ...instruments])
      const { instrumentsMax } = this.#options.limits
      if (both !== null && both.size > instrumentsMax) throw tooManyInstruments(both.size, instrumentsMax)
      hub.change(known, both)
      return answer({ ...hub.end(topic), instruments: known.instruments?.size ?? null, gone: false })
    }
    const wanted = instruments === undefined ? null : new Set(instruments)
    const wish = { topic, sink: this.#sink, instruments: wanted, ...(since !== undefined && { since }) }
    const { subscription, gone, start } = await hub.subscribe(wish)
    if (!this.#isOpen || this.#subscriptions.has(topic)) {
      hub.leave(subscription)
      if (this.#isOpen) throw alreadySubscribed(topic, since?.seq ?? 0)
      return
    }
    this.#subscriptions.set(topic, subscription)
    answer({ ...subscription.position, instruments: wanted?.size ?? null, gone })
    start()
  }

  #unsubscribe(topic: Topic, payload: unknown): UnsubscribeAck {
    const { instruments } = readFields(payload, ['instruments'])
    // A replay ends as a whole.
    if (this.#replays.stop(topic)) return { ok: true, topic, instruments: 0 }
    const subscription = this.#subscriptions.get(topic)
    if (instruments === undefined || subscription === undefined) {
      if (subscription !== undefined) this.#options.hub.leave(subscription)
      this.#subscriptions.delete(topic)
      return { ok: true, topic, instruments: 0 }
    }
    if (subscription.instruments === null) {
      throw invalidParameter(
        'instruments',
        '',
        `all of ${topic} is subscribed to; unsubscribe from all, then name some.`,
      )
    }
    const gone = readInstruments('instruments', instruments, this.#options.limits)
    const left = new Set([...subscription.instruments].filter((instrument) => !gone.includes(instrument)))
    if (left.size === 0) return this.#unsubscribe(topic, {})
    this.#options.hub.change(subscription, left)
    return { ok: true, topic, instruments: left.size }
  }
}

const verbs = ['sub', 'unsub', 'pub', 'lease', 'unlease'] as const

/** The key of a handshake: `auth: {token}`, or the header that HTTP has. */
function keyOf({ handshake }: Socket): string | undefined {
  const { token } = handshake.auth
  if (typeof token === 'string') return token
  return /^Bearer +(\S+)$/i.exec(handshake.headers.authorization ?? '')?.[1]
}

function unknownWord(word: string): BarkeepError {
  const words = verbs.flatMap((verb) => topics.map((topic) => `${verb}_${topic}`))
  const near = nearestName(word, words)
  return invalidParameter(
    'event',
    word,
    near === undefined ? `none of ${words.join(', ')}.` : `did you mean '${near}'?`,
  )
}

function alreadySubscribed(topic: Topic, seq: number): BarkeepError {
  return invalidParameter('since', String(seq), `${topic} is subscribed to already. Say unsub_${topic} first.`)
}

export function passesOnOnly(): BarkeepError {
  return new BarkeepError('METHOD_NOT_ALLOWED', {
    message: 'This server passes on what another one commits: live.publishes is false. Publish there.',
  })
}

function tooMany(subscribersMax: number): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: `${subscribersMax} connections are open, as many as live.subscribersMax allows. Try again later.`,
  })
}

function tooManyInstruments(count: number, instrumentsMax: number): BarkeepError {
  return new BarkeepError('REQUEST_TOO_COMPLEX', {
    message: `This would make ${count} instruments; at most api.instrumentsMax = ${instrumentsMax} may be named. Leave them out for all.`,
  })
}

function tooManyWords(): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: `${WORDS_MAX} messages of this connection wait for their answers. Await them before sending more.`,
  })
}
