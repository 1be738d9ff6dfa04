import {
  answerBytesMax,
  type BodyInsert,
  type InsertRequest,
  type OutputFormat,
  type Params,
  type Store,
  type StoreItself,
  type TypedColumn,
} from '../store.js'
import { type DescribeQuery, describeQuery } from './describe-body.js'
import { readJsonRows } from './json-rows.js'
import type { Spool } from './spool.js'

export interface Read {
  readonly sql: string
  readonly params: Params
  readonly format: OutputFormat
  readonly signal?: AbortSignal | undefined
}

/** What differs between the ways to reach ClickHouse; everything else of a store is the same. */
export interface Engine {
  readonly itself: StoreItself
  /** Small answers and big ones have connections of their own, so that none of the first waits behind the second. */
  read(size: 'small' | 'big', read: Read): AsyncIterable<Uint8Array>
  /** JSON lines with `name` and `type` of each column. */
  describe(query: DescribeQuery): AsyncIterable<Uint8Array>
  command(sql: string, params: Params): Promise<void>
  insertFile(path: string, insert: BodyInsert): Promise<void>
  /** Inserts rows as lines of JSON arrays. */
  insertLines(table: string, lines: string): Promise<void>
  close(): Promise<void>
}

/** A store over an engine, whose bodies pass through a spool. */
export function createStore(engine: Engine, spool: Spool): Store {
  const store: Store = {
    itself: engine.itself,
    rows: (sql, params = {}) =>
      readJsonRows(engine.read('small', { sql, params, format: 'JSONEachRow' }), answerBytesMax),
    stream: (sql, params, format, signal) => engine.read('big', { sql, params, format, signal }),
    command: (sql, params = {}) => engine.command(sql, params),
    async spool(body, bytesMax) {
      const file = await spool.take(body, bytesMax)
      return {
        bytes: file.bytes,
        async describe(format) {
          const answer = engine.describe(await describeQuery(file, format))
          const columns = await readJsonRows<TypedColumn>(answer, answerBytesMax)
          return columns.map(({ name, type }) => ({ name, type }))
        },
        insert: (request) => engine.insertFile(file.path, request),
        dispose: file.dispose,
      }
    },
    async insert({ body, bytesMax, ...request }: InsertRequest) {
      const spooled = await store.spool(body, bytesMax)
      try {
        await spooled.insert(request)
      } finally {
        await spooled.dispose()
      }
    },
    async insertRows(table, rows) {
      // A server refuses an insert without data.
      if (rows.length === 0) return
      await engine.insertLines(table, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    },
    close: () => engine.close(),
  }
  return store
}
