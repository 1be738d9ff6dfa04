import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Bar,
  builtInExchanges,
  formatInstant,
  type LiveBar,
  type LiveDone,
  type LiveGap,
  type LiveMessage,
  type Problem,
  type Session,
  sessionDateOf,
  sessionOf,
  type Topic,
} from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { io, type Socket } from 'socket.io-client'

/** What a test hears on one connection. */
export interface Ear {
  readonly socket: Socket
  readonly messages: LiveMessage[]
  readonly done: LiveDone[]
  readonly gaps: LiveGap[]
  /** Sends a word and gives what it is acknowledged with. */
  say(word: string, payload?: unknown): Promise<Answer>
  /** Resolves when enough has come. */
  until(isEnough: () => boolean): Promise<void>
}

/** An acknowledgement as it came over the wire: fields of any of them. */
export interface Answer {
  readonly ok?: true
  readonly error?: Problem
  readonly epoch: string
  readonly seq: number
  readonly gone?: boolean
  readonly instruments?: number | null
  readonly rows?: number
  readonly messages?: number
  readonly created_instruments?: readonly string[]
  readonly lease: { readonly token: number; readonly expires_at: string }
}

export interface LiveRig {
  readonly server: RunningServer
  readonly directory: string
  /** Today's session of the simulated exchange. */
  readonly session: Session
  connect(options?: { readonly auth?: object; readonly topic?: Topic }): Promise<Ear>
  /** Bars that are stored, with their marks. */
  stored(interval: string, ...more: string[]): Promise<LiveBar[]>
  close(): Promise<void>
}

/** A real server in this process, and clients of socket.io that come to it. */
export async function openLiveRig(flags: Record<string, string> = {}): Promise<LiveRig> {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-live-'))
  const server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...flags } }))
  const sockets: Socket[] = []
  return {
    server,
    directory,
    session: todaysSession(),
    async connect({ auth = {}, topic = 'kmin' } = {}) {
      const socket = io(server.url, { transports: ['websocket'], auth, reconnection: false, forceNew: true })
      sockets.push(socket)
      const ear = listenTo(socket, topic)
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('connect_error', reject)
      })
      return ear
    },
    async stored(interval, ...more) {
      const columns = 'instrument,ts,open,high,low,close,volume,turnover,trades,final,source,known_at'
      const query = [`interval=${interval}`, `columns=${columns}`, 'limit=100000', ...more].join('&')
      const answer = await fetch(`${server.url}/v1/bars?${query}`)
      const { data } = (await answer.json()) as { data: LiveBar[] }
      return data
    },
    async close() {
      for (const socket of sockets) socket.disconnect()
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Notes what comes over a connection. */
export function listenTo(socket: Socket, topic: Topic): Ear {
  const messages: LiveMessage[] = []
  const done: LiveDone[] = []
  const gaps: LiveGap[] = []
  const checks = new Set<() => void>()
  const hear =
    <Message>(list: Message[]) =>
    (message: Message) => {
      list.push(message)
      for (const check of checks) check()
    }
  socket.on(topic, hear(messages))
  socket.on(`${topic}_done`, hear(done))
  socket.on('gap', hear(gaps))
  return {
    socket,
    messages,
    done,
    gaps,
    say: (word, payload) => socket.timeout(20_000).emitWithAck(word, payload),
    until: (isEnough) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isEnough()) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
      }),
  }
}

function todaysSession(): Session {
  const exchange = builtInExchanges.find(({ code }) => code === 'SIM')
  if (exchange === undefined) throw new Error('The simulated exchange is built in.')
  return sessionOf(exchange, sessionDateOf(exchange, Date.now()))
}

/** A sound bar of the simulated exchange, `minute` minutes behind the open. */
export function barAt(session: Session, symbol: string, minute: number, close = 10): Bar {
  const ts = formatInstant(session.openMs + minute * 60_000)
  const [high, low] = [close + 1, close - 1]
  return { instrument: `SIM:${symbol}`, ts, open: close, high, low, close, volume: 100, turnover: 1_000, trades: 5 }
}
