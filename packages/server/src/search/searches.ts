import { BarkeepError, invalidParameter, nearestName, shorten } from '@barkeep/core'
import type { Clock } from '../crawl/limiter/clock.js'
import { EncodedBodies } from './encoded-bodies.js'
import { folded } from './relevance.js'
import { booksMark } from './search-body.js'
import { type RunSettings, SearchRun } from './search-run.js'
import type { SearchSource } from './search-source.js'

/** How often is looked for what nobody follows and what was kept long enough. */
const SWEEP_MS = 1_000
/** How long an answer waits for the first hits, so that those of the store are in it. */
const FIRST_HITS_MS = 50
/** Of a question: upstreams get it in a URL, and every text of every row is held against its words. */
const QUERY_CHARACTERS_MAX = 200
/** What who is refused for load is told to wait. */
const RETRY_MS = 1_000

export interface SearchesSettings extends RunSettings {
  /** Searches that are held at the same time. */
  readonly searchesMax: number
  /** Of them, those that are running. */
  readonly runningMax: number
  /** How long a search is held after its end. */
  readonly keepMs: number
  /** How long a running search goes on while nobody follows it. */
  readonly idleMs: number
  /** Callers that wait for a change, of all searches. */
  readonly followersMax: number
  /** Of the hits of all searches. */
  readonly bytesMax: number
  /** Of answers that are kept because more callers may want them. */
  readonly encodedBytesMax: number
  /** Smaller answers are not packed. */
  readonly packBytesMin: number
}

export interface SearchesParts {
  readonly sources: readonly SearchSource[]
  readonly clock: Clock
  /** Makes names that nobody can guess. */
  readonly randomId: () => string
  readonly settings: SearchesSettings
  onError(source: string, error: unknown): void
}

/** All searches of this process. The same words are one search, however many ask for it. */
export class Searches {
  /** Names this life of the server. */
  readonly epoch: string
  readonly sources: readonly string[]
  readonly booksMark = booksMark
  readonly #parts: SearchesParts
  readonly #bodies: EncodedBodies
  readonly #runs = new Map<string, SearchRun>()
  readonly #byWords = new Map<string, SearchRun>()
  readonly #stop = new AbortController()
  #sweeping: Promise<void> | undefined
  #started = 0

  constructor(parts: SearchesParts) {
    this.#parts = parts
    this.epoch = parts.randomId().slice(0, 8)
    this.sources = parts.sources.map(({ id }) => id)
    this.#bodies = new EncodedBodies(parts.settings.packBytesMin, parts.settings.encodedBytesMax)
  }

