/** A value bound to `{name:Type}` in a query; whole numbers beyond 2⁵³ as text. */
export type Param = string | number | boolean | readonly string[] | readonly number[]
export type Params = Readonly<Record<string, Param>>

/** Formats that the engine writes; the names are ClickHouse's. */
export type OutputFormat = 'JSONEachRow' | 'CSV' | 'ArrowStream' | 'Parquet'
/** Formats that the engine reads. `JSONEachRow` reads lines of objects, and one array of objects too. */
export type InputFormat = 'JSONEachRow' | 'CSVWithNames' | 'ArrowStream' | 'Parquet'

/** A column as the engine names and types it: `Nullable(Float64)`, `LowCardinality(String)`. */
export interface TypedColumn {
  readonly name: string
  readonly type: string
}

/** `INSERT INTO table SELECT select FROM <body> WHERE where`, where the body is read as `structure` in `format`. */
export interface BodyInsert {
  readonly table: string
  readonly select: string
  /** All rows unless given. */
  readonly where?: string
  /** Whether the rows must pass in the order in which they stand in the body, so that they can be numbered; slower. */
  readonly isOrdered?: boolean
  /** Values of the placeholders in `select` and `where`. */
  readonly params?: Params
  /** Names and types of the columns of the body, as ClickHouse writes them. */
  readonly structure: string
  readonly format: InputFormat
}

/** A value of a row as JSON writes it. */
export type Cell = string | number | boolean | null
/** Values in the order of the columns of a table. Instants are text with an offset. */
export type TableRow = readonly Cell[]

export interface InsertRequest extends BodyInsert {
  readonly body: AsyncIterable<Uint8Array>
  /** A body of more bytes is refused with BODY_TOO_LARGE before anything is inserted. */
  readonly bytesMax: number
}

/** A body that has arrived whole and waits on disk. Whoever asked for it disposes of it. */
export interface SpooledBody {
  readonly bytes: number
  /**
   * The columns that the engine reads out of the body's beginning (of Parquet: its footer). Text gives nullable types;
   * rows further down may still contradict them, and then `insert` throws.
   * Throws EngineError when the body is not in this format.
   */
  describe(format: InputFormat): Promise<TypedColumn[]>
  /**
   * Throws EngineError when the body breaks off or contradicts the structure. Of a body larger than one block of the
   * engine, rows before the fault may be written then: insert into a table of its own where all or nothing is meant.
   */
  insert(request: BodyInsert): Promise<void>
  /** Deletes the body; once is enough, more does no harm. */
  dispose(): Promise<void>
}

/** Parts of `SOURCE(CLICKHOUSE(…))`, as SQL. `credentials` holds a password: neither show nor log it. */
export interface StoreItself {
  readonly database: string
  readonly credentials: string
}

/**
 * Where everything is kept: any engine that speaks ClickHouse's SQL.
 * Queries are text of this package with typed placeholders; values are always bound, never spliced in.
 * Throws EngineError for what the engine refuses, STORE_UNAVAILABLE when it cannot be reached.
 */
export interface Store {
  /** How a dictionary of this store reads the store's own tables. */
  readonly itself: StoreItself
  /** A small answer as objects. Throws REQUEST_TOO_COMPLEX above `answerBytesMax`. */
  rows<Row>(sql: string, params?: Params): Promise<Row[]>
  /**
   * An answer of any size as the engine makes it, a chunk at a time; leaving the loop stops the query, and so does the
   * signal, whose reason is thrown. Each chunk of `ArrowStream` is whole messages; how bytes of the others are cut
   * means nothing.
   */
  stream(sql: string, params: Params, format: OutputFormat, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** A statement without an answer. */
  command(sql: string, params?: Params): Promise<void>
  /** Takes a body in, to be looked at first and inserted then. Throws BODY_TOO_LARGE, and what the body throws. */
  spool(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<SpooledBody>
  /** Spools, inserts and disposes. Nothing is written when the body ends in an error or is too large. */
  insert(request: InsertRequest): Promise<void>
  /**
   * Writes rows that are sound, at a fraction of what a body costs; at most `rowsAtOnceMax`.
   * Throws EngineError when one does not fit the table; nothing is written then.
   */
  insertRows(table: string, rows: readonly TableRow[]): Promise<void>
  /** Waits for what runs, then releases the engine. What is asked afterwards throws STORE_UNAVAILABLE. */
  close(): Promise<void>
}

/** Bytes of a `rows` answer that are held in memory; an answer of any size goes through `stream`. */
export const answerBytesMax = 67_108_864

/** Rows of `insertRows`: they stand in memory as text, and are one block of the engine, so that they are written together. */
export const rowsAtOnceMax = 100_000

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
    // What a reader of files says stands inside what its caller says; the innermost speaks of the data.
    const text = this.message.split('DB::Exception: ').at(-1) ?? ''
    const sentence = text.split(/ \([A-Z_]{4,}\)|: While executing|: \(in file|: \(at row|\n/)[0] ?? ''
    return sentence.replace(/\/\S+/g, '…').slice(0, 300)
  }
}
