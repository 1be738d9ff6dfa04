import {
  BarkeepError,
  type LeaseAck,
  type LiveBar,
  type PublishAck,
  type PublishRequest,
  type Topic,
} from '@barkeep/core'
import { liveBackoffMs, type Sleep } from './backoff.js'
import { linkAbort } from './link-abort.js'
import { historyStart, type LoadPage } from './live-history.js'
import type { OpenLink } from './live-link.js'
import { type LiveTalk, openTalk } from './live-talk.js'
import { cancelledRequest } from './problem.js'
import type { Publisher, PublisherOptions } from './publish.js'

export interface PublisherParts {
  readonly open: OpenLink
  readonly loadPage: LoadPage
  /** Attempts after the first, before the topic was ever held; later ones have no end. */
  readonly retriesMax: number
  readonly random: () => number
  readonly sleep: Sleep
}

/** Messages under way at the same time; a server takes 64 of a connection. */
const UNDER_WAY_MAX = 32
/** Messages that wait to be sent or answered. */
const WAITING_MAX = 1_000

/** Takes the lease of a topic. Throws LEASE_HELD, what the server refuses, CONNECTION_FAILED, CANCELLED_REQUEST. */
export async function createPublisher(
  parts: PublisherParts,
  topic: Topic,
  options: PublisherOptions,
): Promise<Publisher> {
  const publisher = new TopicPublisher(parts, topic, options)
  await publisher.begin()
  return publisher
}

interface Waiting {
  /** What is still to be sent, and how many rows it had at first. */
  request: PublishRequest
  readonly rows: number
  readonly resolve: (ack: PublishAck) => void
  readonly reject: (error: unknown) => void
  isUnderWay: boolean
}

class TopicPublisher implements Publisher {
  readonly #parts: PublisherParts
  readonly #topic: Topic
  readonly #options: PublisherOptions
  readonly #abort: ReturnType<typeof linkAbort>
  /** In the order in which they were sent. */
  readonly #waiting: Waiting[] = []
  #talk: LiveTalk | undefined
  #token: number | undefined
  /** The log that the server had when it was last heard of; another one is that of a server that was restarted. */
  #epoch: string | undefined
  #broken: unknown
  #isClosing = false
  #onEmpty: () => void = () => {}

  constructor(parts: PublisherParts, topic: Topic, options: PublisherOptions) {
    this.#parts = parts
    this.#topic = topic
    this.#options = options
    this.#abort = linkAbort(options.signal)
  }

  begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#run(resolve).catch((error: unknown) => {
        this.#broken = error
        this.#abort.release()
        for (const { reject: refuse } of this.#waiting.splice(0)) refuse(error)
        this.#onEmpty()
        reject(error)
      })
    })
  }

  send(bars: PublishRequest['bars'], promise: Pick<PublishRequest, 'done' | 'expects'> = {}): Promise<PublishAck> {
    const { source } = this.#options
    const request = { bars, ...promise, ...(source !== undefined && { source }) }
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#broken)
      if (this.#isClosing) return reject(cancelledRequest(new Error('the publisher is closed')))
      if (this.#waiting.length >= WAITING_MAX) return reject(tooManyWait())
      this.#waiting.push({ request, rows: bars.length, resolve, reject, isUnderWay: false })
      this.#flush()
    })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#waiting.length > 0 && this.#broken === undefined) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    // A topic that cannot be given back is free by itself when its term is over.
    await this.#talk?.ask(`unlease_${this.#topic}`, {}).catch(() => {})
    this.#abort.abort(new Error('the publisher is closed'))
    this.#abort.release()
  }

  /** Connects, and again after each break. Throws what waiting cannot mend. */
  async #run(onHeld: () => void): Promise<void> {
    const { open, retriesMax, random, sleep } = this.#parts
    const { signal } = this.#abort
    const cancelled = () => cancelledRequest(signal.reason)
    for (let failures = 0; ; failures += 1) {
      let reason: unknown
      try {
        const talk = await openTalk(open, signal, cancelled)
        try {
          await this.#takeUp(talk)
          this.#talk = talk
          failures = 0
          onHeld()
          this.#flush()
          reason = await talk.ended
        } finally {
          this.#talk = undefined
          talk.end(cancelled())
        }
      } catch (error) {
        reason = error
      }
      if (signal.aborted) throw cancelled()
      if (!(reason instanceof BarkeepError) || (reason.status < 500 && !isTooMany(reason))) throw reason
      if (this.#token === undefined && failures >= retriesMax) throw reason
      await sleep(liveBackoffMs(failures, random, reason.retry?.afterMs), signal).catch(() => {
        throw cancelled()
      })
    }
  }

  /** Takes the lease, or goes on in the term that there was, and finds out what became of messages under way. */
  async #takeUp(talk: LiveTalk): Promise<void> {
    const probe = await this.#probe(talk)
    this.#token = probe.lease.token
    this.#epoch = probe.epoch
    for (const waiting of this.#waiting.filter(({ isUnderWay }) => isUnderWay)) {
      // Behind the probe in the line of the topic, so whatever was received is in the store, or never will be.
      const bars = await this.#unkept(waiting.request)
      waiting.isUnderWay = false
      waiting.request = { ...waiting.request, bars }
    }
  }

  /** A message without bars: it tells the term, and the log that the server has. */
  async #probe(talk: LiveTalk): Promise<PublishAck> {
    const [pub, lease] = [`pub_${this.#topic}`, `lease_${this.#topic}`]
    const ask = (token: number) => talk.ask<PublishAck>(pub, { bars: [], token })
    if (this.#token === undefined) {
      const { takeover = false } = this.#options
      return ask((await talk.ask<LeaseAck>(lease, { takeover })).lease.token)
    }
    try {
      return await ask(this.#token)
    } catch (error) {
      if (!(error instanceof BarkeepError) || error.code !== 'LEASE_LOST') throw error
      const ack = await ask((await talk.ask<LeaseAck>(lease, {})).lease.token)
      // The term ended with the server that gave it, and not because somebody else published.
      if (ack.epoch !== this.#epoch) return ack
      throw error
    }
  }

  /** Those bars of a message that the store does not have. */
  async #unkept({ bars, source = 'live' }: PublishRequest): Promise<PublishRequest['bars']> {
    const start = bars.reduce((first, { ts }) => (first === '' || ts < first ? ts : first), '')
    if (start === '') return bars
    const instruments = [...new Set(bars.map(({ instrument }) => instrument))]
    const wish = { topic: this.#topic, instruments, start, final: false }
    const kept = new Map<string, LiveBar>()
    for (let place: ReturnType<typeof historyStart> | undefined = historyStart(instruments); place !== undefined; ) {
      const page = await this.#parts.loadPage(wish, place, this.#abort.signal)
      for (const bar of page.bars) kept.set(keyOf(bar), bar)
      place = page.next
    }
    return bars.filter((bar) => {
      const known = kept.get(keyOf(bar))
      // Callers of plain JavaScript leave out what is not told.
      const told = {
        ...bar,
        turnover: bar.turnover ?? null,
        trades: bar.trades ?? null,
        final: bar.final ?? true,
        source,
      }
      return known === undefined || !isSame(known, told)
    })
  }

  #flush(): void {
    const talk = this.#talk
    if (talk === undefined) return
    let underWay = this.#waiting.filter(({ isUnderWay }) => isUnderWay).length
    for (const waiting of this.#waiting) {
      if (underWay >= UNDER_WAY_MAX) return
      if (waiting.isUnderWay) continue
      underWay += 1
      void this.#deliver(talk, waiting)
    }
  }

  async #deliver(talk: LiveTalk, waiting: Waiting): Promise<void> {
    waiting.isUnderWay = true
    try {
      const ack = await talk.ask<PublishAck>(`pub_${this.#topic}`, { ...waiting.request, token: this.#token })
      waiting.resolve({ ...ack, rows: waiting.rows })
    } catch (error) {
      // Those behind it may have been taken: the next connection finds out, and sends the rest in its order.
      if (isTooMany(error)) talk.end(error)
      // Not an answer to this message: it is taken up by the next connection.
      if (talk.hasEnded) return
      waiting.reject(error)
    }
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    if (this.#waiting.length === 0) this.#onEmpty()
    this.#flush()
  }
}

const compared = ['open', 'high', 'low', 'close', 'volume', 'turnover', 'trades', 'final', 'source'] as const

function isSame(one: LiveBar, other: Pick<LiveBar, (typeof compared)[number]>): boolean {
  return compared.every((name) => one[name] === other[name])
}

/** More came at once than the server takes of one connection. */
function isTooMany(error: unknown): error is BarkeepError {
  return error instanceof BarkeepError && error.code === 'TOO_MANY_REQUESTS'
}

function keyOf({ instrument, ts }: Pick<LiveBar, 'instrument' | 'ts'>): string {
  return `${instrument} ${Date.parse(ts)}`
}

function tooManyWait(): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: `${WAITING_MAX} messages wait for the server. Await them before sending more.`,
  })
}
