import type { Bar } from './bar.js'
import type { KeptInterval } from './interval.js'
import type { Problem } from './wire.js'

/** Live streams, one for each kept interval. Bars of a topic have one order, the order in which they were committed. */
export const topics = ['kmin', 'khour', 'kday'] as const
export type Topic = (typeof topics)[number]

/** The interval whose bars a topic carries. */
export const topicIntervals = { kmin: '1m', khour: '1h', kday: '1d' } as const satisfies Record<Topic, KeptInterval>

/** The topic that carries bars of an interval. */
export function topicOf(interval: KeptInterval): Topic {
  return ({ '1m': 'kmin', '1h': 'khour', '1d': 'kday' } as const)[interval]
}

export function isTopic(text: string): text is Topic {
  return (topics as readonly string[]).includes(text)
}

/** A bar as it is broadcast: what `GET /v1/bars` gives with `columns=…,final,source,known_at`. */
export interface LiveBar extends Bar {
  /** False while the bar is still building up: such a bar is not kept, unless a publisher itself said so. */
  readonly final: boolean
  readonly source: string
  /**
   * When the server wrote the bar, an instant in UTC with milliseconds: `2026-11-20T01:01:00.120Z`. Of two bars with the
   * same instrument and ts the one with the later `known_at` is the truth; a correction is the same key with a later one.
   */
  readonly known_at: string
}

/** A place in a topic. `seq` counts from 1 within an `epoch`; another epoch is another log, and what was before is gone. */
export interface LivePosition {
  readonly epoch: string
  readonly seq: number
}

/** `kmin`, `khour`, `kday`: bars that were committed. All of one start; only a conflated message mixes starts. */
export interface LiveMessage extends LivePosition {
  /** The start of the bars, an instant in UTC; of a conflated message, the latest. */
  readonly ts: string
  readonly bars: readonly LiveBar[]
}

/**
 * `kmin_done`, `khour_done`, `kday_done`: nothing more is expected for the bars of an exchange that start at `ts`.
 * It stands in the log with a `seq` of its own, behind all bars it speaks of; those of an exchange ascend by `ts`.
 */
export interface LiveDone extends LivePosition {
  readonly ts: string
  readonly exchange: string
  /** How many instruments had their bar. */
  readonly instruments: number
  /** Instruments that were expected and had none when the deadline passed. */
  readonly missing: readonly string[]
}

/** `gap`: messages of a topic that this subscriber did not get one by one. */
export interface LiveGap {
  readonly topic: Topic
  /** Everything up to here was sent, or null where nothing was. Subscribe again with it, or load from the store. */
  readonly since: LivePosition | null
  /** What follows comes after this. */
  readonly until: LivePosition
  /**
   * `slow`: the subscriber read too slowly; a message follows with the latest bar of each instrument.
   * `gone`: the log no longer has what came after `since`. Load from the store.
   */
  readonly reason: 'slow' | 'gone'
}

/** `sub_kmin`, … */
export interface SubscribeRequest {
  /** All unless named. Instruments named in further requests are added. */
  readonly instruments?: readonly string[]
  /** Messages after this are sent first. Only while nothing of the topic is subscribed to. */
  readonly since?: LivePosition
  /** Plays a past day to this connection alone, instead of what is live. Only while nothing of the topic is subscribed to. */
  readonly replay?: ReplayRequest
}

/** A past day of a topic, out of the store. */
export interface ReplayRequest {
  /** The session date, at the exchange of each instrument. */
  readonly date: string
  /** Only bars that start then or later, an instant with an offset: also the way back after a break. */
  readonly start?: string
  /** How many times as fast as it happened, 1 unless told; 0: as fast as they are taken. */
  readonly speed?: number
}

/** `kmin_end`, `khour_end`, `kday_end`: the replay is over, and nothing of the topic is subscribed to. */
export interface ReplayEnd extends LivePosition {
  readonly date: string
  /** How many messages and bars it had. */
  readonly messages: number
  readonly bars: number
}

/** Everything with a later `seq` will be sent; everything up to it was committed before and can be read over REST. */
export interface SubscribeAck extends LivePosition {
  readonly ok: true
  readonly topic: Topic
  /** How many instruments are subscribed to now; null for all. */
  readonly instruments: number | null
  /** True where `since` can no longer be served: load from the store. */
  readonly gone: boolean
}

/** `unsub_kmin`, … */
export interface UnsubscribeRequest {
  /** All unless named. */
  readonly instruments?: readonly string[]
}

export interface UnsubscribeAck {
  readonly ok: true
  readonly topic: Topic
  /** How many instruments remain; null for all. */
  readonly instruments: number | null
}

/** `pub_kmin`, … Needs the scope `publish`. The first one takes the lease of the topic. */
export interface PublishRequest {
  /** Final unless `final` is false. */
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
  /** Who tells these bars; `live` unless told. */
  readonly source?: string
  /** The term in which the bars were made; refused with LEASE_LOST when it is over. */
  readonly token?: number
  /** The start of bars that are complete with this message: `kmin_done` follows at once. */
  readonly done?: string
  /** All instruments that will have a bar at each start; those seen in the session so far unless told. */
  readonly expects?: readonly string[]
}

/** The bars were committed and stand in the log; `seq` is the last of their messages. */
export interface PublishAck extends LivePosition {
  readonly ok: true
  readonly topic: Topic
  readonly rows: number
  /** How many messages they made: none where all bars are older than the live window. */
  readonly messages: number
  readonly created_instruments: readonly string[]
  readonly lease: LeaseGrant
}

/** `lease_kmin`, …: takes the lease without publishing; also the way back after LEASE_LOST. */
export interface LeaseRequest {
  /** Takes it from whoever holds it. */
  readonly takeover?: boolean
}

export interface LeaseAck {
  readonly ok: true
  readonly topic: Topic
  readonly lease: LeaseGrant
}

/** The right to publish a topic. */
export interface LeaseGrant {
  /** Larger than that of every term before. */
  readonly token: number
  /** When the term ends unless the publisher shows that it lives, an instant in UTC. */
  readonly expires_at: string
}

/** `unlease_kmin`, … */
export interface UnleaseAck {
  readonly ok: true
  readonly topic: Topic
}

/** What a refused request is acknowledged with. */
export interface LiveRefusal {
  readonly error: Problem
}

/** Body of `POST /v1/bars/{interval}/notify`. */
export interface NotifyRequest {
  readonly done?: string
  readonly expects?: readonly string[]
}

/** What a notify answers. */
export interface NotifyReport extends LivePosition {
  readonly topic: Topic
  /** Bars that were broadcast: those of the live window that POSTs to this server brought and no notify before. */
  readonly bars: number
  readonly messages: number
  readonly lease: LeaseGrant
}

/** Events that a server sends, by name. */
export type LiveEvents = {
  readonly [Name in Topic]: LiveMessage
} & {
  readonly [Name in `${Topic}_done`]: LiveDone
} & {
  readonly [Name in `${Topic}_end`]: ReplayEnd
} & { readonly gap: LiveGap }
