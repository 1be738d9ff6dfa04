import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { BarkeepError, shorten } from '@barkeep/core'
import { Server, type Socket } from 'socket.io'
import type { LiveClock } from './live-clock.js'
import { type GuestLimits, LiveGuests } from './live-guests.js'
import { asBarkeepError, liveProblem } from './live-problem.js'
import { type Acknowledge, type ConnectionParts, type LiveCaller, SocketConnection } from './socket-connection.js'
import { WordBudget, type WordLimits } from './word-budget.js'

/** Lets a connection in. `key` is what the handshake carried. Throws UNAUTHORIZED_ACCESS, FORBIDDEN_ORIGIN. */
export type Admit = (request: IncomingMessage, key: string | undefined) => LiveCaller

export interface GatewayOptions extends ConnectionParts {
  readonly clock: LiveClock
  readonly admit: Admit
  /** All who listen or publish, by whatever way. */
  readonly guests: LiveGuests
  readonly guestLimits: GuestLimits
  /** What one connection may say; no words a second: any number. */
  readonly words: WordLimits
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly messageBytesMax: number
  readonly onError: (error: unknown) => void
}

/** How long the other end may take to close before it is cut off. */
const CLOSE_MS = 500
/** How long a connection may say nothing before it says which namespace it wants. */
const CONNECT_MS = 10_000
/** Connections for each that may listen or publish, those included that did not yet say which namespace they want. */
const CONNECTIONS_A_GUEST_MAX = 2
/** Packets for each word that a connection may say: those beyond its words are refused, those beyond these end it. */
const PACKETS_A_WORD_MAX = 2
/** Words of one connection that wait for their answers. */
const WORDS_MAX = 64

/** The words of socket.io over one HTTP server: docs/guide/live.md. */
export function openSocketGateway(server: HttpServer, options: GatewayOptions): { close(): void } {
  const { clock, guests, guestLimits, words } = options
  const { cuts } = options.hub.tally
  // Those that said nothing yet do not keep out others who do, but they must be bounded, too.
  const arrivals = new LiveGuests({
    max: CONNECTIONS_A_GUEST_MAX * guestLimits.max,
    perAddressMax: CONNECTIONS_A_GUEST_MAX * guestLimits.perAddressMax,
  })
  const io = new Server({
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: options.heartbeatMs,
    pingTimeout: options.leaseMs,
    connectTimeout: CONNECT_MS,
    maxHttpBufferSize: options.messageBytesMax,
    allowRequest: ({ socket }, decide) => {
      try {
        socket.once('close', arrivals.enter(socket.remoteAddress ?? ''))
        decide(null, true)
      } catch {
        decide('OVER_CAPACITY', false)
      }
    },
  })
  io.use((socket, next) => {
    try {
      socket.data.caller = options.admit(socket.request, keyOf(socket))
      socket.data.leave = guests.enter(socket.request.socket.remoteAddress ?? '')
      // Also when it goes before it was let in.
      socket.conn.once('close', socket.data.leave)
      next()
    } catch (error) {
      const problem = liveProblem(asBarkeepError(error), 'connect', socket.id, clock.now())
      next(Object.assign(new Error(problem.message), { data: problem }))
    }
  })
  io.on('connection', (socket) => serve(socket, options))
  io.attach(server)
  io.engine.on('connection', (conn: Conn) => {
    const cut = (reason: 'words' | 'bytes') => {
      const { socket } = conn.request
      if (socket.destroyed) return
      cuts[reason] += 1
      // Who sends such things may well read no farewell.
      socket.destroy()
    }
    // No word has bytes in it, and the parser would keep them until all that were announced have come.
    conn.on('data', (data: unknown) => typeof data !== 'string' && cut('bytes'))
    if (words.perSecond === 0) return
    const { perSecond, burst } = words
    const budget = new WordBudget({ perSecond, burst: PACKETS_A_WORD_MAX * burst }, clock.now())
    conn.on('packet', () => budget.take(clock.now()) > 0 && cut('words'))
  })
  return {
    close() {
      const sockets = [...io.sockets.sockets.values()]
      // Not a word of farewell: clients take that for a wish, and would not come back to the next start.
      io.engine.close()
      // Who reads nothing would not answer that either, and hold the server open.
      clock.after(CLOSE_MS, () => {
        for (const { request } of sockets) request.socket.destroy()
      })
    },
  }
}

type Conn = Socket['conn']

function serve(socket: Socket, options: GatewayOptions): void {
  const { clock, words, hub, onError } = options
  const refuse = (error: unknown, word: string): object => {
    const known = asBarkeepError(error)
    if (known.code === 'INTERNAL_ERROR') onError(error)
    return { error: liveProblem(known, word, socket.id, clock.now()) }
  }
  const connection = new SocketConnection(socket, options, refuse)
  const budget = words.perSecond === 0 ? undefined : new WordBudget(words, clock.now())
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
    if (connection.isFlooded) {
      hub.tally.cuts.unread += 1
      return connection.cut()
    }
    const waitMs = budget?.take(clock.now()) ?? 0
    if (waitMs > 0) return acknowledge(refuse(tooManyWords(words, waitMs), word))
    if (waiting >= WORDS_MAX) return acknowledge(refuse(tooManyUnanswered(), word))
    waiting += 1
    connection
      .carryOut(word, payload[0], acknowledge)
      .catch((error: unknown) => acknowledge(refuse(error, word)))
      .finally(() => {
        waiting -= 1
      })
  })
  const onHeartbeat = () => void connection.prolong()
  socket.conn.on('heartbeat', onHeartbeat)
  socket.on('disconnect', () => {
    // The connection below may stay, and come to the namespace again.
    socket.conn.off('heartbeat', onHeartbeat)
    const { leave } = socket.data as { leave: () => void } // set when it was let in
    leave()
    socket.conn.off('close', leave)
    connection.end().catch(onError)
  })
}

/** The key of a handshake: `auth: {token}`, or the header that HTTP has. */
function keyOf({ handshake }: Socket): string | undefined {
  const { token } = handshake.auth
  if (typeof token === 'string') return token
  return /^Bearer +(\S+)$/i.exec(handshake.headers.authorization ?? '')?.[1]
}

function tooManyWords({ perSecond, burst }: WordLimits, waitMs: number): BarkeepError {
  return new BarkeepError('TOO_MANY_REQUESTS', {
    message: `More than live.wordsPerSecond = ${perSecond} messages, and live.wordsBurst = ${burst} at once, came over this connection. Wait ${waitMs} ms; who goes on is cut off.`,
    retry: { afterMs: waitMs },
  })
}

function tooManyUnanswered(): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: `${WORDS_MAX} messages of this connection wait for their answers. Await them before sending more.`,
  })
}
