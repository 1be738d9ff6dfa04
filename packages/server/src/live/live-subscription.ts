import type { LiveBar, LivePosition, Topic } from '@barkeep/core'
import { LivePacket } from './live-packet.js'
import type { LiveRecord } from './live-record.js'
import type { LiveTally } from './live-tally.js'

/** The connection of a subscriber, as the hub sees it. */
export interface LiveSink {
  /** Bytes that it has not taken yet. */
  pendingBytes(): number
  /** Gives the bytes that it takes on the wire. */
  send(packet: LivePacket): number
  /** Ends the connection of one that has been too slow for too long. */
  end(): void
}

export interface SubscriptionLimits {
  /** What may wait in the outbox of one connection. */
  readonly outboxBytesMax: number
  /** How long one who falls behind is served out of the log, before bars are conflated; so a burst costs nobody a bar. */
  readonly conflateMs: number
  /** How long a subscriber may be behind. */
  readonly slowMsMax: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * `live`: gets each message as it comes. `catching up`: is being sent what it missed, out of the log. `behind`: takes too
 * little; only the latest bar of each instrument is remembered, so its memory does not grow with time.
 */
export type SubscriptionState = 'live' | 'catching up' | 'behind'

/** One topic of one subscriber. */
export class LiveSubscription {
  readonly topic: Topic
  readonly sink: LiveSink
  /** Null for all. */
  instruments: ReadonlySet<string> | null
  state: SubscriptionState
  /** Everything up to here was sent, or was not wanted. */
  position: LivePosition
  readonly #limits: SubscriptionLimits
  readonly #tally: LiveTally
  readonly #latest = new Map<string, LiveBar>()
  #until: LivePosition
  /** When it fell behind; undefined for one that did not, or has what it missed. */
  #behindSinceMs: number | undefined
  #hasEnded = false

  constructor(
    given: Pick<LiveSubscription, 'topic' | 'sink' | 'instruments' | 'state' | 'position'>,
    limits: SubscriptionLimits,
    tally: LiveTally,
  ) {
    this.topic = given.topic
    this.sink = given.sink
    this.instruments = given.instruments
    this.state = given.state
    this.position = given.position
    this.#until = given.position
    this.#limits = limits
    this.#tally = tally
  }

  /** Whether everything up to a place of this log was sent, or was not wanted. */
  has({ epoch, seq }: LivePosition): boolean {
    return this.position.epoch === epoch && this.position.seq >= seq
  }

  /** Whether the sink has room for more that can wait. */
  get hasRoom(): boolean {
    return this.sink.pendingBytes() <= this.#limits.outboxBytesMax / 2
  }

  /** Sends what came, or remembers it when too much waits already. `packet` is the record as this subscriber wants it. */
  offer(record: LiveRecord, packet: LivePacket): void {
    // Out of the log it may have been sent what this server is told only now.
    if (this.has(record.position)) return
    if (this.state === 'live' && this.sink.pendingBytes() <= this.#limits.outboxBytesMax) {
      this.send(packet)
      this.position = record.position
      return
    }
    if (this.state === 'live') {
      this.state = 'behind'
      this.#behindSinceMs = this.#limits.now()
    }
    // Who asked for what was before has it all to come out of the log.
    if (this.#behindSinceMs === undefined) return
    this.#until = record.position
    for (const bar of record.bars) {
      if (this.instruments === null || this.instruments.has(bar.instrument)) this.#latest.set(bar.instrument, bar)
    }
    if (this.#hasEnded || this.#limits.now() - this.#behindSinceMs <= this.#limits.slowMsMax) return
    this.#hasEnded = true
    this.#tally.cuts.slow += 1
    this.sink.end()
  }

  send(packet: LivePacket): void {
    const { [this.topic]: topic } = this.#tally.topics
    topic.messages += 1
    topic.bytes += this.sink.send(packet)
  }

  /** Goes on when there is room: out of the log, or for one who was behind too long with what was remembered. */
  recover(): void {
    if (this.#behindSinceMs === undefined || !this.hasRoom) return
    if (this.#limits.now() - this.#behindSinceMs > this.#limits.conflateMs) this.#conflate()
    else this.state = 'catching up'
  }

  /** It has everything. */
  arrive(): void {
    this.state = 'live'
    this.#latest.clear()
    this.#behindSinceMs = undefined
  }

  #conflate(): void {
    const bars = [...this.#latest.values()]
    this.arrive()
    this.#tellGap('slow', this.#until)
    if (bars.length === 0) return
    const ts = bars
      .map((bar) => bar.ts)
      .sort()
      .at(-1)
    const message = { ...this.#until, ts, bars }
    this.send(new LivePacket(this.topic, JSON.stringify(message), this.#until))
  }

  /** What came before `until` cannot be sent any more. */
  skipTo(until: LivePosition): void {
    this.arrive()
    this.#tellGap('gone', until)
  }

  #tellGap(reason: 'slow' | 'gone', until: LivePosition): void {
    const gap = { topic: this.topic, since: this.position, until, reason }
    this.send(new LivePacket('gap', JSON.stringify(gap)))
    this.#tally.topics[this.topic].gaps[reason] += 1
    this.position = until
  }
}
