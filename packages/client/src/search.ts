import { applyIncrement, BarkeepError, type Envelope, type SearchIncrement, type SearchState } from '@barkeep/core'
import { backoffMs } from './backoff.js'
import type { HttpRequest, HttpSettings } from './http.js'
import { send } from './http.js'
import { abortOnReturn } from './link-abort.js'
import { queryOf, segmentOf } from './query.js'

export interface SearchOptions {
  /** Sources to ask; all unless told. */
  readonly sources?: readonly string[]
  readonly signal?: AbortSignal
}

/** Seconds that one request waits for something new; the server may allow less. */
const WAIT_SECONDS = 25
/** Between two requests where waiting is not possible. */
const PAUSE_MS = 500
/** Times in a row that a lost connection is waited for, each of them with the retries of a request. */
const CUTS_MAX = 10
/** Times in a row that a search is begun anew without having come further. */
const RESTARTS_MAX = 5

/**
 * Searches, and gives the state whenever it has changed, from the first hits to the last. A state is never written to
 * again, and its hits stay where they are; those that did not change are the same objects as before.
 * A connection that breaks is taken up again where it broke; after a restart of the server the search begins anew.
 */
export function createSearch(
  settings: HttpSettings,
  query: string,
  { sources, signal }: SearchOptions,
): AsyncIterableIterator<SearchState, void, undefined> {
  return abortOnReturn(signal, (ended) => follow(new SearchRequests(settings, query, sources, ended)))
}

async function* follow(requests: SearchRequests): AsyncGenerator<SearchState, void, undefined> {
  let state = await requests.begin()
  yield state
  let restarts = 0
  for (;;) {
    let next: SearchState | undefined
    if (!state.running) {
      // A search that was given up because nobody followed it: the connection was away for too long.
      const isCut = state.errors.some(({ code }) => code === 'CANCELLED_REQUEST')
      if (!isCut || restarts >= RESTARTS_MAX) return
    } else {
      next = await requests.advance(state)
      if (next === state) continue
    }
    restarts = next === undefined ? restarts + 1 : 0
    if (restarts > RESTARTS_MAX) throw restartsForEver(state)
    state = next ?? (await requests.begin())
    yield state
  }
}

class SearchRequests {
  readonly #settings: HttpSettings
  readonly #params: URLSearchParams
  readonly #signal: AbortSignal

  constructor(settings: HttpSettings, q: string, sources: readonly string[] | undefined, signal: AbortSignal) {
    this.#settings = settings
    this.#params = queryOf({ q, sources })
    this.#signal = signal
  }

  async begin(): Promise<SearchState> {
    const state = await this.#ask<SearchState>({ path: '/v1/search', params: this.#params })
    if (state !== undefined) return state
    throw new BarkeepError('INTERNAL_ERROR', { message: 'The server answered a search with nothing.' })
  }

  /** The next state; the same one where nothing came, undefined where the search is no longer there. */
  async advance(state: SearchState): Promise<SearchState | undefined> {
    const { uuid, epoch, version: since } = state
    const path = `/v1/searches/${segmentOf('uuid', uuid)}`
    const { timeoutMs = Number.POSITIVE_INFINITY } = this.#settings
    const wait = Math.min(WAIT_SECONDS, Math.floor(timeoutMs / 2_000))
    try {
      const changes = { path: `${path}/changes`, params: queryOf({ since, epoch, wait }) }
      const answer = await this.#throughCuts(() => this.#ask<Envelope<SearchIncrement>>(changes))
      if (answer !== undefined) return applyIncrement(state, answer.data)
      if (wait === 0) await this.#settings.sleep(PAUSE_MS, this.#signal)
      return state
    } catch (error) {
      if (!(error instanceof BarkeepError)) throw error
      if (error.code === 'NOT_FOUND') return undefined
      if (error.code !== 'GONE' && error.code !== 'CONFLICT') throw error
    }
    // The changes since are no longer known, or one did not fit: all there is, if it is still there.
    try {
      return (await this.#throughCuts(() => this.#ask<Envelope<SearchState>>({ path })))?.data
    } catch (error) {
      if (error instanceof BarkeepError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  /** The body of an answer; undefined for 204. */
  #ask<Body>(request: HttpRequest): Promise<Body | undefined> {
    return send(
      this.#settings,
      { ...request, signal: this.#signal },
      async (response) => (response.status === 204 ? undefined : ((await response.json()) as Body)), // the server is trusted for the shape
    )
  }

  /** Waits longer for a connection than a request alone would: who searches on the way has tunnels. */
  async #throughCuts<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (let cut = 0; ; cut++) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof BarkeepError) || error.code !== 'CONNECTION_FAILED' || cut >= CUTS_MAX) throw error
        await this.#settings.sleep(backoffMs(cut, this.#settings.random), this.#signal)
      }
    }
  }
}

function restartsForEver({ query }: SearchState): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', {
    message: `The search for '${query}' was lost ${RESTARTS_MAX} times in a row. Check whether the server keeps restarting.`,
  })
}
