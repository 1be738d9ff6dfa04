import { setImmediate } from 'node:timers/promises'
import {
  BarkeepError,
  type Changes,
  type FoundHit,
  type SearchError,
  type SearchHead,
  type SearchHit,
} from '@barkeep/core'
import type { Clock } from '../crawl/limiter/clock.js'
import { ChangeLog } from './change-log.js'
import type { BodyCoding, EncodedBodies, EncodedBody } from './encoded-bodies.js'
import { HitMerge } from './hit-merge.js'
import { folded } from './relevance.js'
import { type BodyShape, searchBody } from './search-body.js'
import type { SearchSource } from './search-source.js'

/** Hits that are taken in before the process gets to do something else. */
const HITS_PER_STEP = 500

export interface RunSettings {
  readonly hitsMax: number
  readonly hitsPerSourceMax: number
  /** How long a source may take, its limits included. */
  readonly sourceMsMax: number
  /** Least time between two versions, so that a source of many small pages does not wake everybody for each. */
  readonly publishMs: number
  readonly logEntriesMax: number
}

export interface RunParts {
  readonly clock: Clock
  readonly bodies: EncodedBodies
  readonly settings: RunSettings
  /** Whether there is memory for further hits. */
  hasRoom(): boolean
  /** Told of each source that failed. */
  onError(source: string, error: unknown): void
}

/** One search: asks all of its sources at the same time, and holds what they find. It holds nothing of who follows. */
export class SearchRun {
  readonly uuid: string
  readonly epoch: string
  readonly query: string
  readonly #parts: RunParts
  readonly #log: ChangeLog<SearchHit, SearchHead>
  readonly #merge: HitMerge
  readonly #stop = new AbortController()
  readonly #waiting = new Set<() => void>()
  readonly #remains: Set<string>
  #errors: readonly SearchError[] = []
  #publishing: Promise<void> | undefined
  #publishedAtMs = Number.NEGATIVE_INFINITY
  #followedAtMs: number
  #endedAtMs: number | undefined
  #isClosed = false
  readonly ended: Promise<void>

  constructor(uuid: string, epoch: string, query: string, sources: readonly SearchSource[], parts: RunParts) {
    this.uuid = uuid
    this.epoch = epoch
    this.query = query
    this.#parts = parts
    this.#followedAtMs = parts.clock.now()
    this.#remains = new Set(sources.map(({ id }) => id))
    this.#log = new ChangeLog<SearchHit, SearchHead>(this.#headAt(1), parts.settings.logEntriesMax)
    this.#merge = new HitMerge(this.#log, folded(query))
    this.ended = this.#run(sources)
  }

  /** What is told of the search beside its hits, at a version. */
  head(version = this.#log.version): SearchHead | undefined {
    return this.#log.head(version)
  }

  get version(): number {
    return this.#log.version
  }

  get isRunning(): boolean {
    return this.#log.head()?.running ?? false
  }

  /** Of all hits as JSON, twice: as they are, and as objects. */
  get bytes(): number {
    return 2 * this.#log.bytes
  }

  get followers(): number {
    return this.#waiting.size
  }

  /** Since when nobody follows it; undefined while somebody waits. */
  get leftAtMs(): number | undefined {
    return this.#waiting.size > 0 ? undefined : this.#followedAtMs
  }

  get endedAtMs(): number | undefined {
    return this.#endedAtMs
  }

  /** What changed after one version up to another; undefined where the log no longer has it. */
  changes(from: number, to: number): Changes<SearchHit> | undefined {
    return this.#log.since(from, to)
  }

