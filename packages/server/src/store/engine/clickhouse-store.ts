import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { BarkeepError } from '@barkeep/core'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { EngineError, type Store } from '../store.js'
import { answerUntilException } from './answer-end.js'
import { wholeArrowMessages } from './arrow-messages.js'
import { type BoundQuery, boundQuery } from './bound-query.js'
import type { ClickhouseAddress } from './clickhouse-address.js'
import { clickhouseError } from './clickhouse-error.js'
import { createStore, type Engine, type Read } from './engine.js'
import { bodyInsertSettings, engineSettings, lineInsertSettings, quoted } from './engine-settings.js'
import { SessionPool } from './session-pool.js'
import { openSpool } from './spool.js'

export interface ClickhouseStoreOptions {
  readonly address: ClickhouseAddress
  /** Bodies wait here until they are sent; what is in it is deleted. */
  readonly spoolDirectory: string
  /** Big answers at the same time; small ones and writes do not wait behind them. */
  readonly streamsMax: number
  /** How long the server may say nothing while it works, and a reader of its answer may pause. */
  readonly silenceMsMax: number
}

/** Small answers, and writes, that are asked for at the same time; further ones wait. */
const smallMax = 8
const writesMax = 4

/**
 * A ClickHouse server, over HTTP.
 * Throws STORE_UNAVAILABLE when it does not answer, or refuses the user or the database.
 */
export async function openClickhouseStore(options: ClickhouseStoreOptions): Promise<Store> {
  const store = createStore(clickhouseEngine(options), openSpool(options.spoolDirectory))
  try {
    await store.rows('SELECT 1')
    return store
  } catch (cause) {
    await store.close()
    const error = clickhouseError(cause, options.address)
    if (!(error instanceof EngineError)) throw error
    throw new BarkeepError('STORE_UNAVAILABLE', {
      message: `The ClickHouse server at ${options.address.url} cannot be used: ${error.reason}`,
      cause,
    })
  }
}

type Settings = Readonly<Record<string, number>>

interface WriteRequest extends BoundQuery {
  /** The body, when the query is an insert. */
  readonly values?: Readable
  readonly settings?: Settings
}

function clickhouseEngine({ address, streamsMax, silenceMsMax }: ClickhouseStoreOptions): Engine {
  const { url, user: username, password, database } = address
  const client = createClient({
    url,
    username,
    password,
    // The client would leave `default` out, and the server take the user's own.
    http_headers: { 'X-ClickHouse-Database': database },
    request_timeout: silenceMsMax,
    max_open_connections: streamsMax + smallMax + writesMax,
    clickhouse_settings: {
      ...engineSettings,
      cancel_http_readonly_queries_on_client_close: 1,
      // Else JSON answers of some versions end with an exception in the shape of a row.
      http_write_exception_in_output_format: 0,
      // A reader may pause as long as the server: the server's own default is half a minute.
      http_send_timeout: Math.ceil(silenceMsMax / 1_000),
    },
    // Its own log would show queries and settings; what goes wrong is thrown, and logged by whoever asked.
    log: { level: ClickHouseLogLevel.OFF },
  })
  const slots = (count: number) => new SessionPool(Array.from({ length: count }, (_, slot) => slot))
  const pools = { small: slots(smallMax), big: slots(streamsMax), writes: slots(writesMax) }

  async function* answer(
    size: 'small' | 'big',
    { sql, params, format, settings, signal }: Read & { readonly settings: Settings },
  ) {
    const slot = await pools[size].acquire(signal)
    let stream: Readable | undefined
    const onAbort = () => stream?.destroy()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await client.exec({
        ...boundQuery(`${sql} FORMAT ${format}`, params),
        clickhouse_settings: settings,
        ...(signal && { abort_signal: signal }),
      })
      stream = result.stream
      signal?.throwIfAborted()
      const tag = result.response_headers['x-clickhouse-exception-tag']
      const chunks: AsyncIterable<Buffer> = stream // without an encoding it gives buffers
      const data = answerUntilException(chunks, typeof tag === 'string' ? tag : undefined)
      yield* format === 'ArrowStream' ? wholeArrowMessages(data) : data
    } catch (cause) {
      signal?.throwIfAborted()
      throw clickhouseError(cause, address)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      // A closed connection is how the server learns that nobody waits for the rest.
      stream?.destroy()
      pools[size].release(slot)
    }
  }

  /** The status of a change is known only at its end, so the server is asked to hold its answer back till then. */
  const write = (request: () => WriteRequest) =>
    pools.writes.use(async () => {
      try {
        const { settings, ...query } = request()
        const { stream } = await client.exec({ ...query, clickhouse_settings: { ...settings, wait_end_of_query: 1 } })
        // An answer that breaks off throws here: then nobody knows whether the statement was done.
        await finished(stream.resume())
      } catch (cause) {
        throw clickhouseError(cause, address)
      }
    })

  return {
    // A dictionary asks its own server as `default` without a password, unless it is told who to be.
    itself: {
      database: `\`${database}\``,
      credentials: `USER ${quoted(username)} PASSWORD ${quoted(password)}`,
    },
    read: (size, read) => answer(size, { ...read, settings: {} }),
    describe: ({ sql, settings }) => answer('small', { sql, params: {}, format: 'JSONEachRow', settings }),
    command: (sql, params) => write(() => boundQuery(sql, params)),
    insertFile: (path, { table, select, where = '1', params = {}, structure, format, isOrdered = false }) =>
      write(() => ({
        query: `INSERT INTO ${table} SELECT ${select} FROM input(${quoted(structure)}) WHERE ${where} FORMAT ${format}`,
        query_params: { ...params },
        values: createReadStream(path),
        settings: bodyInsertSettings(isOrdered),
      })),
    insertLines: (table, lines) =>
      write(() => ({
        query: `INSERT INTO ${table} FORMAT JSONCompactEachRow`,
        values: Readable.from([lines], { objectMode: false }),
        settings: lineInsertSettings,
      })),
    async close() {
      await Promise.all([pools.big.close(), pools.small.close(), pools.writes.close()])
      await client.close()
    },
  }
}
