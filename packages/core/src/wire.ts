import type { ErrorCode, ErrorDetail } from './errors.js'

/** What every JSON answer is wrapped in. */
export interface Envelope<Data> {
  /** What the server understood of the request. */
  readonly request: { readonly params: Readonly<Record<string, unknown>> }
  readonly data: Data
  /** Give it back as `cursor=` for the next page; null on the last. Absent where there are no pages. */
  readonly next_cursor?: string | null
  /** Relation → URL. */
  readonly links: Readonly<Record<string, string>>
}

/** The body of an error: RFC 9457, with the fields that GitHub-, Twitter- and Google-minded clients look for. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly instance: string
  readonly message: string
  readonly documentation_url: string
  readonly errors: readonly ErrorDetail[]
  readonly request: { readonly params: Readonly<Record<string, unknown>> }
  readonly eventTime: string
  readonly serviceContext: { readonly service: string; readonly version: string }
  readonly context: {
    readonly httpRequest: { readonly method: string; readonly url: string; readonly responseStatusCode: number }
    readonly reportLocation?: never
  }
  readonly request_id: string
}

/** Formats that reads are answered in, by the name that `format=` takes, and their media types. */
export const formats = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
  xml: 'application/xml',
  protobuf: 'application/x-protobuf',
} as const
export type Format = keyof typeof formats

/** Formats that bodies of rows are read in. */
export const bodyFormats = ['json', 'ndjson', 'csv', 'arrow', 'parquet'] as const satisfies readonly Format[]
export type BodyFormat = (typeof bodyFormats)[number]

/** What a bulk create of bars answers. */
export interface IngestReport {
  readonly interval: string
  /** Rows in the body, all of which now stand in the store. */
  readonly rows: number
  /** How many of them took the place of a bar with the same instrument and ts. */
  readonly replaced: number
  /** How many are not kept, since a better source told the same bar; absent where none. `?source=` reads them. */
  readonly outranked?: number
  /** Instruments that were not known before. */
  readonly created_instruments: readonly string[]
}

/** What a bulk create of rows of a dataset answers. */
export interface DatasetReport {
  readonly dataset: string
  /** Rows in the body, all of which now stand in the store. */
  readonly rows: number
  /** How many of them took the place of a row with the same key. */
  readonly replaced: number
  /** How many rows went, where the body took the place of all. */
  readonly removed?: number
  /** Whether the dataset was made from this body. */
  readonly created: boolean
}