  /** The same as it is sent; `from` 0 gives all there is. Undefined where the log no longer has it. */
  body(from: number, to: number, shape: BodyShape, coding: BodyCoding): EncodedBody | Promise<EncodedBody> | undefined {
    const head = this.#log.head(to)
    if (head === undefined || this.#log.head(from) === undefined) {
      if (from !== 0 || head === undefined || to !== this.#log.version) return undefined
    }
    return this.#parts.bodies.get(`${this.uuid} ${from}-${to} ${shape}`, coding, () => {
      const changes = this.#log.jsonSince(from, to)
      if (changes === undefined) throw new RangeError(`The log has no ${from} to ${to}.`)
      return searchBody(shape, head, from, changes)
    })
  }

  /** Says that somebody is interested. */
  follow(): void {
    this.#followedAtMs = this.#parts.clock.now()
  }

  /** Waits until there is a version after `since`, or the search has ended; gives whether there is one. */
  async changed(since: number, waitMs: number, signal: AbortSignal): Promise<boolean> {
    this.follow()
    const isOver = !this.isRunning || this.#isClosed || signal.aborted
    if (this.version > since || isOver || waitMs <= 0) return this.version > since
    const timer = new AbortController()
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        timer.abort()
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#parts.clock.sleep(waitMs, timer.signal).then(wake, () => undefined)
    })
    this.follow()
    return this.version > since
  }

  /** Ends what is still being asked; what was found stays. */
  cancel(reason: string): void {
    if (this.#endedAtMs === undefined) {
      this.#stop.abort(new BarkeepError('CANCELLED_REQUEST', { message: reason }))
    }
  }

  /** Ends everything without a word; who waits is woken. */
  close(): void {
    this.#isClosed = true
    this.cancel('The server is stopping.')
    for (const wake of [...this.#waiting]) wake()
  }

  async #run(sources: readonly SearchSource[]): Promise<void> {
    await Promise.all(sources.map((source) => this.#ask(source)))
    await this.#publishing
    if (this.isRunning) this.#publish()
    this.#endedAtMs = this.#parts.clock.now()
  }

  /** Never fails: what goes wrong with one source is told, and is no matter of the others. */
  async #ask(source: SearchSource): Promise<void> {
    const { clock, settings, onError } = this.#parts
    const late = new AbortController()
    const timer = new AbortController()
    const tooLate = () => late.abort(tookTooLong(source.id, settings.sourceMsMax))
    clock.sleep(settings.sourceMsMax, timer.signal).then(tooLate, () => undefined)
    const signal = AbortSignal.any([this.#stop.signal, late.signal])
    try {
      // A source that hangs and does not listen is left behind.
      await Promise.race([this.#takeAll(source, signal), aborted(signal)])
    } catch (error) {
      if (!this.#stop.signal.aborted) onError(source.id, error)
      this.#errors = [...this.#errors, errorOf(source.id, signal.aborted ? signal.reason : error)]
    } finally {
      timer.abort()
      this.#remains.delete(source.id)
      this.#schedule()
    }
  }

  async #takeAll(source: SearchSource, signal: AbortSignal): Promise<void> {
    const { hitsMax, hitsPerSourceMax } = this.#parts.settings
    let taken = 0
    for await (const page of source.search(this.query, signal)) {
      for (let first = 0; first < page.length; first += HITS_PER_STEP) {
        if (!this.#parts.hasRoom()) throw noRoom()
        for (const hit of page.slice(first, first + HITS_PER_STEP)) {
          if (taken >= hitsPerSourceMax) throw tooManyHits(source.id, 'search.hitsPerSourceMax', hitsPerSourceMax)
          this.#take(source.id, hit, hitsMax)
          taken += 1
        }
        this.#schedule()
        if (page.length > HITS_PER_STEP) await setImmediate()
        if (signal.aborted) return
      }
      if (signal.aborted) return
    }
  }

  #take(source: string, hit: FoundHit, hitsMax: number): void {
    // Counted before it is known whether the hit only adds to a record: a limit is no place for fine distinctions.
    if (this.#log.length >= hitsMax) throw tooManyHits(source, 'search.hitsMax', hitsMax)
    this.#merge.take(source, hit)
  }

  /** Publishes at once, or so much later that versions keep their distance. */
  #schedule(): void {
    if (this.#publishing !== undefined) return
    const { clock, settings } = this.#parts
    const waitMs = this.#publishedAtMs + settings.publishMs - clock.now()
    if (waitMs <= 0) this.#publish()
    else {
      // A search that is given up says so at once.
      const pause = clock.sleep(waitMs, this.#stop.signal).catch(() => undefined)
      this.#publishing = pause.then(() => {
        this.#publishing = undefined
        this.#publish()
      })
    }
  }

  #publish(): void {
    if (this.#isClosed) return
    const isOver = this.#remains.size === 0
    const { running, remains, errors } = this.#log.head() ?? this.#headAt(0)
    const isSame = running === !isOver && remains.length === this.#remains.size && errors === this.#errors
    if (isSame && !this.#log.isChanged) return
    this.#publishedAtMs = this.#parts.clock.now()
    this.#log.publish({ ...this.#headAt(this.#log.version + 1), running: !isOver })
    for (const wake of [...this.#waiting]) wake()
  }

  #headAt(version: number): SearchHead {
    const { uuid, epoch, query } = this
    return {
      uuid,
      epoch,
      query,
      version,
      running: this.#remains.size > 0,
      remains: [...this.#remains],
      errors: this.#errors,
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function errorOf(source: string, error: unknown): SearchError {
  if (error instanceof BarkeepError) return { source, code: error.code, message: error.message }
  return { source, code: 'INTERNAL_ERROR', message: 'The source failed. The log of the server has more.' }
}

function tookTooLong(source: string, msMax: number): BarkeepError {
  return new BarkeepError('REQUEST_TIMEOUT', {
    message: `${source} took longer than search.sourceMsMax = ${msMax} ms, the wait for its limits included.`,
  })
}

function noRoom(): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: 'Searches hold as many bytes as search.bytesMax allows, so further hits are left out.',
  })
}

function tooManyHits(source: string, setting: string, max: number): BarkeepError {
  return new BarkeepError('REQUEST_TOO_COMPLEX', {
    message: `${source} found more than ${setting} = ${max} hits; the rest is left out. Search for more words.`,
  })
}
