import { formats, type KeptInterval } from '@barkeep/core'
import type { HttpSettings } from './http.js'
import { requestData } from './json.js'
import { abortOnReturn } from './link-abort.js'
import { createList, type List } from './list.js'
import { queryOf, segmentOf } from './query.js'
import { uploadOf } from './upload.js'

/** Reasons of what is missing; the last three explain what is absent and nothing is wrong. */
export type GapReason =
  | 'market-day'
  | 'never-asked'
  | 'failed'
  | 'upstream-hole'
  | 'zeros'
  | 'no-trade'
  | 'halted'
  | 'not-listed'

/** A run of sessions, or hours of one session, without bars. */
export interface Gap {
  /** An instrument, or the exchange where no instrument has a bar. */
  readonly scope: string
  readonly interval: KeptInterval
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Hours `HH:MM` at the exchange, half-open; null where whole sessions are missing. */
  readonly from: string | null
  readonly to: string | null
  readonly reason: GapReason
}

/** Where gaps are looked for; what is absent does not narrow. */
export interface GapsOptions {
  /** Excludes `instruments`. */
  readonly exchange?: string
  readonly instruments?: readonly string[]
  readonly interval?: KeptInterval
  /** Session dates, half-open. */
  readonly start?: string
  readonly end?: string
  /** Unless told, those of what is missing. */
  readonly reasons?: readonly GapReason[]
}

/** What was asked of an upstream, and what came back. */
export interface CoverageRow {
  /** An instrument, or a whole exchange. */
  readonly scope: string
  /** A kept interval of bars, or the name of a dataset. */
  readonly of: string
  readonly start: string
  readonly end: string
  readonly connector: string
  /** `page`, or the reason why there was none. */
  readonly outcome: string
  readonly known_at: string
}

