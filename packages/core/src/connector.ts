import type { Bar } from './bar.js'
import type { DatasetColumn } from './dataset.js'
import type { Exchange } from './exchange.js'
import type { Instrument } from './instrument.js'
import type { KeptInterval } from './interval.js'
import type { Topic } from './wire-live.js'
import type { FoundHit } from './wire-search.js'

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

/** Executes a task: asks for its page, reads it, and says which tasks that makes necessary. */
export type Handler<Params extends JsonObject = JsonObject> = (
  task: Task<Params>,
  context: HandlerContext,
) => Promise<TaskResult<Params>>

export interface TaskResult<Params extends JsonObject = JsonObject> {
  readonly task: Task<Params>
  readonly data: Page | Absence
  /** Worked on after all tasks of the connector that wait already: in a big crawl that may be hours later. */
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
  /**
   * Archived pages are read again: nothing is asked, and credentials are made up. What was never archived, as the answer to a
   * login, cannot be had; a handler that logs in through `createLogins` need not know.
   */
  readonly isReadAgain?: boolean
  /** For a connector that `isLocal`, and for no other. */
  readonly local?: LocalContext
}

/** What a local connector sees of the server in which it runs, since it has no upstream. */
export interface LocalContext {
  /** The value of a setting of the connector, as its `read` gave it. */
  setting(name: string): JsonValue | undefined
  /** All that the server knows. */
  readonly exchanges: readonly Exchange[]
  /** Rows of a dataset of the connector that earlier tasks brought, by the value of its one key column, a text. */
  kept(dataset: string, keys: readonly string[]): Promise<ReadonlyMap<string, JsonObject>>
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
  /** What comes back is a secret itself, such as the token of a login: the page is not archived. */
  readonly isSecret?: boolean
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
  readonly refused?: readonly Refusal[]
}

/** A row that a page had and that could not be kept. */
export interface Refusal {
  readonly row: string
  readonly reason: string
  /** The bar that is missing for it, where it told one: the day does not count as spoken for then. */
  readonly bar?: { readonly instrument: string; readonly interval: KeptInterval; readonly date: string }
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

/**
 * How many requests or bytes an upstream lets through in any window of a length. Several hold at once. A request counts from
 * the moment it leaves until a window after its answer, so that `{ requests: 3, perMs: 100 }` is three on their way at once.
 */
export interface Limit {
  readonly requests?: number
  readonly bytes?: number
  readonly perMs: number
  /** Whose requests count together: all of this machine to a host, or those of one credential. */
  readonly per: 'host' | 'credential'
  /**
   * The host that the limit belongs to, with all below it: it holds for requests there, and is shared by all connectors
   * that name it. All hosts of the connector when absent.
   */
  readonly host?: string
  /** Counts only requests whose path begins with it; those of all paths when absent. */
  readonly path?: string
}

/** What a crawl is asked to fetch; each plan takes what it needs of it. */
export interface CrawlRequest {
  readonly instruments: readonly Instrument[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Settings of the plan beyond those, such as `search_term`. */
  readonly options: Readonly<Record<string, string>>
  /** Settings of the connector by name, where it has any. */
  readonly settings?: Readonly<Record<string, JsonValue>>
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
  /** The path of its pages, or how it begins, where limits of the connector are counted by path. */
  readonly path?: string
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

/** How an upstream is asked for what somebody types, while they wait. */
export interface ConnectorSearch {
  /** Datasets that its pages are kept in: their rows are not searched besides. */
  readonly datasets: readonly string[]
  /** How long its answer to the same question holds, in milliseconds. */
  readonly keepMs: number
  /** The first tasks for a query, which is never empty; their results name the rest. */
  tasks(query: string, nowMs: number): Iterable<Task>
  /** What a page of such a task says, best first. */
  found(page: Page, query: string): readonly FoundHit[]
}

/** Bars as an upstream tells them over a connection that stays open. */
export interface LiveSource {
  readonly title: string
  /** Exchanges whose bars it can bring. */
  readonly exchanges: readonly string[]
  /** Most instruments that one account may listen to. */
  readonly instrumentsMax: number
  /** A connection that gives no sign of life for so long is taken for dead, milliseconds. */
  readonly silenceMs: number
  /**
   * Bars of the instruments in Barkeep's convention, as they come; one that is still building up has `final: false` and comes
   * again. Opens one connection and ends with it, or throws as handlers do: who runs it opens the next one.
   */
  bars(instruments: readonly string[], context: LiveContext): AsyncIterable<PageBars['bars']>
}

/** What a live source can see: neither the store nor who listens. All that it opens is closed when its iteration ends. */
export interface LiveContext extends Pick<HandlerContext, 'credential' | 'now'> {
  /** Asks for one page within the limits; it is not archived. Throws UPSTREAM_UNREACHABLE. */
  fetch(request: UpstreamRequest): Promise<UpstreamPage>
  /**
   * Opens a WebSocket, within the limits of requests. Throws UPSTREAM_UNREACHABLE, and what `refused` makes of a page that
   * came in its place.
   */
  connect(request: UpstreamRequest, refused: (page: UpstreamPage) => Error): Promise<LiveSocket>
  /** Opens server-sent events; a message is the data of one. Throws as `connect`. */
  listen(request: UpstreamRequest, refused: (page: UpstreamPage) => Error): Promise<LiveMessages>
}

/**
 * What comes over a connection, in its order; null whenever nothing came for a moment, so that what is over can be closed.
 * Throws UPSTREAM_UNREACHABLE when the connection ends.
 */
export type LiveMessages = AsyncIterable<string | null>

export interface LiveSocket {
  send(text: string): void
  readonly messages: LiveMessages
}

/** A setting of one connector: `connectors.<id>.<name>`. */
export interface ConnectorSetting {
  readonly name: string
  readonly help: string
  /** It stands at the top of the configuration instead, under its own name, since others use it as well. */
  readonly isShared?: boolean
  /**
   * The value as the connector uses it; `value` may be JSON or its text, undefined where it is not set.
   * Throws INVALID_SETTING, naming the setting by `where`.
   */
  read(value: unknown, where: string): JsonValue
}

/** One upstream. */
export interface Connector {
  readonly id: string
  readonly title: string
  /** Where a person reads about the upstream. */
  readonly homepage: string
  /** None where it `isLocal`, and at least one otherwise. */
  readonly limits: readonly Limit[]
  /**
   * Brings what lies on the server or is made up: it asks nobody, so that it has no limits and its handlers may not fetch;
   * workers leave its tasks to the server.
   */
  readonly isLocal?: boolean
  /** Beyond the address, the limits and the credentials, which every connector has. */
  readonly settings?: readonly ConnectorSetting[]
  /** Names of credentials that its handlers ask for. */
  readonly credentials: readonly { readonly name: string; readonly required: boolean; readonly help: string }[]
  readonly datasets: readonly DatasetDeclaration[]
  readonly handlers: Readonly<Record<string, Handler>>
  readonly crawls: Readonly<Record<string, CrawlPlan>>
  /** Where its upstream can be searched. */
  readonly search?: ConnectorSearch
  /** Where its upstream tells bars as they are made, by topic; `connectors.<id>.live` says of which instruments. */
  readonly live?: Readonly<Partial<Record<Topic, LiveSource>>>
}
