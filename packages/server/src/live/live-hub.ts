import { type LivePosition, type Topic, topics } from '@barkeep/core'
import type { LiveLog, LogRecord } from './live-log.js'
import { LivePacket } from './live-packet.js'
import { LiveRecord } from './live-record.js'
import {
  type LiveSink,
  LiveSubscription,
  type SubscriptionLimits,
  type SubscriptionState,
} from './live-subscription.js'
import { LiveTally } from './live-tally.js'

export interface SubscribeWish {
  readonly topic: Topic
  readonly sink: LiveSink
  /** Null for all. */
  readonly instruments: ReadonlySet<string> | null
  readonly since?: LivePosition
}

/**
 * Sends what the log gets to everybody who wants it. Subscribers that want the same are one group, and a message is
 * encoded once for each group; with rooms for instruments, it would be sent in pieces to each of its rooms.
 */
export class LiveHub {
  readonly tally = new LiveTally()
  readonly #log: LiveLog
  readonly #limits: SubscriptionLimits
  readonly #groups = new Map<Topic, Map<string, Group>>(topics.map((topic) => [topic, new Map()]))
  readonly #groupOf = new Map<LiveSubscription, { readonly key: string; readonly group: Group }>()
  readonly #ends = new Map<Topic, LivePosition>()

  private constructor(log: LiveLog, limits: SubscriptionLimits) {
    this.#log = log
    this.#limits = limits
  }

  static async open(log: LiveLog, limits: SubscriptionLimits): Promise<LiveHub> {
    const hub = new LiveHub(log, limits)
    const ends = await log.follow({
      appended: (topic, records) => hub.#broadcast(topic, records),
      restarted: (topic, position) => hub.#restart(topic, position),
    })
    for (const topic of topics) if (!hub.#ends.has(topic)) hub.#ends.set(topic, ends[topic])
    return hub
  }

  /** Subscriptions of a topic by their state. */
  subscribers(topic: Topic): Readonly<Record<SubscriptionState, number>> {
    const counts = { live: 0, 'catching up': 0, behind: 0 }
    for (const { members } of this.#groups.get(topic)?.values() ?? []) {
      for (const { state } of members) counts[state] += 1
    }
    return counts
  }

  /** Bytes that wait in the outboxes of all who are subscribed, and in the fullest of them. */
  outboxes(): { readonly bytes: number; readonly bytesMax: number } {
    const sinks = new Set([...this.#groupOf.keys()].map(({ sink }) => sink))
    let [bytes, bytesMax] = [0, 0]
    for (const sink of sinks) {
      const waiting = sink.pendingBytes()
      bytes += waiting
      bytesMax = Math.max(bytesMax, waiting)
    }
    return { bytes, bytesMax }
  }

  /** The place of what was sent last. */
  end(topic: Topic): LivePosition {
    return this.#ends.get(topic) ?? { epoch: '', seq: 0 }
  }

  /**
   * Whether a place is so old, or of so different a log, that what follows it is gone; and a subscription, which gets
   * nothing before `start` is called on it, so that the caller can answer first.
   */
  async subscribe({ topic, sink, instruments, since }: SubscribeWish): Promise<{
    readonly subscription: LiveSubscription
    readonly gone: boolean
    start(): void
  }> {
    const gone = since !== undefined && (await this.#log.since(topic, since, 1)) === 'gone'
    const position = since === undefined || gone ? this.end(topic) : since
    const given = { topic, sink, instruments, state: 'catching up', position } as const
    const subscription = new LiveSubscription(given, this.#limits, this.tally)
    this.#join(subscription)
    return { subscription, gone, start: () => void this.#catchUp(subscription) }
  }

  /** Changes what a subscription is about, from the next message on. */
  change(subscription: LiveSubscription, instruments: ReadonlySet<string> | null): void {
    this.leave(subscription)
    subscription.instruments = instruments
    this.#join(subscription)
  }

  leave(subscription: LiveSubscription): void {
    const place = this.#groupOf.get(subscription)
    if (place === undefined) return
    this.#groupOf.delete(subscription)
    place.group.members.delete(subscription)
    if (place.group.members.size === 0) this.#groups.get(subscription.topic)?.delete(place.key)
  }

  /** To be called when a sink has taken something. */
  drained(subscription: LiveSubscription): void {
    subscription.recover()
    if (subscription.state === 'catching up') void this.#catchUp(subscription)
  }

  #join(subscription: LiveSubscription): void {
    const { instruments, topic } = subscription
    const key = instruments === null ? '*' : [...instruments].sort().join(',')
    const groups = this.#groups.get(topic)
    const group = groups?.get(key) ?? { instruments, members: new Set() }
    groups?.set(key, group)
    group.members.add(subscription)
    this.#groupOf.set(subscription, { key, group })
  }

  #broadcast(topic: Topic, records: readonly LogRecord[]): void {
    for (const each of records) {
      const record = new LiveRecord(topic, each)
      this.#ends.set(topic, record.position)
      for (const { instruments, members } of this.#groups.get(topic)?.values() ?? []) {
        const packet = packetFor(record, instruments)
        if (packet === undefined) continue
        for (const subscription of members) subscription.offer(record, packet)
      }
    }
  }

  #restart(topic: Topic, position: LivePosition): void {
    this.#ends.set(topic, position)
    for (const { members } of this.#groups.get(topic)?.values() ?? []) {
      for (const subscription of members) {
        // Who came from another server may have heard of this log before.
        if (subscription.position.epoch === position.epoch) void this.#catchUp(subscription)
        else subscription.skipTo(position)
      }
    }
  }

  readonly #reading = new WeakSet<LiveSubscription>()

  /**
   * Sends out of the log until the subscriber is where the others are. Goes on at `drained` where there is no room, and at
   * the next restart where this server has yet to hear of the log.
   */
  async #catchUp(subscription: LiveSubscription): Promise<void> {
    if (this.#reading.has(subscription)) return
    this.#reading.add(subscription)
    try {
      const { topic } = subscription
      while (this.#groupOf.has(subscription) && subscription.state === 'catching up') {
        if (subscription.has(this.end(topic))) subscription.arrive()
        else if (!subscription.hasRoom) return
        else await this.#sendPage(subscription)
        // It has all of a log of which this server has yet to hear, and will when that is restarted here.
        if (subscription.position.epoch !== this.end(topic).epoch) return
      }
    } catch {
      // A log out of reach says so when it is back, by going on or by a new epoch.
      subscription.skipTo(this.end(subscription.topic))
    } finally {
      this.#reading.delete(subscription)
    }
  }

  async #sendPage(subscription: LiveSubscription): Promise<void> {
    const { topic, position } = subscription
    const page = await this.#log.since(topic, position, this.#limits.outboxBytesMax / 2)
    if (subscription.state !== 'catching up' || subscription.position !== position) return
    if (page === 'gone') return subscription.skipTo(this.end(topic))
    for (const each of page) {
      const record = new LiveRecord(topic, each)
      const packet = packetFor(record, subscription.instruments)
      if (packet !== undefined) subscription.send(packet)
      subscription.position = record.position
    }
  }
}

interface Group {
  readonly instruments: ReadonlySet<string> | null
  readonly members: Set<LiveSubscription>
}

function packetFor(record: LiveRecord, instruments: ReadonlySet<string> | null): LivePacket | undefined {
  const text = instruments === null ? record.text : record.textFor(instruments)
  return text === undefined ? undefined : new LivePacket(record.event, text, record.position)
}
