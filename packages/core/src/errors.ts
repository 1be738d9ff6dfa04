/**
 * The one catalogue of errors. A code is public and permanent: clients branch on it, docs describe it, tests reach it.
 * `status` is the HTTP status it is answered with; `cure` says what the caller can do about any error of this code.
 */
export const errorCatalogue = {
  INVALID_PARAMETER: {
    status: 400,
    title: 'A parameter has a value that cannot be used',
    cure: 'Read `errors`: it names each parameter, the value it had and what is accepted.',
  },
  UNKNOWN_PARAMETER: {
    status: 400,
    title: 'A parameter is not known here',
    cure: 'Check the spelling; the message names the nearest known parameter.',
  },
  MISSING_PARAMETER: {
    status: 400,
    title: 'A required parameter is missing',
    cure: 'Add the parameter that the message names.',
  },
  EXCLUSIVE_PARAMETERS: {
    status: 400,
    title: 'Two parameters exclude each other',
    cure: 'Send only one of them.',
  },
  INCLUSIVE_PARAMETERS: {
    status: 400,
    title: 'A parameter needs another one that is missing',
    cure: 'Send both, or neither.',
  },
  INVALID_TIME_WINDOW: {
    status: 400,
    title: 'The time window is empty or runs backwards',
    cure: 'Windows are half-open: `start` must be before `end`.',
  },
  INVALID_TIMEZONE: {
    status: 400,
    title: 'The time zone is not known',
    cure: 'Write an IANA name such as Asia/Taipei.',
  },
  UNKNOWN_EXCHANGE: {
    status: 400,
    title: 'The exchange is not known',
    cure: 'GET /v1/exchanges lists the known ones; POST /v1/exchanges adds one.',
  },
  INVALID_BODY: {
    status: 400,
    title: 'The body cannot be read in the format it claims',
    cure: 'Compare the body with its Content-Type; the message says where reading stopped.',
  },
  INVALID_ROWS: {
    status: 422,
    title: 'Rows of the body break a rule, so none was written',
    cure: 'Read `errors`: each names the row by its index, the field and the reason. Mend or drop them and send again.',
  },
  REQUEST_TOO_COMPLEX: {
    status: 400,
    title: 'The request asks for more work than the server allows in one go',
    cure: 'Ask for fewer instruments or a shorter window, or raise the setting that the message names.',
  },
  UNAUTHORIZED_ACCESS: {
    status: 401,
    title: 'The request carries no valid key',
    cure: 'Send `Authorization: Bearer <key>`.',
  },
  INSUFFICIENT_SCOPE: {
    status: 403,
    title: 'The key lacks a scope that the route needs',
    cure: 'Use a key with the scope that the message names.',
  },
  FORBIDDEN_ORIGIN: {
    status: 403,
    title: 'A web page, or a host name, that the server does not trust',
    cure: 'Name the origin in api.corsOrigins, or make a key.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is no such thing',
    cure: 'Check the name; the collection it should be in lists what there is.',
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    title: 'There is no such route',
    cure: 'GET /openapi.json or /docs lists all routes.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The route exists, but not with this method',
    cure: 'Use a method that the `Allow` header names.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    title: 'None of the accepted formats can be answered',
    cure: 'Use `format=` or an Accept header with one of the formats that the message names.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request did not arrive in time',
    cure: 'Send less at once, or raise the setting that the message names.',
  },
  CONFLICT: {
    status: 409,
    title: 'The request contradicts what is already there',
    cure: 'Read what is there, then decide.',
  },
  LEASE_HELD: {
    status: 409,
    title: 'Another publisher has the topic',
    cure: 'Wait as long as Retry-After says and try again, or take the lease over on purpose.',
  },
  LEASE_LOST: {
    status: 409,
    title: 'The term in which this was published is over',
    cure: 'Take the lease again, read what was published meanwhile, then decide what is still worth sending.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    title: 'The idempotency key was used for another request',
    cure: 'Use a new key for each new request, the same key only to repeat one.',
  },
  GONE: {
    status: 410,
    title: 'What was asked for is no longer kept',
    cure: 'Follow the link `snapshot` where there is one, or ask anew.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'What is there is not what the request expects',
    cure: 'Read what is there, then decide.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is larger than the server accepts',
    cure: 'Send it in parts, or raise the setting that the message names.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The Content-Type is not one that this route reads',
    cure: 'Use one of the types that the message names.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The headers are larger than the server accepts',
    cure: 'Shorten the URL, or raise the setting that the message names.',
  },
  MALFORMED_REQUEST: {
    status: 400,
    title: 'The request cannot be read as HTTP',
    cure: 'Check the URL and that it begins with http or https.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'More requests a second than the server allows',
    cure: 'Wait as long as Retry-After says.',
  },
  NOT_SUPPORTED: {
    status: 501,
    title: 'The standard has it, this server does not',
    cure: 'Ask in another way; docs/guide/odata.md lists what is possible.',
  },
  INTERNAL_ERROR: {
    status: 500,
    title: 'The server failed',
    cure: 'Look for the request id in the server log, and report it.',
  },
  OVER_CAPACITY: {
    status: 503,
    title: 'The server has more to do than it can hold',
    cure: 'Wait as long as Retry-After says, then repeat the request.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    title: 'The server is starting or stopping',
    cure: 'Wait as long as Retry-After says, then repeat the request.',
  },
  LOCK_ACQUISITION_TIMEOUT: {
    status: 503,
    title: 'Other writes took too long to wait for',
    cure: 'Wait as long as Retry-After says, then repeat the request.',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    title: 'The store does not answer',
    cure: 'Check that the data directory can be written and has space left; with store.url, that the ClickHouse server runs.',
  },
  STORE_LOCKED: {
    status: 503,
    title: 'Another process owns the data directory',
    cure: 'Use that process through its URL, stop it, or choose another directory with --data.',
  },
  STORE_ENGINE_MISSING: {
    status: 503,
    title: 'The embedded engine is not installed',
    cure: 'chDB has builds for glibc Linux and macOS. Run the server on one of them, or set store.url to a ClickHouse server.',
  },
  UPSTREAM_UNREACHABLE: {
    status: 502,
    title: 'An upstream gave no whole answer',
    cure: 'The task is tried again by itself, later each time. If it goes on, check the network and the upstream.',
  },
  UPSTREAM_FAILED: {
    status: 502,
    title: 'An upstream answered with a failure of its own',
    cure: 'The task is tried again by itself, later each time.',
  },
  UPSTREAM_RATE_LIMITED: {
    status: 503,
    title: 'An upstream asks to be left alone for a while',
    cure: 'The crawl waits by itself. If it happens often, lower connectors.<id>.limits.',
  },
  UPSTREAM_BANNED: {
    status: 503,
    title: 'An upstream refuses this machine',
    cure: 'The crawl waits as long as the message says. Then lower connectors.<id>.limits before going on.',
  },
  UPSTREAM_CHANGED: {
    status: 502,
    title: 'A page of an upstream does not look as it used to',
    cure: 'Nothing of the page was kept, but it is archived. Mend the parser, then run barkeep reparse.',
  },
  UPSTREAM_REFUSED: {
    status: 502,
    title: 'An upstream refuses what a task asks for',
    cure: 'The message has what the upstream said. Look at the task, then send it again or drop it.',
  },
  UPSTREAM_UNAUTHORIZED: {
    status: 502,
    title: 'An upstream does not accept the credential',
    cure: 'Set connectors.<id>.credentials anew, then start the crawl again.',
  },
  CREDENTIAL_MISSING: {
    status: 400,
    title: 'A connector needs a credential that is not set',
    cure: 'Set the environment variable or the setting that the message names.',
  },
  INVALID_SETTING: {
    status: 500,
    title: 'A setting has a value that cannot be used',
    cure: 'The message names the setting, where its value came from and what is accepted.',
  },
  UNKNOWN_FORMAT: {
    status: 400,
    title: 'The import format is not declared',
    cure: 'Use a shipped format or declare one under `formats` in barkeep.config.json.',
  },
  UNREADABLE_FILE: {
    status: 400,
    title: 'A file cannot be read in the format it was given',
    cure: 'The message names the file and what was expected.',
  },
  CONNECTION_FAILED: {
    status: 503,
    title: 'No Barkeep server answers at the URL',
    cure: 'Check the URL and that the server runs.',
  },
  CANCELLED_REQUEST: {
    status: 499,
    title: 'The caller cancelled the request',
    cure: 'Nothing: it was you.',
  },
} as const satisfies Record<string, { status: number; title: string; cure: string }>

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue

/** One thing that is wrong, readable by clients minded of GitHub (`resource`, `field`) or Twitter (`parameter`, `value`). */
export interface ErrorDetail {
  readonly code: ErrorCode
  readonly message: string
  readonly parameter?: string
  readonly value?: string
  readonly resource?: string
  readonly field?: string
  /** Position of the row in the body, from 0. */
  readonly index?: number
}

export interface BarkeepErrorOptions {
  readonly message: string
  readonly errors?: readonly ErrorDetail[]
  readonly retry?: { readonly afterMs: number }
  readonly cause?: unknown
}

/** The error of Barkeep, on both sides of the wire. Its message names what was wrong and the cure. */
export class BarkeepError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly errors: readonly ErrorDetail[]
  readonly retry: { readonly afterMs: number } | undefined

  constructor(code: ErrorCode, options: BarkeepErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BarkeepError'
    this.code = code
    this.status = errorCatalogue[code].status
    this.errors = options.errors ?? []
    this.retry = options.retry
  }
}

/** A wrong value of one parameter: the commonest error, so it has a short form. */
export function invalidParameter(parameter: string, value: string, message: string): BarkeepError {
  return new BarkeepError('INVALID_PARAMETER', {
    message: `${parameter}: ${message}`,
    errors: [{ code: 'INVALID_PARAMETER', parameter, value: shorten(value), message }],
  })
}

/** Cuts a value that came from outside, so that an error body stays small. */
export function shorten(value: string, charactersMax = 100): string {
  return value.length <= charactersMax ? value : `${value.slice(0, charactersMax)}…`
}
