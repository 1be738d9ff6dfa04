import {
  BarkeepError,
  invalidParameter,
  isTopic,
  type LivePosition,
  nearestName,
  type SubscribeAck,
  type Topic,
  topics,
  type UnsubscribeAck,
} from '@barkeep/core'
import type { Socket } from 'socket.io'
import type { LiveDoor } from './live-door.js'
import type { LiveHub } from './live-hub.js'
import { type PayloadLimits, readFields, readInstruments, readPublish, readSubscribe } from './live-payload.js'
import type { LiveSubscription } from './live-subscription.js'
import { PublisherDesk } from './publisher-desk.js'
import type { ReplayDesk } from './replay-desk.js'
import { SocketReplays } from './replay-socket.js'
import { SocketSink } from './socket-sink.js'

/** Who is at the other end, asked anew for each word, so that a revoked key ends what it allowed. */
export interface LiveCaller {
  /** Throws UNAUTHORIZED_ACCESS, INSUFFICIENT_SCOPE. */
  require(scope: 'read' | 'publish'): void
}

export type Acknowledge = (answer: object) => void

export interface ConnectionParts {
  readonly hub: LiveHub
  readonly door: LiveDoor
  readonly replays: ReplayDesk
  readonly limits: PayloadLimits
  readonly outboxBytesMax: number
  /** False where another server commits what this one passes on. */
  readonly publishes: boolean
}

/** What one connection listens to and publishes. */
export class SocketConnection {
  readonly #parts: ConnectionParts
  readonly #caller: LiveCaller
  readonly #sink: SocketSink
  readonly #desk: PublisherDesk
  readonly #subscriptions = new Map<Topic, LiveSubscription>()
  readonly #replays: SocketReplays
  #isOpen = true

