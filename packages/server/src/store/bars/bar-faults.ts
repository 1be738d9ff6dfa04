import { BarkeepError, type ErrorDetail, type KeptInterval, parseInstrument } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import { EngineError, type InputFormat, type SpooledBody, type Store } from '../store.js'
import { type BarRule, barRules, bodyStructure, instantSql, readAll } from './bar-rules.js'

/** Rows of a bad body that are named in the error; the rest are counted. */
const FAULTS_NAMED_MAX = 100

/**
 * Looks at a body of bars that the fast way refused, row by row, and throws what is wrong with it, each fault by its row:
 * INVALID_BODY, INVALID_ROWS, UNKNOWN_EXCHANGE.
 */
export async function nameBarFaults(
  store: Store,
  catalog: Catalog,
  body: { readonly spooled: SpooledBody; readonly format: InputFormat; readonly interval: KeptInterval },
  table: string,
): Promise<never> {
  const { spooled, format, interval } = body
  await store.command(`CREATE TABLE ${table} (row UInt64, instrument LowCardinality(String), instant Nullable(DateTime64(3, 'UTC')),
    fault Tuple(String, String)) ENGINE = MergeTree ORDER BY tuple()`)
  try {
    await spooled.insert({
      table,
      select: `rowNumberInAllBlocks(), ifNull(instrument, ''), ${instantSql(format)} AS instant, ${faultSql(barRules(interval, catalog.exchanges))}`,
      where: readAll,
      structure: bodyStructure(format),
      format,
      isOrdered: true,
    })
    await refuseNames(store, catalog, table)
    await refuseFaults(store, table)
    throw new Error('A body without a fault was refused.')
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new BarkeepError('INVALID_BODY', { message: `The body cannot be read: ${error.reason}`, cause: error })
  } finally {
    await store.command(`DROP TABLE IF EXISTS ${table} SYNC`)
  }
}

function faultSql(rules: readonly BarRule[]): string {
  const branches = rules.map(({ broken, field, reason }) => `ifNull(${broken}, false), ('${field}', '${reason}')`)
  return `multiIf(${branches.join(', ')}, ('', ''))`
}

async function refuseNames(store: Store, catalog: Catalog, table: string): Promise<void> {
  const found = await store.rows<{ name: string; row: number }>(
    `SELECT instrument AS name, min(row) AS row FROM ${table} GROUP BY name ORDER BY row`,
  )
  const faults: ErrorDetail[] = []
  for (const { name, row } of found) {
    try {
      catalog.exchange(parseInstrument(name).exchange)
    } catch (error) {
      if (!(error instanceof BarkeepError) || error.code === 'UNKNOWN_EXCHANGE') throw error
      if (faults.length < FAULTS_NAMED_MAX) faults.push(rowFault(row, 'instrument', error.message))
    }
  }
  refuse(faults, faults.length)
}

async function refuseFaults(store: Store, table: string): Promise<void> {
  const faults = await store.rows<{ row: number; field: string; reason: string; total: number }>(
    `SELECT row, fault.1 AS field, fault.2 AS reason, count() OVER () AS total
     FROM ${table} WHERE fault.1 != '' ORDER BY row LIMIT ${FAULTS_NAMED_MAX}`,
  )
  refuse(
    faults.map(({ row, field, reason }) => rowFault(row, field, reason)),
    faults[0]?.total ?? 0,
  )
  const twice = await store.rows<{ row: number }>(
    `SELECT max(row) AS row FROM ${table} GROUP BY instrument, instant HAVING count() > 1 ORDER BY row LIMIT ${FAULTS_NAMED_MAX}`,
  )
  refuse(
    twice.map(({ row }) => rowFault(row, 'ts', 'the body has two bars of this instrument at this ts')),
    twice.length,
  )
}

function rowFault(index: number, field: string, message: string): ErrorDetail {
  return { code: 'INVALID_ROWS', resource: 'bars', field, index, message }
}

function refuse(faults: readonly ErrorDetail[], total: number): void {
  const [first] = faults
  if (first === undefined) return
  const more = total > 1 ? `, and ${total - 1} more` : ''
  throw new BarkeepError('INVALID_ROWS', {
    message: `Nothing was written: row ${first.index}: ${first.message}${more}.`,
    errors: faults,
  })
}
