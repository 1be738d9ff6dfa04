/** A value bound to `{name:Type}` in a query. */
export type Param = string | number | boolean | readonly string[] | readonly number[]
export type Params = Readonly<Record<string, Param>>

/** Formats that the engine writes; the names are ClickHouse's. */
export type OutputFormat = 'JSONEachRow' | 'CSV' | 'ArrowStream'
/** Formats that the engine reads. */
export type InputFormat = 'JSONEachRow' | 'CSVWithNames' | 'ArrowStream'

/** `INSERT INTO table SELECT select FROM <body>`, where the body is read as `structure` in `format`. */
export interface InsertRequest {
  readonly table: string
  readonly select: string
  /** Values of the placeholders in `select`. */
  readonly params?: Params
  /** Names and types of the columns of the body, as ClickHouse writes them. */
  readonly structure: string
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  /** A body of more bytes is refused with BODY_TOO_LARGE before anything is inserted. */
  readonly bytesMax: number
}

/**
 * Where everything is kept: any engine that speaks ClickHouse's SQL.
 * Queries are text of this package with typed placeholders; values are always bound, never spliced in.
 * Throws EngineError for what the engine refuses, STORE_UNAVAILABLE when it cannot be reached.
 */
export interface Store {
  /** A small answer as objects. */
  rows<Row>(sql: string, params?: Params): Promise<Row[]>
  /** An answer of any size as the engine makes it, a chunk at a time; leaving the loop stops the query. */
  stream(sql: string, params: Params, format: OutputFormat, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** A statement without an answer. */
  command(sql: string, params?: Params): Promise<void>
  insert(request: InsertRequest): Promise<void>
  /** Waits for what runs, then releases the engine. */
  close(): Promise<void>
}

/** What the engine said, with its number where it gave one. */
export class EngineError extends Error {
  readonly engineCode: number | undefined

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EngineError'
    const code = /\bCode: (\d+)\b/.exec(message)?.[1]
    this.engineCode = code === undefined ? undefined : Number(code)
  }

  /** The engine's own words without its frame, safe to show: they speak of the data, not of paths. */
  get reason(): string {
    const text = /DB::Exception: (.*)/s.exec(this.message)?.[1] ?? this.message
    return (
      text
        .split(/: While executing|: \(in file|: \(at row/)[0]
        ?.replace(/\/\S+/g, '…')
        .slice(0, 300) ?? ''
    )
  }
}
