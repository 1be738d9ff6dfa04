import { type WebSocket, WebSocketServer } from 'ws'
import type { Connections, World } from '../http/connections.js'
import { figuresAt, lastSession, minutesSoFar } from '../market/minutes-so-far.js'
import { MS_PER_MINUTE } from '../market/taipei-time.js'
import { isKey } from './account.js'
import { headOf, stampOf } from './candles.js'

const CONNECTIONS_MAX = 5
const SUBSCRIPTIONS_MAX = 200

interface Caller {
  isKnown: boolean
  /** Until when a symbol was told, ms since the epoch. */
  readonly toldMs: Map<string, number>
}

/** The WebSocket of candles, the minute so far with each message. */
export function openStreaming(world: World): Connections {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const callers = new Map<WebSocket, Caller>()
  const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message))

  function take(socket: WebSocket): void {
    if (callers.size >= CONNECTIONS_MAX) {
      send(socket, { event: 'error', data: { code: 1001, message: 'Maximum number of connections reached' } })
      socket.close()
      return
    }
    const caller: Caller = { isKnown: false, toldMs: new Map() }
    callers.set(socket, caller)
    socket.on('close', () => callers.delete(socket))
    socket.on('error', () => callers.delete(socket))
    socket.on('message', (text) => hear(socket, caller, JSON.parse(String(text))))
  }

  function hear(socket: WebSocket, caller: Caller, { event, data }: Said): void {
    if (event === 'ping') send(socket, { event: 'pong', data: { state: data?.state ?? '' } })
    else if (event === 'auth') {
      caller.isKnown = isKey(data?.apikey ?? '')
      if (caller.isKnown) send(socket, { event: 'authenticated', data: { message: 'Authenticated successfully' } })
      else send(socket, { event: 'error', data: { message: 'Invalid authentication credentials' } })
    } else if (event === 'subscribe' && caller.isKnown && data?.channel === 'candles') {
      for (const symbol of data.symbols ?? [data.symbol ?? '']) {
        if (caller.toldMs.size >= SUBSCRIPTIONS_MAX) break
        caller.toldMs.set(symbol, world.now())
        send(socket, { event: 'subscribed', data: { id: idOf(symbol), channel: 'candles', symbol } })
      }
    } else send(socket, { event: 'error', data: { code: 1000, message: 'Bad request' } })
  }

  function tellOf(socket: WebSocket, caller: Caller, symbol: string, sinceMs: number): void {
    const nowMs = world.now()
    caller.toldMs.set(symbol, nowMs)
    const date = lastSession(world.truth, nowMs)
    for (const told of minutesSoFar(world.truth, symbol, date, nowMs)) {
      if (told.labelMs + MS_PER_MINUTE <= sinceMs) continue
      const { lots, ...prices } = figuresAt(told, nowMs)
      const data = {
        ...headOf(world.truth, symbol),
        date: stampOf(told.labelMs),
        ...prices,
        volume: lots,
        average: prices.close,
      }
      send(socket, { event: 'data', data, id: idOf(symbol), channel: 'candles' })
    }
  }

  return {
    listened: () => [...callers.values()].reduce((sum, { toldMs }) => sum + toldMs.size, 0),
    upgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head, take),
    tell() {
      for (const [socket, caller] of callers) {
        for (const [symbol, sinceMs] of caller.toldMs) tellOf(socket, caller, symbol, sinceMs)
        send(socket, { event: 'heartbeat', data: { time: world.now() * 1_000 } })
      }
    },
    drop() {
      for (const socket of callers.keys()) socket.terminate()
      callers.clear()
    },
  }
}

interface Said {
  readonly event?: string
  readonly data?: {
    readonly apikey?: string
    readonly channel?: string
    readonly symbol?: string
    readonly symbols?: readonly string[]
    readonly state?: string
  }
}

function idOf(symbol: string): string {
  return `candles-${symbol}`
}
