import type { Bar } from './bar.js'
import type { DatasetColumn } from './dataset.js'
import type { Instrument } from './instrument.js'
import type { KeptInterval } from './interval.js'

/** What survives JSON: tasks cross processes and restarts. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }
export type JsonObject = { readonly [key: string]: JsonValue }

/** A request for one page of data of an upstream. It never carries a secret: credentials go by name. */
export interface Task<Params extends JsonObject = JsonObject> {
  /** Id of the connector, e.g. `twse`. */
  readonly connector: string
  /** Name of the handler within the connector, e.g. `dailyBars`. */
  readonly handler: string
  /** Two tasks with equal params are the same page. */
  readonly params: Params
}

/** Executes a task: asks for its one page, reads it, and says which tasks that makes necessary. */
export type Handler<Params extends JsonObject = JsonObject> = (
  task: Task<Params>,
  context: HandlerContext,
) => Promise<TaskResult<Params>>

export interface TaskResult<Params extends JsonObject = JsonObject> {
  readonly task: Task<Params>
  readonly data: Page | Absence
  readonly nextTasks: readonly Task[]
}

/** What a handler can see: neither store, queue nor limiter. */
export interface HandlerContext {
  /**
   * Asks the upstream, within its limits; the page is archived as it came.
   * A page with an error status is returned as well, because upstreams say "no data" in many ways; a handler that
   * cannot make sense of it hands it to `refusalOf`.
   * Throws UPSTREAM_UNREACHABLE when no whole page came back.
   */
  fetch(request: UpstreamRequest): Promise<UpstreamPage>
  /** The value of a credential by its name in `connector.credentials`. Throws CREDENTIAL_MISSING. */
  credential(name: string): string
  /** Milliseconds since the epoch; while archived pages are read again, the time at which the page came. */
  now(): number
}

export interface UpstreamRequest {
  /** Absolute, as the upstream documents it; `connectors.<id>.baseUrl` replaces scheme and host where it is set. */
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** A form or JSON text; its type goes into `headers`. */
  readonly body?: string
  /** Query parameters that are secret: added to the URL that is sent, left out of the one that is archived and logged. */
  readonly secretParams?: Readonly<Record<string, string>>
  /** Headers that are secret. */
  readonly secretHeaders?: Readonly<Record<string, string>>
}

/** A page as the upstream sent it, decompressed. */
export interface UpstreamPage {
  /** Without secrets. */
  readonly url: string
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly receivedAtMs: number
  /** The body as text; `utf-8` (a byte order mark is dropped) unless told, `big5` for MS950 and cp950. */
  text(encoding?: 'utf-8' | 'big5'): string
}

/** What one page gave. */
export interface Page {
  readonly bars?: readonly PageBars[]
  readonly instruments?: readonly Instrument[]
  readonly rows?: readonly PageRows[]
  readonly adjustments?: readonly Adjustment[]
  readonly covers: readonly Coverage[]
  /** Rows that the page had and that could not be kept, with the reason; nothing is dropped in silence. */
  readonly refused?: readonly { readonly row: string; readonly reason: string }[]
}

export interface PageBars {
  readonly interval: KeptInterval
  /** In Barkeep's convention; a bar that may still change is marked. */
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
}

/** Reference rows of a dataset that the connector declares. */
export interface PageRows {
  readonly dataset: string
  readonly rows: readonly JsonObject[]
}

/** A split or a dividend. */
export interface Adjustment {
  readonly instrument: string
  /** The session date from which prices are on the new basis, `YYYY-MM-DD`. */
  readonly date: string
  readonly kind: 'split' | 'dividend'
  /** New shares for one old share of a split; money per share of a dividend, in the currency of the exchange. */
  readonly value: number
}

/** Why an upstream has nothing for what was asked. A failure is not an absence: it is thrown. */
export const absenceReasons = ['holiday', 'no-trade', 'not-listed', 'not-yet', 'before-history', 'no-data'] as const
export type AbsenceReason = (typeof absenceReasons)[number]

export interface Absence {
  readonly absence: AbsenceReason
  readonly covers: readonly Coverage[]
}

/** What a page speaks for: with it in the store, nothing in it needs to be asked again. */
export interface Coverage {
  /** One instrument, or a whole exchange, such as `TWSE:2330` or `TWSE`. */
  readonly scope: string
  /** A kept interval of bars, or the name of a dataset. */
  readonly of: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

export function isAbsence(data: Page | Absence): data is Absence {
  return 'absence' in data
}

/** How many requests or bytes an upstream lets through in any window of a length. Several hold at once. */
export interface Limit {
  readonly requests?: number
  readonly bytes?: number
  readonly perMs: number
  /** Whose requests count together: all of this machine to a host, or those of one credential. */
  readonly per: 'host' | 'credential'
  /** The host that the limit belongs to, shared by all connectors that name it. All hosts of the connector when absent. */
  readonly host?: string
}

/** What a crawl is asked to fetch; each plan takes what it needs of it. */
export interface CrawlRequest {
  readonly instruments: readonly Instrument[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Settings of the plan beyond those, such as `search_term`. */
  readonly options: Readonly<Record<string, string>>
  readonly nowMs: number
}

/** One thing that a connector can be told to fetch. */
export interface CrawlPlan {
  readonly title: string
  /** What its pages cover: a kept interval or the name of a dataset. */
  readonly of: string
  /** Exchanges whose bars it can bring; empty where that has no meaning. */
  readonly exchanges: readonly string[]
  /** Whether one task brings one instrument or all of an exchange. */
  readonly per: 'instrument' | 'exchange' | 'query'
  /** First date that the upstream has; null when not known. */
  readonly since: string | null
  /** Options with what they mean. */
  readonly options?: Readonly<Record<string, string>>
  /** A typical page, for the estimate before a crawl. */
  readonly bytesPerPage: number
  /** The first tasks, made lazily; their results name the rest. */
  tasks(request: CrawlRequest): Iterable<Task>
}

export interface DatasetDeclaration {
  readonly name: string
  readonly title: string
  readonly licence: string | null
  readonly source: string
  readonly key: readonly string[]
  readonly columns: readonly DatasetColumn[]
}

/** One upstream. */
export interface Connector {
  readonly id: string
  readonly title: string
  /** Where a person reads about the upstream. */
  readonly homepage: string
  readonly limits: readonly Limit[]
  /** Names of credentials that its handlers ask for. */
  readonly credentials: readonly { readonly name: string; readonly required: boolean; readonly help: string }[]
  readonly datasets: readonly DatasetDeclaration[]
  readonly handlers: Readonly<Record<string, Handler>>
  readonly crawls: Readonly<Record<string, CrawlPlan>>
}
