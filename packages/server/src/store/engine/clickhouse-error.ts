import { BarkeepError } from '@barkeep/core'
import { ClickHouseError } from '@clickhouse/client'
import { EngineError } from '../store.js'
import type { ClickhouseAddress } from './clickhouse-address.js'

const unknownDatabase = '81'
/** Unknown user, wrong password, password missing, and what newer servers answer for all of these. */
const refusedUser = ['192', '193', '194', '516']

/**
 * What went wrong between here and a ClickHouse server: an EngineError when it refused the query, else
 * STORE_UNAVAILABLE. Messages name the server by its address, never by what was in its answer or the password.
 */
export function clickhouseError(cause: unknown, { url, user, database }: ClickhouseAddress): unknown {
  if (cause instanceof BarkeepError || cause instanceof EngineError) return cause
  const unavailable = (message: string) => new BarkeepError('STORE_UNAVAILABLE', { message, cause })
  if (cause instanceof ClickHouseError) {
    const { code, type, message } = cause
    if (refusedUser.includes(code))
      return unavailable(`${url} refuses the user '${user}'. Check store.user and store.password.`)
    if (code === unknownDatabase)
      return unavailable(`${url} has no database '${database}'. Create it there, or mend store.database.`)
    return new EngineError(`Code: ${code}. DB::Exception: ${message.trim()} (${type})`, { cause })
  }
  return unavailable(`No ClickHouse server answers at ${url} (${faultOf(cause)}). Check that it runs, and store.url.`)
}

function faultOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown fault'
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause.message === 'Timeout error.'
    ? 'it was silent for longer than store.silenceMsMax'
    : 'its answer is not one of ClickHouse'
}
