import type { KeptInterval, LivePosition, NotifyReport, NotifyRequest, Topic } from '@barkeep/core'

/** What the routes need of what is live. */
export interface LiveService {
  /** Broadcasts what was posted since the last time. `caller` is the id of the key. Throws LEASE_HELD. */
  notify(interval: KeptInterval, caller: string, request: NotifyRequest): Promise<NotifyReport>
  /** A topic as server-sent events, until the signal is aborted. */
  stream(wish: {
    readonly topic: Topic
    readonly instruments: readonly string[] | undefined
    readonly since: LivePosition | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<Buffer>
  /** A past day of a topic as server-sent events, until the signal is aborted. Throws INVALID_PARAMETER, OVER_CAPACITY. */
  replay(wish: {
    readonly topic: Topic
    readonly instruments: readonly string[] | undefined
    readonly date: string
    readonly start: string | undefined
    readonly speed: number | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<Buffer>
}
