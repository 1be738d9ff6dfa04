import { formats } from '@barkeep/core'
import type {
  BackfillOptions,
  BackfillReport,
  BarSource,
  BarSourcesOptions,
  ConnectorInfo,
  CoverageRow,
  CrawlEstimate,
  CrawlOrder,
  CrawlProgress,
  CrawlStatus,
  DeadTask,
  Gap,
  GapsOptions,
  ReparseReport,
} from './crawl-answers.js'
import type { HttpSettings } from './http.js'
import { requestData } from './json.js'
import { abortOnReturn } from './link-abort.js'
import { createList, type List } from './list.js'
import { queryOf, segmentOf } from './query.js'
import type { Signalled } from './signalled.js'
import { uploadOf } from './upload.js'

/** What a program can see and order of crawling. */
export interface CrawlClient {
  /** What is missing, with the reason. Throws UNKNOWN_EXCHANGE, NOT_FOUND. */
  gaps(options?: Signalled & GapsOptions & { limit?: number }): List<Gap>
  /** `scope` is an instrument, or an exchange with its instruments. */
  coverage(
    options?: Signalled & { scope?: string; of?: string; start?: string; end?: string; limit?: number },
  ): List<CoverageRow>
  /** Who told the bars of which day, and whose are kept, by exchange, day and source. Throws UNKNOWN_EXCHANGE, NOT_FOUND. */
  barSources(options: Signalled & BarSourcesOptions & { limit?: number }): List<BarSource>
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
    barSources: ({ signal, ...query }) =>
      createList(settings, { path: '/v1/coverage/sources', params: queryOf(query), signal }),
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
