import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { BarkeepError } from '@barkeep/core'
import type { Session as ChdbSession } from 'chdb'
import { EngineError, type Params, type Store } from '../store.js'
import { createStore, type Engine, type Read } from './engine.js'
import { bodyInsertSettings, engineSettings, lineInsertSettings, quoted, settingsSql } from './engine-settings.js'
import { paramText } from './param-text.js'
import { SessionPool } from './session-pool.js'
import { openSpool, type Spool } from './spool.js'

export interface ChdbStoreOptions {
  readonly directory: string
  /** Sessions for big answers; small reads and writes have their own, so that they never wait behind one. */
  readonly streamsMax: number
}

/** A session with the mark that its queries carry, by which another session can stop them. */
interface MarkedSession {
  readonly session: ChdbSession
  readonly mark: string
}

/**
 * ClickHouse in this process, on a directory that it owns alone.
 * Throws STORE_ENGINE_MISSING where chDB has no build, STORE_UNAVAILABLE when the directory cannot be opened.
 */
export async function openChdbStore({ directory, streamsMax }: ChdbStoreOptions): Promise<Store> {
  const { Session, drainPending } = await importChdb()
  const database = resolve(directory, 'db')
  let sessionsMade = 0
  const connect = (): MarkedSession => {
    try {
      const session = new Session(database)
      const mark = `session ${sessionsMade++}`
      session.query(`SET ${settingsSql({ ...engineSettings, max_query_size: queryBytesMax, log_comment: mark })}`)
      return { session, mark }
    } catch (cause) {
      throw new BarkeepError('STORE_UNAVAILABLE', {
        message: 'The embedded store cannot be opened. Is another process using the data directory?',
        cause,
      })
    }
  }
  const connectMany = (count: number) => new SessionPool(Array.from({ length: count }, connect))
  const pools = {
    // Bodies are read one at a time, which takes long; what is small must not wait behind one.
    writers: connectMany(2),
    small: connectMany(2),
    big: connectMany(streamsMax),
    stoppers: connectMany(1),
  }
  // Only now is the directory surely ours: what an earlier process left in the spool can go.
  const spool = openSpool(resolve(directory, 'spool'))
  return createStore(chdbEngine(pools, spool, drainPending), spool)
}

/** Longest statement: values of a write stand in it. */
const queryBytesMax = 16_777_216

/** How often a query that must stop is told so, and how long the engine has before the next time. */
const stopTriesMax = 20
const stopAgainMs = 50

interface Pools {
  readonly writers: SessionPool<MarkedSession>
  readonly small: SessionPool<MarkedSession>
  readonly big: SessionPool<MarkedSession>
  readonly stoppers: SessionPool<MarkedSession>
}

function chdbEngine(pools: Pools, spool: Spool, drainPending: () => Promise<void>): Engine {
  /**
   * One statement on a session of its own. `queryBindAsync` would bind the values, but chDB runs those calls one after
   * the other in the whole process; so values are set first, in the same call.
   */
  const run = async ({ session }: MarkedSession, sql: string, params: Params) => {
    const values = Object.entries(params).map(([name, value]) => `param_${name} = ${quoted(paramText(value))}`)
    await session.queryAsync(values.length === 0 ? sql : `SET ${values.join(', ')}; ${sql}`)
  }
  const write = (sql: string, params: Params) =>
    pools.writers.use((lent) => run(lent, sql, params)).catch(throwEngineError)

  /**
   * Stops what a session runs. Asked again until it has ended, because the engine cannot stop a query that it has
   * not begun yet, and looks up only now and then.
   */
  const stop = async ({ mark }: MarkedSession, hasEnded: () => boolean) => {
    for (let tries = 0; tries < stopTriesMax && !hasEnded(); tries++) {
      await pools.stoppers.use((lent) =>
        run(lent, "KILL QUERY WHERE Settings['log_comment'] = {mark:String}", { mark }),
      )
      if (!hasEnded()) await setTimeout(stopAgainMs)
    }
  }

  /** A stream of the engine would be one Parquet file for each chunk, so the one file is made whole before it is sent. */
  async function* readParquet(lent: MarkedSession, { sql, params }: Read) {
    const path = spool.newPath()
    try {
      await run(lent, `INSERT INTO FUNCTION file(${quoted(path)}, Parquet) ${sql}`, params)
      yield* createReadStream(path) as AsyncIterable<Buffer> // without an encoding it gives buffers
    } finally {
      await rm(path, { force: true })
    }
  }

  return {
    itself: { database: 'default', credentials: '' },
    async *read(size, read) {
      const { signal } = read
      const lent = await pools[size].acquire(signal)
      let hasEnded = false
      let stopping: Promise<unknown> | undefined
      const onAbort = () => {
        stopping = stop(lent, () => hasEnded).catch(() => undefined)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        yield* read.format === 'Parquet' ? readParquet(lent, read) : readChunks(lent, read)
        signal?.throwIfAborted()
      } catch (cause) {
        // A query that failed stays in the engine until its session runs something else.
        await lent.session.queryAsync('SELECT 1').catch(() => undefined)
        signal?.throwIfAborted()
        throwEngineError(cause)
      } finally {
        signal?.removeEventListener('abort', onAbort)
        hasEnded = true
        // A stop that comes late must not hit the next query of this session.
        await stopping
        pools[size].release(lent)
      }
    },
    async *describe({ sql, settings }) {
      // The engine cannot stream this answer; it is small.
      const described = pools.small.use(({ session }) =>
        session.queryAsync(`${sql} SETTINGS ${settingsSql(settings)}`, { format: 'JSONEachRow' }),
      )
      yield (await described.catch(throwEngineError)).bytes()
    },
    command: write,
    insertFile: (path, { table, select, where = '1', params = {}, structure, format, isOrdered = false }) =>
      write(
        `INSERT INTO ${table} SELECT ${select} FROM file(${quoted(path)}, ${format}, ${quoted(structure)}) WHERE ${where}
        SETTINGS ${settingsSql(bodyInsertSettings(isOrdered))}`,
        params,
      ),
    insertLines: (table, lines) =>
      pools.writers
        .use(async ({ session }) => {
          await session.insert({ table, values: lines, format: 'JSONCompactEachRow', settings: lineInsertSettings })
        })
        .catch(throwEngineError),
    async close() {
      // The engine dies with the process when a query still runs: wait for each session to come home.
      for (const pool of [pools.big, pools.small, pools.writers, pools.stoppers]) {
        for (const { session } of await pool.close()) session.close()
      }
      await drainPending()
    },
  }
}

/** The next chunk is made while the last is on its way out; never more than one ahead. */
async function* readChunks({ session }: MarkedSession, { sql, params, format }: Read) {
  const chunks = session.queryStreamBind(sql, params, { format })
  const iterator = chunks[Symbol.asyncIterator]()
  try {
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
}

async function importChdb(): Promise<typeof import('chdb')> {
  try {
    return await import('chdb')
  } catch (cause) {
    throw new BarkeepError('STORE_ENGINE_MISSING', {
      message:
        'chDB, the embedded engine, is not installed for this platform. Set store.url to use a ClickHouse server.',
      cause,
    })
  }
}

function throwEngineError(cause: unknown): never {
  if (cause instanceof BarkeepError || cause instanceof EngineError) throw cause
  throw new EngineError(cause instanceof Error ? cause.message : String(cause), { cause })
}
