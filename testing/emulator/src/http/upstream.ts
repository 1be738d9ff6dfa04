import type { Truth } from '../market/truth.js'
import type { Recordings } from '../recorded/recordings.js'
import type { Answer } from './answer.js'
import type { ArrivalLimit, Offence } from './arrival-limit.js'
import type { Connections, World } from './connections.js'

/** One fake upstream: what it limits and what it answers, all of it by path. */
export interface Upstream {
  readonly id: string
  /** In force together, as the real one enforces them. */
  readonly limits: readonly ArrivalLimit[]
  /** The upstream whose limits count a request to a path, where another one's wall stands before it; itself when absent. */
  countedBy?(path: string): string
  /** What a caller gets that broke a limit, or comes back while banned. */
  refuse(offence: Offence, path: string): Refusal
  /** First match wins. */
  readonly routes: readonly Route[]
  /** What it keeps of its callers, such as connections that stay open; new for each server. */
  connections?(world: World): Connections
  /** What was recorded of it in a folder, if anything. */
  recordings?(folder: string): Recordings
  /** A page for people in place of data, which automatic callers meet now and then. */
  readonly captchaPage: () => Answer
  /** What tells callers with credentials apart; the network address where it is absent. */
  credentialOf?(url: URL, headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined
}

/** An answer, or no answer at all: the connection is dropped. */
export type Refusal = Answer | 'drop'

export interface Route {
  /** Exact path, or a pattern for the whole path. */
  readonly path: string | RegExp
  answer(request: RouteRequest): Answer
}

export interface RouteRequest {
  readonly path: string
  /** With the fields of a form that came as the body. */
  readonly query: URLSearchParams
  /** The body of the question; empty where there was none. */
  readonly body: string
  /** What the caller is told apart by. */
  readonly credential: string
  /** Its requests within the longest window of the limits, this one included. */
  readonly used: number
  /** What the pattern of the path caught. */
  readonly captures: readonly string[]
  readonly truth: Truth
  /** The time of the market, ms since the epoch. */
  readonly nowMs: number
}
