import { setMaxListeners } from 'node:events'
import { BarkeepError, failureClassOf, type LiveSource, type Topic, topicIntervals } from '@barkeep/core'
import type { LiveWish } from '../../connector-live-config.js'
import type { BarsIngest } from '../../store/bars/bars-ingest.js'
import type { ConnectorSetup } from '../connector-setup.js'
import type { Clock } from '../limiter/clock.js'
import type { Limiter } from '../limiter/limiter.js'
import { createLiveContext } from './live-context.js'
import { LiveWriter } from './live-writer.js'

const BACK_OFF_MS = 1_000
const BACK_OFF_MS_MAX = 60_000
const ERROR_CHARACTERS_MAX = 500

export interface LiveSourceParts {
  readonly setups: readonly ConnectorSetup[]
  /** By the id of the connector. */
  readonly wishes: ReadonlyMap<string, LiveWish>
  readonly limiter: Limiter
  /** What is kept so is broadcast, too: the store tells its witness. */
  readonly ingest: Pick<BarsIngest, 'append'>
  /** Epoch milliseconds. */
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly settings: { readonly timeoutMs: number; readonly pageBytesMax: number; readonly restMs: number }
  readonly onError: (error: unknown, connector: string, topic: Topic) => void
}

/** `waiting` until the next try, `stopped` until the server starts anew. */
export type LiveSourceState = 'connecting' | 'listening' | 'waiting' | 'stopped'

export interface LiveSourceStatus {
  readonly topic: Topic
  readonly state: LiveSourceState
  readonly instruments: number
  /** Bars that were kept, each state of one that was building up included. */
  readonly bars: number
  /** Connections that ended, whatever the reason. */
  readonly breaks: number
  readonly lastError: string | null
  /** When the last bars came, milliseconds since the epoch. */
  readonly lastBarsMs: number | null
}

/** Which instruments of a topic a source tells, as long as it is `listening`. */
export interface LiveTelling {
  readonly connector: string
  readonly topic: Topic
  readonly state: LiveSourceState
  readonly instruments: readonly string[]
}

/**
 * Listens to the upstreams that the configuration names, and keeps what they tell. A connection that ends is opened again, later
 * each time until bars come once more; what was missed meanwhile is a gap like any other, for a crawl to fill.
 */
export class LiveSources {
  readonly #stop = new AbortController()
  readonly #runs: readonly LiveRun[]
  #running: Promise<unknown> = Promise.resolve()

  constructor(parts: LiveSourceParts) {
    setMaxListeners(0, this.#stop.signal)
    this.#runs = parts.setups.flatMap((setup) => {
      const { id, live = {} } = setup.connector
      const wish = parts.wishes.get(id)
      return (wish?.topics ?? []).flatMap((topic) => {
        const source = live[topic]
        const instruments = wish?.instruments ?? []
        return source === undefined || instruments.length === 0
          ? []
          : [new LiveRun(parts, { setup, topic, source, instruments })]
      })
    })
  }

  start(): void {
    this.#running = Promise.all(this.#runs.map((run) => run.run(this.#stop.signal)))
  }

  status(connector: string): LiveSourceStatus[] {
    return this.#runs.filter((run) => run.connector === connector).map((run) => run.status())
  }

  telling(): LiveTelling[] {
    return this.#runs.map((run) => run.telling())
  }

  /** Ends all connections, and waits for what is being written. */
  async close(): Promise<void> {
    this.#stop.abort(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The server is closing.' }))
    await this.#running
  }
}

interface Heard {
  readonly setup: ConnectorSetup
  readonly topic: Topic
  readonly source: LiveSource
  readonly instruments: readonly string[]
}

/** One topic of one connector. */
class LiveRun {
  readonly #parts: LiveSourceParts
  readonly #heard: Heard
  readonly #writer: LiveWriter
  #state: LiveSourceState = 'connecting'
  #bars = 0
  #breaks = 0
  /** Tries since bars came. */
  #tries = 0
  #lastError: string | null = null
  #lastBarsMs: number | null = null

  constructor(parts: LiveSourceParts, heard: Heard) {
    this.#parts = parts
    this.#heard = heard
    this.#writer = new LiveWriter({
      append: (stroke) => parts.ingest.append(stroke),
      interval: topicIntervals[heard.topic],
      source: this.connector,
      clock: parts.clock,
      onKept: (bars) => {
        this.#bars += bars
      },
      onError: (error) => this.#failed(error),
    })
  }

  get connector(): string {
    return this.#heard.setup.connector.id
  }

  status(): LiveSourceStatus {
    return {
      topic: this.#heard.topic,
      state: this.#state,
      instruments: this.#heard.instruments.length,
      bars: this.#bars,
      breaks: this.#breaks,
      lastError: this.#lastError,
      lastBarsMs: this.#lastBarsMs,
    }
  }

  telling(): LiveTelling {
    const { topic, instruments } = this.#heard
    return { connector: this.connector, topic, state: this.#state, instruments }
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (!stop.aborted) {
      this.#state = 'connecting'
      const error = await this.#listen(stop)
      if (stop.aborted) break
      this.#breaks += 1
      this.#failed(error)
      const waitMs = this.#waitMs(error)
      if (waitMs === undefined) {
        this.#state = 'stopped'
        break
      }
      this.#state = 'waiting'
      await clock.sleep(waitMs, stop).catch(() => undefined)
    }
    await this.#writer.drain()
  }

  /** One connection; gives why it ended. */
  async #listen(stop: AbortSignal): Promise<unknown> {
    const { limiter, clock, settings } = this.#parts
    const { setup, source, instruments } = this.#heard
    const [account] = setup.accounts
    if (account === undefined) return new RangeError(`${this.connector} has no account.`)
    const opened = new AbortController()
    const signal = AbortSignal.any([stop, opened.signal])
    // All that one run opens listens to it.
    setMaxListeners(0, signal)
    const { silenceMs } = source
    const context = createLiveContext({ ...settings, setup, account, limiter, clock, silenceMs, signal })
    try {
      for await (const bars of source.bars(instruments, context)) {
        this.#state = 'listening'
        if (bars.length === 0) continue
        this.#tries = 0
        this.#lastBarsMs = clock.now()
        await this.#writer.add(bars, stop)
      }
      return new BarkeepError('UPSTREAM_UNREACHABLE', { message: `${this.connector}: the stream came to its end.` })
    } catch (error) {
      return error
    } finally {
      opened.abort(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The connection is no longer wanted.' }))
    }
  }

  /** How long to wait before the next connection; undefined where none can succeed. */
  #waitMs(error: unknown): number | undefined {
    const { random, settings } = this.#parts
    const what = failureClassOf(error)
    // Without a credential, or with one that is refused, each try is worse than none.
    if (what === 'stop') return undefined
    if (what === 'wait')
      return error instanceof BarkeepError ? (error.retry?.afterMs ?? settings.restMs) : settings.restMs
    const longestMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** this.#tries)
    this.#tries += 1
    // What this upstream will not do, or tells in words not known, it may do after its maintenance.
    return what === 'fail' ? settings.restMs : longestMs * (0.5 + random() / 2)
  }

  #failed(error: unknown): void {
    const text = error instanceof BarkeepError ? `${error.code}: ${error.message}` : String(error)
    this.#lastError = text.slice(0, ERROR_CHARACTERS_MAX)
    this.#parts.onError(error, this.connector, this.#heard.topic)
  }
}
