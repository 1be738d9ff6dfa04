import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Truth } from '../market/truth.js'
import type { Answer } from './answer.js'

/** What connections that stay open tell of. */
export interface World {
  readonly truth: Truth
  /** The time of the market, ms since the epoch. */
  now(): number
  /** Bytes of a day that an account may fetch, where the upstream counts them. */
  readonly bytesPerDay: number
}

/** What an upstream keeps of its callers: who is connected, and what they want to hear. */
export interface Connections {
  /** How many instruments are listened to, over all connections. */
  listened(): number
  /** Answers what routes cannot, since they know no caller; undefined for all else. */
  answer?(url: URL, body: string): Answer | undefined
  /** Takes a question that stays open; false where it is none. */
  listen?(url: URL, request: IncomingMessage, response: ServerResponse): boolean
  /** Takes a WebSocket. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Tells all that listen what the market did since they were told last. */
  tell(): void
  /** Breaks every connection off, without a word. */
  drop(): void
}
