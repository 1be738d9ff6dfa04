import type { KeptInterval, LivePosition, NotifyReport, NotifyRequest, Topic } from '@barkeep/core'

/** What the routes need of what is live. */
export interface LiveService {
  /** Broadcasts what was posted since the last time. `caller` is the id of the key. Throws LEASE_HELD. */
  notify(interval: KeptInterval, caller: string, request: NotifyRequest): Promise<NotifyReport>
  /** A topic as server-sent events, until the signal is aborted. Throws OVER_CAPACITY. */
  stream(wish: {
    readonly topic: Topic
    readonly address: string
    readonly instruments: readonly string[] | undefined
    readonly since: LivePosition | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<Buffer>
  /** A past day of a topic as server-sent events, until the signal is aborted. Throws INVALID_PARAMETER, OVER_CAPACITY. */
  replay(wish: {
    readonly topic: Topic
    readonly address: string
    readonly instruments: readonly string[] | undefined
    readonly date: string
    readonly start: string | undefined
    readonly speed: number | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<Buffer>
  /** What is live at this moment, and what happened since the process began. */
  stats(): {
    /** Of subscribers and publishers, by whatever way. */
    readonly connections: number
    /** Bytes that wait for all subscribers, and for the one who has most to take. */
    readonly outboxes: { readonly bytes: number; readonly bytesMax: number }
    /** Connections that were cut off, by the reason. */
    readonly cuts: Readonly<Record<string, number>>
    readonly topics: Readonly<Record<Topic, LiveTopicStats>>
  }
  /** What the log of a topic holds. Throws SERVICE_UNAVAILABLE. */
  logSize(topic: Topic): Promise<{ readonly messages: number; readonly bytes: number }>
  /** Begins to tell how long a publication took, and how late after its end a bar was told to be complete: milliseconds. */
  observe(observer: {
    published(topic: Topic, elapsedMs: number): void
    done(topic: Topic, lateMs: number): void
  }): void
}

interface LiveTopicStats {
  /** By their state. */
  readonly subscribers: Readonly<Record<string, number>>
  /** Messages and bytes that were sent to all subscribers together. */
  readonly messages: number
  readonly bytes: number
  /** Gaps that were told, by the reason. */
  readonly gaps: Readonly<Record<string, number>>
  /** Terms of the lease that were begun at this server. */
  readonly terms: number
}
