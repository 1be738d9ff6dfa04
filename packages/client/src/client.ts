import {
  type Adjustment,
  type Bar,
  type BarColumn,
  type Dataset,
  type Exchange,
  type Format,
  type IngestReport,
  type Instrument,
  type InstrumentKind,
  invalidParameter,
  type KeptInterval,
  type SearchState,
  type Topic,
} from '@barkeep/core'
import type { BarsTable } from './arrow.js'
import { type Sleep, sleepOnTimer } from './backoff.js'
import { type BarsOptions, barsRequest, type FullBar, streamBody } from './bars.js'
import { type CrawlClient, createCrawlClient } from './crawl.js'
import { createDatasetClient, type DatasetClient } from './dataset.js'
import type { HttpSettings } from './http.js'
import { requestData, requestJson } from './json.js'
import { abortOnReturn } from './link-abort.js'
import { createList, type List } from './list.js'
import { createMarketsClient, type MarketsClient } from './markets.js'
import { createPlainRows, type PlainOptions, type PlainRows } from './plain.js'
import type { Publisher, PublisherOptions } from './publish.js'
import { queryOf, segmentOf } from './query.js'
import type { BarsSlice, ReplayBarsOptions } from './replay-bars.js'
import type { SearchOptions } from './search.js'
import type { Signalled } from './signalled.js'
import type { StreamMessage, StreamOptions } from './stream-message.js'
import { type UploadBody, type UploadOptions, uploadOf } from './upload.js'

export interface ClientOptions {
  /** `http://nas:8080`, with the path in front of `/v1` where there is one. */
  readonly url: string
  /** Sent as a bearer token. */
  readonly key?: string
  readonly fetch?: typeof fetch
  /** Attempts after the first, 4 unless told. */
  readonly retriesMax?: number
  /** Of one attempt; for long answers (Arrow, CSV …) only until the head arrives. No limit unless told. */
  readonly timeoutMs?: number
  /** Handed in by tests: numbers in [0, 1), waiting, and the time in milliseconds. */
  readonly random?: () => number
  readonly sleep?: Sleep
  readonly now?: () => number
}

/** Every method throws BarkeepError: what the server says, CONNECTION_FAILED or CANCELLED_REQUEST. */
export interface Client extends CrawlClient, MarketsClient {
  exchanges(options?: Signalled): List<Exchange>
  instruments(options?: Signalled & { exchange?: string; kind?: InstrumentKind; limit?: number }): List<Instrument>
  /** Throws NOT_FOUND. */
  instrument(instrument: string, options?: Signalled): Promise<Instrument>
  /** Creates instruments, or replaces what is known of them. Throws UNKNOWN_EXCHANGE, INVALID_BODY. */
  createInstruments(
    instruments: readonly Omit<Instrument, 'exchange' | 'symbol'>[],
    options?: Signalled,
  ): Promise<{ readonly rows: number }>
  /**
   * Creates splits and dividends, or replaces those of the same instrument, date and kind, all or none; `bars` with `adjust`
   * takes them into account. Throws UNKNOWN_EXCHANGE, INVALID_BODY.
   */
  createAdjustments(
    adjustments: readonly Adjustment[],
    options?: Signalled & { readonly source?: string },
  ): Promise<{ readonly rows: number; readonly created_instruments: readonly string[] }>
  /** Session dates `YYYY-MM-DD` of an exchange in `[start, end)`. */
  calendar(exchange: string, options?: Signalled & { start?: string; end?: string }): Promise<string[]>
  datasets(options?: Signalled): List<Dataset>
  dataset<Row = Readonly<Record<string, unknown>>>(name: string): DatasetClient<Row>
  /** Rows of a dataset by the plain paged API; `dataset(name).rows()` can filter and sort as well. */
  plain<Row = Readonly<Record<string, unknown>>>(name: string, options?: PlainOptions): PlainRows<Row>
  /** Bars of `instruments`, or of all when undefined. */
  bars<Column extends BarColumn = keyof Bar>(
    instruments: readonly string[] | undefined,
    options: BarsOptions<Column>,
  ): List<Pick<FullBar, Column>>
  /** The raw body in another format, as it arrives. */
  barsText(
    instruments: readonly string[] | undefined,
    options: BarsOptions & { readonly format: Exclude<Format, 'json'> },
  ): AsyncIterableIterator<Uint8Array>
  /** Creates or replaces bars, all or none. Throws INVALID_ROWS, INVALID_BODY. */
  createBars(
    interval: KeptInterval,
    body: UploadBody,
    options?: UploadOptions & { readonly source?: string },
  ): Promise<IngestReport>
  /**
   * Searches the store and all upstreams that can be searched; the state as a whole, whenever it has grown. Leaving the
   * loop stops following. Throws OVER_CAPACITY.
   */
  search(query: string, options?: SearchOptions): AsyncIterableIterator<SearchState, void, undefined>
  /**
   * Bars of a topic as they are committed, of `instruments` or of all when undefined; with `since`, those of the store
   * before. Nothing is left out and nothing comes twice, also over breaks and restarts of the server. Leaving the loop
   * hangs up. Throws INVALID_PARAMETER, and once connected nothing that waiting can mend.
   */
  stream(
    topic: Topic,
    instruments?: readonly string[],
    options?: StreamOptions,
  ): AsyncIterableIterator<StreamMessage, void, undefined>
  /**
   * Bars in the order of time: one slice of columns for each start, all instruments in it. The next are downloaded while the
   * loop works, and memory holds about a million bars however long the time is. Leaving the loop cancels the download.
   */
  replay<Column extends BarColumn = keyof Bar>(
    options: ReplayBarsOptions<Column>,
  ): AsyncIterableIterator<BarsSlice<Column>, void, undefined>
  /** Becomes the publisher of a topic. Throws LEASE_HELD while there is another. */
  publish(topic: Topic, options?: PublisherOptions): Promise<Publisher>
  /** What `/healthz` answers. */
  health(options?: Signalled): Promise<unknown>
  /** Bars as typed columns in one Arrow table, which holds all rows in memory: 64 bytes each, or 8 a column asked for. */
  loadBars<Column extends BarColumn = keyof Bar>(
    options: BarsOptions<Column> & { readonly instruments?: readonly string[] },
  ): Promise<BarsTable<Column>>
  /**
   * The same bars as one table after another while they arrive, each of 16 MiB or more, so that memory does not grow
   * with the answer. Leaving the loop cancels the request. A connection that breaks midway throws CONNECTION_FAILED.
   */
  barBatches<Column extends BarColumn = keyof Bar>(
    options: BarsOptions<Column> & { readonly instruments?: readonly string[] },
  ): AsyncIterableIterator<BarsTable<Column>, void, undefined>
}