export interface CrawlOrder {
  readonly connector: string
  readonly plan: string
  /** All that the plan can bring when absent. */
  readonly instruments?: readonly string[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  readonly options?: Readonly<Record<string, string>>
}

export interface CrawlEstimate {
  /** First requests; pages that name further ones add to them. */
  readonly requests: number
  readonly isCut: boolean
  readonly bytes: number
  /** Shortest time that the limits allow. */
  readonly durationMs: number
  /** The limit that takes longest; null where none holds anything up. */
  readonly bindingLimit: string | null
}

export interface CrawlStatus {
  readonly id: number
  readonly order: CrawlOrder
  readonly state: 'planning' | 'running' | 'done' | 'cancelled'
  readonly tasks: { readonly waiting: number; readonly active: number; readonly done: number; readonly dead: number }
}

/** How far a crawl is, and what holds its connector up. */
export interface CrawlProgress extends CrawlStatus {
  /** Milliseconds since the epoch until which the connector rests; null when it works, or where that is not told. */
  readonly blockedUntilMs: number | null
  /** Why the connector waits for a person; null when it works, or where that is not told. */
  readonly stoppedBy: string | null
}

export interface BackfillOptions extends GapsOptions {
  /** The only connector that is asked. */
  readonly connector?: string
  /** Which gaps are asked for first; the newest unless told. */
  readonly first?: 'newest' | 'oldest'
  /** Only says what it would take: the crawls have no id then. */
  readonly dryRun?: boolean
}

export interface BackfillReport {
  /** Rows of `gaps()`. */
  readonly gaps: number
  readonly crawls: readonly {
    readonly id: number | null
    readonly connector: string
    readonly plan: string
    readonly interval: KeptInterval
    /** Stretches that are asked for. */
    readonly windows: number
    readonly estimate: CrawlEstimate
  }[]
  /** Stretches that no connector can bring. */
  readonly unreachable: number
}

/** An upstream: what it can bring, and how it fares. */
export interface ConnectorInfo {
  readonly id: string
  readonly title: string
  readonly homepage: string
  readonly plans: Readonly<
    Record<
      string,
      {
        readonly title: string
        readonly of: string
        readonly exchanges: readonly string[]
        readonly per: string
        readonly since: string | null
        readonly options: Readonly<Record<string, string>>
      }
    >
  >
  readonly status: {
    /** Milliseconds since the epoch; null when it works. */
    readonly blockedUntilMs: number | null
    readonly stoppedBy: string | null
    readonly pages: number
    readonly bytes: number
    readonly bars: number
    readonly rows: number
    readonly refused: number
    readonly failures: number
    readonly lastError: string | null
    readonly sinceMs: number | null
  }
}

/** A task that failed for good. */
export interface DeadTask {
  readonly key: string
  readonly crawl: number
  readonly connector: string
  readonly handler: string
  readonly params: Readonly<Record<string, unknown>>
  readonly attempts: number
  readonly error: string
}

export interface ReparseReport {
  readonly tasks: number
  readonly bars: number
  readonly rows: number
  readonly failed: number
  readonly failures: readonly { readonly task: string; readonly error: string }[]
}

interface Signalled {
  readonly signal?: AbortSignal
}

/** What a program can see and order of crawling. */
export interface CrawlClient {
  /** What is missing, with the reason. Throws UNKNOWN_EXCHANGE, NOT_FOUND. */
  gaps(options?: Signalled & GapsOptions & { limit?: number }): List<Gap>
  /** `scope` is an instrument, or an exchange with its instruments. */
  coverage(
    options?: Signalled & { scope?: string; of?: string; start?: string; end?: string; limit?: number },
  ): List<CoverageRow>
  /** Orders a crawl. Throws NOT_FOUND, CREDENTIAL_MISSING, REQUEST_TOO_COMPLEX. */
  crawl(order: CrawlOrder, options?: Signalled): Promise<{ readonly id: number; readonly estimate: CrawlEstimate }>
  /** What an order would ask of its upstream. Throws as `crawl`. */
  estimateCrawl(order: CrawlOrder, options?: Signalled): Promise<CrawlEstimate>
  /** How far a crawl is. Throws NOT_FOUND. */
  crawlStatus(id: number, options?: Signalled): Promise<CrawlStatus>
  /**
   * How far a crawl is: at once, then each time that changes, until it is over; the last has the state `done` or `cancelled`.
   * States that come faster than they are read are left out. Over a connection that breaks it goes on. Throws NOT_FOUND.
   */
  followCrawl(id: number, options?: Signalled): AsyncIterableIterator<CrawlProgress, void, undefined>
  /** Newest first. */
  crawls(options?: Signalled & { limit?: number }): List<CrawlStatus>
  /** Orders the crawls that bring what is missing and nothing else. Throws as `gaps` and `crawl`. */
  backfill(options?: Signalled & BackfillOptions): Promise<BackfillReport>
  connectors(options?: Signalled): List<ConnectorInfo>
  /** Newest first. */
  deadTasks(options?: Signalled & { limit?: number }): List<DeadTask>
  /** Tries the dead tasks of a connector again, and lets it go on where it stopped. */
  retryConnector(connector: string, options?: Signalled): Promise<{ readonly revived: number }>
  /** Reads the archived pages of a connector again, without a request. Throws NOT_FOUND. */
  reparse(connector: string, options?: Signalled): Promise<ReparseReport>
}

export function createCrawlClient(settings: HttpSettings): CrawlClient {
  const post = <Data>(path: string, params: URLSearchParams, body: object, signal: AbortSignal | undefined) =>
    requestData<Data>(settings, {
      path,
      params,
      upload: uploadOf(JSON.stringify(body), { contentType: formats.json }),
      signal,
    })
  return {
    gaps: ({ signal, ...query } = {}) => createList(settings, { path: '/v1/gaps', params: queryOf(query), signal }),
    coverage: ({ signal, ...query } = {}) =>
      createList(settings, { path: '/v1/coverage', params: queryOf(query), signal }),
    crawl: (order, { signal } = {}) => post('/v1/crawls', queryOf({}), order, signal),
    async estimateCrawl(order, { signal } = {}) {
      const params = queryOf({ dry_run: true })
      const { estimate } = await post<{ estimate: CrawlEstimate }>('/v1/crawls', params, order, signal)
      return estimate
    },
    crawlStatus: async (id, { signal } = {}) =>
      requestData(settings, { path: `/v1/crawls/${segmentOf('id', id)}`, signal }),
    followCrawl: (id, { signal: parent } = {}) =>
      abortOnReturn(parent, async function* (signal) {
        const { followCrawl } = await import('./crawl-follow.js')
        yield* followCrawl(settings, id, signal)
      }),
    crawls: ({ signal, limit } = {}) =>
      createList(settings, { path: '/v1/crawls', params: queryOf({ limit }), signal }),
    connectors: ({ signal } = {}) => createList(settings, { path: '/v1/connectors', signal }),
    deadTasks: ({ signal, limit } = {}) =>
      createList(settings, { path: '/v1/dead-tasks', params: queryOf({ limit }), signal }),
    retryConnector: async (connector, { signal } = {}) =>
      post(`/v1/connectors/${segmentOf('connector', connector)}`, queryOf({}), { revive: true }, signal),
    reparse: async (connector, { signal } = {}) =>
      post(`/v1/connectors/${segmentOf('connector', connector)}/reparse`, queryOf({}), {}, signal),
    backfill: ({ signal, dryRun = false, ...body } = {}) =>
      post('/v1/backfills', queryOf({ dry_run: dryRun }), body, signal),
  }
}
