import { BarkeepError, invalidParameter, type LiveBar, type LivePosition, type Topic } from '@barkeep/core'
import { liveBackoffMs, type Sleep } from './backoff.js'
import { type HistoryPage, historyStart, type LoadPage } from './live-history.js'
import { type Incoming, LiveInbox } from './live-inbox.js'
import type { OpenLink } from './live-link.js'
import { SeenBars } from './live-seen.js'
import { cancelledRequest } from './problem.js'
import type { StreamBars, StreamMessage, StreamOptions, StreamState } from './stream-message.js'

export interface StreamParts {
  readonly open: OpenLink
  readonly loadPage: LoadPage
  /** Attempts after the first, before the stream was ever connected; later ones have no end. */
  readonly retriesMax: number
  readonly random: () => number
  readonly sleep: Sleep
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const BUFFER_BARS_MAX = 100_000
const MEMORY_BARS_MAX = 1_000_000
const DAY_MS = 86_400_000
/** Of a stream that began with `now`: how far before its beginning what was missed is looked for. */
const LOOK_BACK_MS = 2 * DAY_MS

/**
 * Messages of a topic without gap or duplicate: subscribe, load, drop what is known. Whatever breaks, it is the same three
 * steps again, from the last place that the loop has taken. Ends with its signal only, which leaving the loop must abort.
 * Throws INVALID_PARAMETER, what the server refuses, CANCELLED_REQUEST, and CONNECTION_FAILED where there is no server.
 */
export function streamTopic(
  parts: StreamParts,
  topic: Topic,
  instruments: readonly string[] | undefined,
  options: StreamOptions & { readonly signal: AbortSignal },
): AsyncGenerator<StreamMessage, void, undefined> {
  return new TopicStream(parts, topic, instruments, options).run()
}

class TopicStream {
  readonly #parts: StreamParts
  readonly #topic: Topic
  readonly #instruments: readonly string[] | undefined
  readonly #options: StreamOptions
  readonly #signal: AbortSignal
  readonly #seen: SeenBars
  /** Everything up to here was given; undefined before the first subscription. */
  #place: LivePosition | undefined
  /** The clock when a stream with `now` began, and the earliest start that it has given, milliseconds. */
  #beganMs: number | undefined
  #earliestMs = Number.POSITIVE_INFINITY
  #state: StreamState | undefined
  /** The last mark of each exchange. */
  readonly #done = new Map<string, string>()

  constructor(
    parts: StreamParts,
    topic: Topic,
    instruments: readonly string[] | undefined,
    options: StreamOptions & { readonly signal: AbortSignal },
  ) {
    // A choice among nothing is a slip of the caller, and must not be read as "all".
    if (instruments?.length === 0) throw invalidParameter('instruments', '', 'the list is empty. Leave it out for all.')
    this.#parts = parts
    this.#topic = topic
    this.#instruments = instruments
    this.#options = options
    this.#signal = options.signal
    this.#seen = new SeenBars(options.memoryBarsMax ?? MEMORY_BARS_MAX)
  }