export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options)
  return {
    ...createCrawlClient(settings),
    ...createMarketsClient(settings),
    exchanges: ({ signal } = {}) => createList(settings, { path: '/v1/exchanges', signal }),
    instruments: ({ signal, exchange, kind, limit } = {}) =>
      createList(settings, { path: '/v1/instruments', params: queryOf({ exchange, kind, limit }), signal }),
    instrument: async (instrument, { signal } = {}) =>
      requestData(settings, { path: `/v1/instruments/${segmentOf('instrument', instrument)}`, signal }),
    createInstruments: async (instruments, { signal } = {}) =>
      requestData(settings, {
        path: '/v1/instruments',
        upload: uploadOf(
          JSON.stringify(
            instruments.map(({ instrument, name, kind, isin, listed, delisted }) => ({
              instrument,
              name,
              kind,
              isin,
              listed,
              delisted,
            })),
          ),
          { contentType: 'application/json' },
        ),
        signal,
      }),
    createAdjustments: async (adjustments, { source, signal } = {}) =>
      requestData(settings, {
        path: '/v1/adjustments',
        params: queryOf({ source }),
        upload: uploadOf(adjustments, {}),
        signal,
      }),
    calendar: async (exchange, { start, end, signal } = {}) =>
      requestData(settings, {
        path: `/v1/calendar/${segmentOf('exchange', exchange)}`,
        params: queryOf({ start, end }),
        signal,
      }),
    datasets: ({ signal } = {}) => createList(settings, { path: '/v1/datasets', signal }),
    dataset: (name) => createDatasetClient(settings, name),
    plain: (name, plain = {}) => createPlainRows(settings, name, plain),
    bars: (instruments, query) => createList(settings, barsRequest(instruments, query)),
    barsText: (instruments, query) => streamBody(settings, barsRequest(instruments, query, query.format)),
    createBars: async (interval, body, upload = {}) =>
      requestData(settings, {
        path: `/v1/bars/${segmentOf('interval', interval)}`,
        params: queryOf({ source: upload.source }),
        upload: uploadOf(body, upload),
        signal: upload.signal,
      }),
    search: (query, search = {}) =>
      abortOnReturn(search.signal, async function* (signal) {
        const { createSearch } = await import('./search.js')
        yield* createSearch(settings, query, { ...search, signal })
      }),
    stream: (topic, instruments, stream = {}) =>
      abortOnReturn(stream.signal, async function* (signal) {
        const { openStream } = await import('./live.js')
        yield* openStream(settings, topic, instruments, { ...stream, signal })
      }),
    replay: (replay) =>
      abortOnReturn(replay.signal, async function* (signal) {
        const { replaySlices } = await import('./replay-bars.js')
        yield* replaySlices(settings, { ...replay, signal })
      }),
    async publish(topic, publisher = {}) {
      const { openPublisher } = await import('./live.js')
      return openPublisher(settings, topic, publisher)
    },
    health: ({ signal } = {}) => requestJson(settings, { path: '/healthz', signal }),
    async loadBars({ instruments, ...query }) {
      const { loadTable } = await import('./arrow.js')
      return loadTable(settings, barsRequest(instruments, query, 'arrow'))
    },
    barBatches({ instruments, ...query }) {
      const request = barsRequest(instruments, query, 'arrow')
      return abortOnReturn(request.signal, async function* (signal) {
        const { streamTables } = await import('./arrow.js')
        yield* streamTables(settings, { ...request, signal })
      })
    },
  }
}

function settingsOf(options: ClientOptions): HttpSettings {
  const { url, retriesMax = 4, random = Math.random, sleep = sleepOnTimer, now = Date.now } = options
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw invalidParameter('url', url, 'write the URL of a Barkeep server, such as http://localhost:8080.')
  }
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw invalidParameter('url', '', 'it carries a user or password, which fetch refuses. Use `key` instead.')
  }
  return {
    origin: url.replace(/\/+$/, ''),
    key: options.key,
    // Called as a plain function: browsers refuse a fetch that is the method of another object.
    fetch: (input, init) => (options.fetch ?? globalThis.fetch)(input, init),
    retriesMax,
    timeoutMs: options.timeoutMs,
    random,
    sleep,
    now,
  }
}