  /**
   * The search for a few words, begun where there is none yet, when its first hits are there. `sources` are those to
   * ask, all unless told. Throws INVALID_PARAMETER, OVER_CAPACITY.
   */
  async search(query: string, sources: readonly string[] = this.sources): Promise<SearchRun> {
    const words = query.trim()
    if (words === '') throw invalidParameter('q', query, 'say what to search for.')
    if (words.length > QUERY_CHARACTERS_MAX) {
      throw invalidParameter('q', words, `it may have ${QUERY_CHARACTERS_MAX} characters, and has ${words.length}.`)
    }
    const chosen = this.#choose(sources)
    const key = JSON.stringify([folded(words), chosen.map(({ id }) => id)])
    const known = this.#byWords.get(key)
    const run = known ?? this.#begin(key, words, chosen)
    run.follow()
    if (run.version === 1) {
      await run.changed(1, FIRST_HITS_MS, this.#stop.signal)
    }
    return run
  }

  /** Whether what is answered now may be cut short. */
  get isClosing(): boolean {
    return this.#stop.signal.aborted
  }

  find(uuid: string): SearchRun | undefined {
    return this.#runs.get(uuid)
  }

  /** Throws OVER_CAPACITY when as many callers wait as may. */
  admitFollower(): void {
    const { followersMax } = this.#parts.settings
    if (this.stats().followers < followersMax) return
    throw overCapacity(`${followersMax} callers follow searches, as many as search.followersMax allows`)
  }

  stats() {
    const runs = [...this.#runs.values()]
    return {
      kept: runs.length,
      running: runs.filter(({ isRunning }) => isRunning).length,
      followers: runs.reduce((sum, { followers }) => sum + followers, 0),
      bytes: this.#bytes(),
      encodes: this.#bodies.encodes,
      started: this.#started,
    }
  }

  /** Ends what runs without saying that it has ended, since the next life of the server may go on; wakes who waits. */
  async close(): Promise<void> {
    this.#stop.abort()
    const runs = [...this.#runs.values()]
    for (const run of runs) run.close()
    await Promise.all([this.#sweeping, ...runs.map(({ ended }) => ended)])
  }

  #begin(key: string, query: string, sources: readonly SearchSource[]): SearchRun {
    const { clock, settings, randomId, onError } = this.#parts
    this.#makeRoom()
    const run = new SearchRun(randomId(), this.epoch, query, sources, {
      clock,
      settings,
      onError,
      bodies: this.#bodies,
      hasRoom: () => this.#bytes() < settings.bytesMax,
    })
    this.#started += 1
    this.#runs.set(run.uuid, run)
    this.#byWords.set(key, run)
    this.#sweeping ??= this.#sweep()
    return run
  }

  #choose(names: readonly string[]): readonly SearchSource[] {
    const { sources } = this.#parts
    for (const name of names) {
      if (this.sources.includes(name)) continue
      const near = nearestName(name, this.sources)
      const hint = near === undefined ? `There are ${this.sources.join(', ')}.` : `Did you mean '${near}'?`
      throw invalidParameter('sources', name, `'${shorten(name, 40)}' cannot be searched. ${hint}`)
    }
    return sources.filter(({ id }) => names.includes(id))
  }

  /** Lets go of the oldest that has ended where there are too many. Throws OVER_CAPACITY. */
  #makeRoom(): void {
    const { searchesMax, runningMax, bytesMax } = this.#parts.settings
    const runs = [...this.#runs.values()]
    if (runs.filter(({ isRunning }) => isRunning).length >= runningMax) {
      throw overCapacity(`${runningMax} searches are running, as many as search.runningMax allows`)
    }
    const ended = runs.filter((run) => run.endedAtMs !== undefined && run.followers === 0)
    while (this.#runs.size >= searchesMax || this.#bytes() >= bytesMax) {
      const oldest = ended.shift()
      if (oldest === undefined) {
        throw overCapacity('Searches hold as much as search.searchesMax and search.bytesMax allow')
      }
      this.#drop(oldest)
    }
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#parts
    // No timer runs while there is nothing to look at.
    while (this.#runs.size > 0 && !this.#stop.signal.aborted) {
      await clock.sleep(SWEEP_MS, this.#stop.signal).catch(() => undefined)
      this.#look(clock.now())
    }
    this.#sweeping = undefined
  }

  #look(nowMs: number): void {
    const { idleMs, keepMs } = this.#parts.settings
    for (const run of this.#runs.values()) {
      const { leftAtMs, endedAtMs } = run
      if (leftAtMs === undefined) continue
      if (endedAtMs === undefined && nowMs - leftAtMs >= idleMs) {
        run.cancel(`Nobody followed the search for search.idleMs = ${idleMs} ms.`)
        // Who asks again wants all of it.
        this.#forgetWords(run)
      }
      if (endedAtMs !== undefined && nowMs - Math.max(leftAtMs, endedAtMs) >= keepMs) this.#drop(run)
    }
  }

  #drop(run: SearchRun): void {
    this.#runs.delete(run.uuid)
    this.#forgetWords(run)
  }

  #forgetWords(run: SearchRun): void {
    for (const [key, known] of this.#byWords) if (known === run) this.#byWords.delete(key)
  }

  #bytes(): number {
    let bytes = 0
    for (const run of this.#runs.values()) bytes += run.bytes
    return bytes
  }
}

function overCapacity(why: string): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', { message: `${why}. Try again soon.`, retry: { afterMs: RETRY_MS } })
}
