import type { Topic } from '@barkeep/core'
import type { LiveGuests } from './live-guests.js'
import type { LiveHub } from './live-hub.js'

/** What is live at this moment, and what happened since the process began. */
export interface LiveStats {
  /** Of subscribers and publishers, by whatever way. */
  readonly connections: number
  /** Bytes that wait for all subscribers, and for the one who has most to take. */
  readonly outboxes: { readonly bytes: number; readonly bytesMax: number }
  /** Connections that were cut off, by the reason. */
  readonly cuts: Readonly<Record<string, number>>
  readonly topics: Readonly<Record<Topic, LiveTopicStats>>
}

export interface LiveTopicStats {
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

/** Who wants to know how long things take. */
export interface LiveObserver {
  /** From the arrival of a publication until all of it was broadcast, milliseconds. */
  published(topic: Topic, elapsedMs: number): void
  /** How long after its end bars of a start were told to be complete, milliseconds. */
  done(topic: Topic, lateMs: number): void
}

export function liveStats(hub: LiveHub, guests: LiveGuests): LiveStats {
  const { tally } = hub
  const topicStats = (topic: Topic) => ({ ...tally.topics[topic], subscribers: hub.subscribers(topic) })
  return {
    connections: guests.count,
    outboxes: hub.outboxes(),
    cuts: tally.cuts,
    topics: { kmin: topicStats('kmin'), khour: topicStats('khour'), kday: topicStats('kday') },
  }
}
