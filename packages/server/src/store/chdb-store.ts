import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BarkeepError } from '@barkeep/core'
import type { Session as ChdbSession } from 'chdb'
import { SessionPool } from './session-pool.js'
import { EngineError, type InsertRequest, type Param, type Params, type Store } from './store.js'

/** How every session writes and reads: instants as ISO text in UTC, Arrow without compression, numbers bare. */
const sessionSettings = [
  "date_time_output_format = 'iso'",
  "date_time_input_format = 'best_effort'",
  "output_format_arrow_compression_method = 'none'",
  'output_format_json_quote_64bit_integers = 0',
  'input_format_skip_unknown_fields = 0',
  "format_csv_null_representation = ''",
  'do_not_merge_across_partitions_select_final = 1',
].join(', ')

export interface ChdbStoreOptions {
  readonly directory: string
  /** Sessions for big answers; small reads and writes have their own, so that they never wait behind one. */
  readonly streamsMax: number
}

/**
 * ClickHouse in this process, on a directory that it owns alone.
 * Throws STORE_ENGINE_MISSING where chDB has no build, STORE_UNAVAILABLE when the directory cannot be opened.
 */
export async function openChdbStore({ directory, streamsMax }: ChdbStoreOptions): Promise<Store> {
  const { Session, drainPending } = await importChdb()
  const spool = resolve(directory, 'spool')
  const database = resolve(directory, 'db')

  const connect = (): ChdbSession => {
    try {
      const session = new Session(database)
      session.query(`SET ${sessionSettings}`)
      return session
    } catch (cause) {
      throw new BarkeepError('STORE_UNAVAILABLE', {
        message: 'The embedded store cannot be opened. Is another process using the data directory?',
        cause,
      })
    }
  }
  const connectMany = (count: number) => new SessionPool(Array.from({ length: count }, connect))
  const writers = connectMany(1)
  const readers = connectMany(2)
  const streams = connectMany(streamsMax)
  // Only now is the directory surely ours: what an earlier process left in the spool can go.
  rmSync(spool, { recursive: true, force: true })
  mkdirSync(spool, { recursive: true })

  async function* read(
    pool: SessionPool<ChdbSession>,
    sql: string,
    params: Params,
    format: string,
    signal?: AbortSignal,
  ) {
    const session = await pool.acquire()
    try {
      const chunks = session.queryStreamBind(sql, bound(params), { format, ...(signal && { signal }) })
      const iterator = chunks[Symbol.asyncIterator]()
      try {
        // The next chunk is made while the last is on its way out; never more than one ahead.
        let coming = iterator.next()
        while (true) {
          const { done, value } = await coming
          if (done === true) return
          coming = iterator.next()
          coming.catch(() => undefined)
          yield value.raw()
        }
      } finally {
        await iterator.return?.().catch(() => undefined)
      }
    } catch (cause) {
      throw engineError(cause)
    } finally {
      pool.release(session)
    }
  }

  const run = (sql: string, params: Params = {}) =>
    writers.use(async (session) => {
      const assignments = Object.entries(params).map(([name, value]) => `param_${name} = ${quoted(textOf(value))}`)
      const prefix = assignments.length === 0 ? '' : `SET ${assignments.join(', ')}; `
      await session.queryAsync(prefix + sql).catch((cause: unknown) => {
        throw engineError(cause)
      })
    })

  return {
    async rows<Row>(sql: string, params: Params = {}) {
      const decoder = new TextDecoder()
      let text = ''
      for await (const chunk of read(readers, sql, params, 'JSONEachRow'))
        text += decoder.decode(chunk, { stream: true })
      // The caller names the row's shape beside its own SQL.
      return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Row[])
    },
    stream: (sql, params, format, signal) => read(streams, sql, params, format, signal),
    command: run,
    async insert({ table, select, params, structure, format, body, bytesMax }: InsertRequest) {
      // A file is parsed several times faster than a buffer handed over, and memory stays flat.
      const path = join(spool, randomUUID())
      try {
        await spoolBody(path, body, bytesMax)
        await run(
          `INSERT INTO ${table} SELECT ${select} FROM file(${quoted(path)}, ${format}, ${quoted(structure)})
          SETTINGS max_threads = 1, max_insert_threads = 1`,
          params,
        )
      } finally {
        await rm(path, { force: true })
      }
    },
    async close() {
      // The engine dies with the process when a query still runs: wait for each session to come home.
      for (const pool of [streams, readers, writers]) {
        await Promise.all(pool.sessions.map(() => pool.acquire()))
        for (const session of pool.sessions) session.close()
      }
      await drainPending()
    },
  }
}

async function importChdb(): Promise<typeof import('chdb')> {
  try {
    return await import('chdb')
  } catch (cause) {
    throw new BarkeepError('STORE_ENGINE_MISSING', {
      message: 'chDB, the embedded engine, is not installed for this platform.',
      cause,
    })
  }
}

async function spoolBody(path: string, body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<void> {
  const file = await open(path, 'wx')
  try {
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) {
        throw new BarkeepError('BODY_TOO_LARGE', {
          message: `The body is larger than ${bytesMax} bytes. Send it in parts, or raise api.bodyBytesMax.`,
        })
      }
      await file.write(chunk)
    }
  } finally {
    await file.close()
  }
}

/** Arrays are bound in ClickHouse's own text form, because a typed placeholder parses that. */
function bound(params: Params): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'object' ? textOf(value) : value]),
  )
}

function textOf(value: Param): string {
  if (typeof value !== 'object') return String(value)
  return `[${value.map((item) => (typeof item === 'string' ? quoted(item) : String(item))).join(',')}]`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function engineError(cause: unknown): unknown {
  if (cause instanceof BarkeepError || cause instanceof EngineError) return cause
  return new EngineError(cause instanceof Error ? cause.message : String(cause), { cause })
}
