import type { KeptInterval } from '@barkeep/core'
import type { HttpSettings } from './http.js'
import { createList, type List } from './list.js'
import { queryOf } from './query.js'
import type { Signalled } from './signalled.js'

/** A source of a market: what it would ask to bring what is missing, and what it is used for. */
export interface MarketSource {
  readonly connector: string
  /** `first` is asked first, `fall-back` for what those before cannot bring; the others are not asked, and say why. */
  readonly role: 'first' | 'fall-back' | 'blocked' | 'stopped' | 'no-credential' | 'nothing' | 'uncounted'
  readonly plans: readonly string[]
  /** Milliseconds since the epoch; null when it works. */
  readonly blockedUntilMs: number | null
  readonly stoppedBy: string | null
  /** Stretches that it cannot bring. */
  readonly unreached: number
  readonly requests: number
  readonly bytes: number
  /** Shortest time that its limits allow. */
  readonly durationMs: number
  readonly bindingLimit: string | null
}

interface MarketLine {
  readonly exchange: string
  readonly interval: KeptInterval
  /** First session date. */
  readonly since: string
}

/** How far a declared market is. */
export interface MarketStatus extends MarketLine {
  readonly state: 'waiting' | 'crawling' | 'fresh' | 'blocked' | 'incomplete' | 'failed'
  /** Who is being asked, or was last; null before. */
  readonly source: string | null
  /** Who would be asked in its place and is blocked or stopped. */
  readonly insteadOf: readonly string[]
  readonly crawls: readonly number[]
  readonly sources: readonly MarketSource[]
  /** Rows of `gaps()` when it was last looked. */
  readonly gaps: number | null
  readonly lookedAt: string | null
  readonly error: string | null
  /** The session under way, of bars finer than a day; null where none is, or it is not asked for (`markets.pollMs`). */
  readonly today: MarketToday | null
}

/** What is done for a session under way. */
export interface MarketToday {
  /** Session date. */
  readonly date: string
  /** Who was to tell instruments live, and whether it does: `listening`. */
  readonly live: readonly { readonly connector: string; readonly state: string; readonly instruments: number }[]
  /** Instruments that nobody told live when it was last asked for them. */
  readonly untold: number
  /** Who is asked for those, or was last. */
  readonly source: string | null
  /** Live sources that do not tell now, and others that are blocked or stopped. */
  readonly insteadOf: readonly string[]
  readonly crawls: readonly number[]
  /** An instant in UTC. */
  readonly askedAt: string
}

/** What bringing a market takes. */
export interface MarketPlan extends MarketLine {
  /** Instruments of the exchange that are known. */
  readonly instruments: number
  /** Who lists them; null where no source does. */
  readonly listedBy: string | null
  /** Null while no instrument is known: only pages of the whole exchange are counted then. */
  readonly gaps: number | null
  /** Who is asked, in this order, then who is not. */
  readonly sources: readonly MarketSource[]
}

/** Markets that the server keeps whole and fresh, as its configuration declares them. */
export interface MarketsClient {
  markets(options?: Signalled): List<MarketStatus>
  /**
   * What the declared markets take, or those of an exchange and an interval; with `exchange` and `since` also one that is
   * not declared. Nothing is asked of upstreams. Throws UNKNOWN_EXCHANGE.
   */
  planMarkets(options?: Signalled & { exchange?: string; interval?: KeptInterval; since?: string }): List<MarketPlan>
}

export function createMarketsClient(settings: HttpSettings): MarketsClient {
  return {
    markets: ({ signal } = {}) => createList(settings, { path: '/v1/markets', signal }),
    planMarkets: ({ signal, ...query } = {}) =>
      createList(settings, { path: '/v1/markets/plan', params: queryOf(query), signal }),
  }
}
