import { BarkeepError } from '@barkeep/core'
import { EngineError, type Params, type Store } from '../../store/store.js'

const tooManyRows = 158
const memoryExceeded = 241
const RETRY_MS = 5_000
/** How long a count of the rows of the store is taken for good. */
const COUNT_MS_MAX = 10_000

/**
 * A store for reads on behalf of callers, each of which may make the engine look at so many rows at most.
 *
 * What has no limit of its own is estimated first, from the index, so that it is refused before its answer begins. That
 * is spared in a store with fewer rows than allowed. What has a limit ends early as a rule, so only the engine's own count
 * stops it. `now` gives milliseconds since the epoch.
 * Throws REQUEST_TOO_COMPLEX, and OVER_CAPACITY when the engine has no memory left for a query.
 */
export function limitCost(store: Store, rowsReadMax: number, now: () => number): Store {
  const limited = (sql: string) => `${sql} SETTINGS max_rows_to_read = ${rowsReadMax}`
  const tooComplex = (rows?: number, cause?: unknown) =>
    new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: `The request makes the store read ${rows === undefined ? 'more' : `about ${rows} rows, more`} than api.rowsReadMax = ${rowsReadMax}${rows === undefined ? ' rows' : ''}. Ask for fewer instruments or a shorter window.`,
      cause,
    })
  const explained = (cause: unknown) => {
    if (!(cause instanceof EngineError)) return cause
    if (cause.engineCode === tooManyRows) return tooComplex(undefined, cause)
    if (cause.engineCode !== memoryExceeded) return cause
    return new BarkeepError('OVER_CAPACITY', {
      message: 'The store has no memory left for this request beside the others. Try again, or ask for less.',
      retry: { afterMs: RETRY_MS },
      cause,
    })
  }
  let counted: { readonly atMs: number; readonly rows: Promise<number> } | undefined
  const rowsInStore = () => {
    if (counted === undefined || now() - counted.atMs > COUNT_MS_MAX) {
      counted = { atMs: now(), rows: countRows(store) }
      // A failure is not remembered.
      counted.rows.catch(() => {
        counted = undefined
      })
    }
    return counted.rows
  }
  const refuseEstimate = async (sql: string, params: Params) => {
    if ((await rowsInStore()) <= rowsReadMax) return
    const [estimate] = await store.rows<{ rows: number }>(
      `SELECT sum(rows) AS rows FROM (EXPLAIN ESTIMATE ${sql})`,
      params,
    )
    if ((estimate?.rows ?? 0) > rowsReadMax) throw tooComplex(estimate?.rows)
  }
  return {
    ...store,
    async rows<Row>(sql: string, params?: Params) {
      try {
        return await store.rows<Row>(limited(sql), params)
      } catch (cause) {
        throw explained(cause)
      }
    },
    async *stream(sql, params, format, signal) {
      try {
        if (!hasLimit.test(sql)) await refuseEstimate(sql, params)
        yield* store.stream(limited(sql), params, format, signal)
      } catch (cause) {
        throw explained(cause)
      }
    },
  }
}

const hasLimit = /\bLIMIT \d+(?: OFFSET \d+)?\s*$/

async function countRows(store: Store): Promise<number> {
  const [parts] = await store.rows<{ rows: number }>(
    'SELECT sum(rows) AS rows FROM system.parts WHERE active AND database = currentDatabase()',
  )
  return parts?.rows ?? 0
}