  constructor(socket: Socket, parts: ConnectionParts, refuse: (error: unknown, word: string) => object) {
    this.#parts = parts
    this.#caller = socket.data.caller as LiveCaller // set when the connection was let in
    this.#desk = new PublisherDesk(parts.door)
    this.#sink = new SocketSink(socket, () => {
      for (const subscription of this.#subscriptions.values()) {
        if (subscription.state !== 'live') parts.hub.drained(subscription)
      }
      this.#replays.drained()
    })
    this.#replays = new SocketReplays({
      desk: parts.replays,
      sink: this.#sink,
      outboxBytesMax: parts.outboxBytesMax,
      onError: (topic, error) => socket.emit('refused', refuse(error, `sub_${topic}`)),
    })
  }

  get isFlooded(): boolean {
    return this.#sink.isFlooded
  }

  /** What waits for one who reads nothing would else be held until a farewell was taken. */
  cut(): void {
    this.#sink.end()
  }

  /** Throws what the answer says instead. */
  async carryOut(word: string, payload: unknown, acknowledge: Acknowledge): Promise<void> {
    const [verb = '', topic = ''] = word.split('_')
    const isWord = (verbs as readonly string[]).includes(verb) && word === `${verb}_${topic}`
    if (!isTopic(topic) || !isWord) throw unknownWord(word)
    if (verb === 'sub') return this.#subscribe(topic, payload, acknowledge)
    if (verb === 'unsub') return acknowledge(this.#unsubscribe(topic, payload))
    this.#caller.require('publish')
    if (!this.#parts.publishes) throw passesOnOnly()
    if (verb === 'pub') {
      const request = readPublish(payload, topic, this.#parts.limits)
      return acknowledge({ ok: true, ...(await this.#desk.publish(topic, request)) })
    }
    if (verb === 'lease') {
      const { takeover = false } = readFields(payload, ['takeover'])
      if (typeof takeover !== 'boolean') throw invalidParameter('takeover', String(takeover), 'must be true or false.')
      return acknowledge({ ok: true, topic, lease: await this.#desk.lease(topic, takeover) })
    }
    readFields(payload, [])
    await this.#desk.unlease(topic)
    acknowledge({ ok: true, topic })
  }

  /** A sign of life of the other end. What it lost is told with its next word. */
  prolong(): Promise<void> {
    return this.#desk.prolong().catch(() => undefined)
  }

  async end(): Promise<void> {
    this.#isOpen = false
    for (const subscription of this.#subscriptions.values()) this.#parts.hub.leave(subscription)
    this.#subscriptions.clear()
    this.#replays.end()
    await this.#desk.leave()
  }

  async #subscribe(topic: Topic, payload: unknown, acknowledge: Acknowledge): Promise<void> {
    this.#caller.require('read')
    const { instruments, since, replay } = readSubscribe(payload, this.#parts.limits)
    const { hub } = this.#parts
    const known = this.#subscriptions.get(topic)
    const answer = (ack: Omit<SubscribeAck, 'ok' | 'topic'>) => acknowledge({ ok: true, topic, ...ack })
    if (this.#replays.has(topic) || (known !== undefined && replay !== undefined)) {
      throw invalidParameter('replay', topic, `${topic} is subscribed to already. Say unsub_${topic} first.`)
    }
    if (replay !== undefined) {
      const count = instruments?.length ?? null
      const begin = (place: LivePosition) => answer({ ...place, instruments: count, gone: false })
      return this.#replays.start({ topic, instruments, ...replay }, begin)
    }
    if (known !== undefined) {
      if (since !== undefined) throw alreadySubscribed(topic, since.seq)
      const all = known.instruments === null || instruments === undefined
      const both = all ? null : new Set([...(known.instruments ?? []), ...instruments])
      const { instrumentsMax } = this.#parts.limits
      if (both !== null && both.size > instrumentsMax) throw tooManyInstruments(both.size, instrumentsMax)
      hub.change(known, both)
      return answer({ ...hub.end(topic), instruments: known.instruments?.size ?? null, gone: false })
    }
    const wanted = instruments === undefined ? null : new Set(instruments)
    const wish = { topic, sink: this.#sink, instruments: wanted, ...(since !== undefined && { since }) }
    const { subscription, gone, start } = await hub.subscribe(wish)
    if (!this.#isOpen || this.#subscriptions.has(topic)) {
      hub.leave(subscription)
      if (this.#isOpen) throw alreadySubscribed(topic, since?.seq ?? 0)
      return
    }
    this.#subscriptions.set(topic, subscription)
    answer({ ...subscription.position, instruments: wanted?.size ?? null, gone })
    start()
  }

  #unsubscribe(topic: Topic, payload: unknown): UnsubscribeAck {
    const { instruments } = readFields(payload, ['instruments'])
    // A replay ends as a whole.
    if (this.#replays.stop(topic)) return { ok: true, topic, instruments: 0 }
    const subscription = this.#subscriptions.get(topic)
    if (instruments === undefined || subscription === undefined) {
      if (subscription !== undefined) this.#parts.hub.leave(subscription)
      this.#subscriptions.delete(topic)
      return { ok: true, topic, instruments: 0 }
    }
    if (subscription.instruments === null) {
      throw invalidParameter(
        'instruments',
        '',
        `all of ${topic} is subscribed to; unsubscribe from all, then name some.`,
      )
    }
    const gone = readInstruments('instruments', instruments, this.#parts.limits)
    const left = new Set([...subscription.instruments].filter((instrument) => !gone.includes(instrument)))
    if (left.size === 0) return this.#unsubscribe(topic, {})
    this.#parts.hub.change(subscription, left)
    return { ok: true, topic, instruments: left.size }
  }
}

const verbs = ['sub', 'unsub', 'pub', 'lease', 'unlease'] as const

function unknownWord(word: string): BarkeepError {
  const words = verbs.flatMap((verb) => topics.map((topic) => `${verb}_${topic}`))
  const near = nearestName(word, words)
  return invalidParameter(
    'event',
    word,
    near === undefined ? `none of ${words.join(', ')}.` : `did you mean '${near}'?`,
  )
}

function alreadySubscribed(topic: Topic, seq: number): BarkeepError {
  return invalidParameter('since', String(seq), `${topic} is subscribed to already. Say unsub_${topic} first.`)
}

export function passesOnOnly(): BarkeepError {
  return new BarkeepError('METHOD_NOT_ALLOWED', {
    message: 'This server passes on what another one commits: live.publishes is false. Publish there.',
  })
}

function tooManyInstruments(count: number, instrumentsMax: number): BarkeepError {
  return new BarkeepError('REQUEST_TOO_COMPLEX', {
    message: `This would make ${count} instruments; at most api.instrumentsMax = ${instrumentsMax} may be named. Leave them out for all.`,
  })
}