  async *run(): AsyncGenerator<StreamMessage, void, undefined> {
    const { retriesMax, random } = this.#parts
    for (let failures = 0; ; ) {
      const inbox = this.#subscribe()
      const hangUp = () => inbox.end(cancelledRequest(this.#signal.reason))
      this.#signal.addEventListener('abort', hangUp, { once: true })
      try {
        if (this.#signal.aborted) hangUp()
        yield* this.#follow(inbox, () => {
          failures = 0
        })
      } finally {
        this.#signal.removeEventListener('abort', hangUp)
        hangUp()
      }
      const reason = inbox.endedBy
      if (this.#signal.aborted) throw cancelledRequest(this.#signal.reason)
      if (!(reason instanceof BarkeepError)) continue
      if (!isPassing(reason) || (this.#place === undefined && failures >= retriesMax)) throw reason
      this.#tell('waiting', reason)
      await this.#pause(liveBackoffMs(failures, random, reason.retry?.afterMs))
      failures += 1
    }
  }

  #subscribe(): LiveInbox {
    this.#tell('connecting')
    const barsMax = this.#options.bufferBarsMax ?? BUFFER_BARS_MAX
    return new LiveInbox(this.#parts.open, {
      topic: this.#topic,
      instruments: this.#instruments,
      since: this.#place,
      barsMax,
    })
  }

  /** All that one subscription brings. Returns when its link has ended, with everything given that came before. */
  async *#follow(inbox: LiveInbox, onOpened: () => void): AsyncGenerator<StreamMessage, void, undefined> {
    const ack = await inbox.opened.catch(() => undefined)
    if (ack === undefined) return
    onOpened()
    const isFirst = this.#place === undefined
    if (isFirst && this.#isFromNow) this.#beganMs = this.#parts.now()
    if (isFirst || ack.gone) {
      this.#place = { epoch: ack.epoch, seq: ack.seq }
      if (!(isFirst && this.#isFromNow)) yield* this.#load()
    }
    if (inbox.endedBy === undefined) this.#tell('live')
    for (let next = await inbox.take(); next !== undefined; next = await inbox.take()) yield* this.#give(next)
  }

  /** What the store has and the stream has not given. A broken connection is waited for, so that it is never half a load. */
  async *#load(): AsyncGenerator<StreamMessage, void, undefined> {
    const { final = true } = this.#options
    const wish = { topic: this.#topic, instruments: this.#instruments, start: this.#loadStart(), final }
    let place = historyStart(this.#instruments)
    for (let failures = 0; ; ) {
      let page: HistoryPage
      this.#tell('loading')
      try {
        page = await this.#parts.loadPage(wish, place, this.#signal)
      } catch (error) {
        if (this.#signal.aborted) throw cancelledRequest(this.#signal.reason)
        if (!(error instanceof BarkeepError) || !isPassing(error)) throw error
        this.#tell('waiting', error)
        await this.#pause(liveBackoffMs(failures, this.#parts.random, error.retry?.afterMs))
        failures += 1
        continue
      }
      failures = 0
      const beganMs = this.#beganMs ?? Number.NEGATIVE_INFINITY
      yield* this.#news(
        page.bars.filter((bar) => Date.parse(bar.known_at) >= beganMs),
        null,
      )
      if (page.next === undefined) return
      place = page.next
    }
  }

  *#give({ kind, message }: Incoming): Generator<StreamMessage, void, undefined> {
    const position = { epoch: message.epoch, seq: message.seq }
    if (this.#place?.epoch === position.epoch && position.seq <= this.#place.seq) return
    if (kind === 'bars') yield* this.#news(message.bars, position)
    else if (message.ts > (this.#done.get(message.exchange) ?? '')) {
      this.#done.set(message.exchange, message.ts)
      const { ts, exchange, instruments, missing } = message
      yield { kind, position, ts, exchange, instruments, missing }
    }
    // Not before it was given: what the loop did not take is asked for again.
    this.#place = position
  }

  *#news(bars: readonly LiveBar[], position: LivePosition | null): Generator<StreamBars, void, undefined> {
    const { final = true, corrections: withCorrections = true } = this.#options
    const news: LiveBar[] = []
    const corrections: LiveBar[] = []
    for (const bar of bars) {
      if (final && !bar.final) continue
      const novelty = this.#seen.note(bar)
      if (novelty === 'new') news.push(bar)
      else if (novelty === 'later' && withCorrections) corrections.push(bar)
    }
    if (news.length > 0) yield this.#message('bars', news, position)
    if (corrections.length > 0) yield this.#message('corrections', corrections, position)
  }

  #message(kind: StreamBars['kind'], bars: readonly LiveBar[], position: LivePosition | null): StreamBars {
    let [earliest, ts] = [bars[0]?.ts ?? '', bars[0]?.ts ?? '']
    for (const bar of bars) {
      if (bar.ts > ts) ts = bar.ts
      if (bar.ts < earliest) earliest = bar.ts
    }
    this.#earliestMs = Math.min(this.#earliestMs, Date.parse(earliest))
    return { kind, position, ts, bars }
  }

  get #isFromNow(): boolean {
    const { since = 'now' } = this.#options
    return since === 'now'
  }

  /** What is older than the memory would come twice, so it is not loaded again. */
  #loadStart(): string {
    const { since = 'now' } = this.#options
    const { floorMs } = this.#seen
    if (this.#beganMs !== undefined) {
      return instantOf(Math.max(floorMs, Math.min(this.#beganMs, this.#earliestMs) - LOOK_BACK_MS))
    }
    // A date begins somewhere on earth up to half a day after it does in UTC.
    return floorMs > Date.parse(since) + DAY_MS / 2 ? instantOf(floorMs) : since
  }

  #tell(state: StreamState, reason?: BarkeepError): void {
    if (state === this.#state) return
    this.#state = state
    this.#options.onState?.(state, reason)
  }

  async #pause(delayMs: number): Promise<void> {
    try {
      await this.#parts.sleep(delayMs, this.#signal)
    } catch (cause) {
      throw this.#signal.aborted ? cancelledRequest(this.#signal.reason) : cause
    }
  }
}

/** Whether waiting may help: the server is away, starting, or has too much to do. */
function isPassing({ code, status }: BarkeepError): boolean {
  return status >= 500 || status === 429 || code === 'REQUEST_TIMEOUT'
}

/** Not the `formatInstant` of core, which would bring the reading of times along into what every page loads. */
function instantOf(ms: number): string {
  return new Date(ms).toISOString()
}
