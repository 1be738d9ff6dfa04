import { BarkeepError, type ErrorDetail, type IngestReport, type KeptInterval, parseInstrument } from '@barkeep/core'
import type { Catalog } from './catalog.js'
import { sessionSql } from './session-sql.js'
import type { StagedWrites } from './staged-writes.js'
import { EngineError, type InputFormat, type Store } from './store.js'

export interface BarsBody {
  readonly interval: KeptInterval
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Who told these bars. */
  readonly source: string
}

/** Rows of a bad body that are named in the error; the rest are counted. */
const FAULTS_NAMED_MAX = 100

const numberColumns =
  'open Nullable(Float64), high Nullable(Float64), low Nullable(Float64), close Nullable(Float64), volume Nullable(Int64), turnover Nullable(Float64), trades Nullable(Int64), final Nullable(Bool)'
const numbersRead = 'open, high, low, close, volume, turnover, trades, ifNull(final, true)'

const stagedColumns = `row UInt64, instrument LowCardinality(String), ts Nullable(DateTime64(3, 'UTC')), ${numberColumns},
  source LowCardinality(String), known_at DateTime64(3, 'UTC')`

/** Writes bodies of bars, each wholly or not at all. */
export class BarsIngest {
  readonly #store: Store
  readonly #catalog: Catalog
  readonly #writes: StagedWrites

  constructor(store: Store, catalog: Catalog, writes: StagedWrites) {
    this.#store = store
    this.#catalog = catalog
    this.#writes = writes
  }

  /**
   * Stores one body. Resolves when its bars can be read.
   * Throws INVALID_BODY, INVALID_ROWS, UNKNOWN_EXCHANGE, BODY_TOO_LARGE; nothing is written then.
   */
  store(body: BarsBody): Promise<IngestReport> {
    const { interval } = body
    return this.#writes.write(stagedColumns, async (table) => {
      await this.#read(table, body)
      const names = await this.#instrumentNames(table)
      await this.#refuseFaults(table, interval)
      const created = await this.#catalog.createMissing(names)
      const rows = await this.#count(`SELECT count() AS n FROM ${table}`)
      const replaced = await this.#countReplaced(table, interval)
      return { target: interval, report: { interval, rows, replaced, created_instruments: created } }
    })
  }

  async #read(table: string, { format, body, bytesMax, source }: Omit<BarsBody, 'interval'>): Promise<void> {
    // Text must carry an offset; Arrow's instants are UTC by their type.
    const text = format !== 'ArrowStream'
    const ts = text
      ? "if(endsWith(ts, 'Z') OR match(ts, 'T.*[+-]\\\\d\\\\d:\\\\d\\\\d$'), parseDateTime64BestEffortOrNull(ts, 3, 'UTC'), NULL)"
      : 'ts'
    try {
      await this.#store.insert({
        table,
        select: `rowNumberInAllBlocks(), ifNull(instrument, ''), ${ts}, ${numbersRead}, {source:String}, now64(3)`,
        params: { source },
        structure: `instrument Nullable(String), ts ${text ? 'String' : "Nullable(DateTime64(3, 'UTC'))"}, ${numberColumns}`,
        format,
        body,
        bytesMax,
      })
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      throw new BarkeepError('INVALID_BODY', { message: `The body cannot be read: ${error.reason}`, cause: error })
    }
  }

  async #instrumentNames(table: string): Promise<string[]> {
    const found = await this.#store.rows<{ name: string; row: number }>(
      `SELECT instrument AS name, min(row) AS row FROM ${table} GROUP BY name ORDER BY row`,
    )
    const faults: ErrorDetail[] = []
    for (const { name, row } of found) {
      try {
        this.#catalog.exchange(parseInstrument(name).exchange)
      } catch (error) {
        if (!(error instanceof BarkeepError)) throw error
        if (error.code === 'UNKNOWN_EXCHANGE' || faults.length < FAULTS_NAMED_MAX)
          faults.push(rowFault(row, 'instrument', error.message))
        if (error.code === 'UNKNOWN_EXCHANGE') throw error
      }
    }
    refuse(faults, faults.length)
    return found.map(({ name }) => name)
  }

  async #refuseFaults(table: string, interval: KeptInterval): Promise<void> {
    const faults = await this.#store.rows<{ row: number; field: string; reason: string; total: number }>(
      `SELECT row, fault.1 AS field, fault.2 AS reason, count() OVER () AS total
       FROM (SELECT row, ${this.#faultSql(interval)} AS fault FROM ${table}) WHERE fault.1 != '' ORDER BY row LIMIT ${FAULTS_NAMED_MAX}`,
    )
    refuse(
      faults.map(({ row, field, reason }) => rowFault(row, field, reason)),
      faults[0]?.total ?? 0,
    )
    const twice = await this.#store.rows<{ row: number }>(
      `SELECT max(row) AS row FROM ${table} GROUP BY instrument, ts HAVING count() > 1 ORDER BY row LIMIT ${FAULTS_NAMED_MAX}`,
    )
    refuse(
      twice.map(({ row }) => rowFault(row, 'ts', 'the body has two bars of this instrument at this ts')),
      twice.length,
    )
  }

  /** The rules of core's barFault, and that a bar starts where bars of its interval start. */
  #faultSql(interval: KeptInterval): string {
    const rules = [
      ['ts IS NULL', 'ts', 'ts is missing or not an instant with an offset, such as 2026-11-20T01:00:00Z'],
      [
        "ts < toDateTime64(0, 3, 'UTC') OR toUnixTimestamp64Milli(ts) >= 4294967296000",
        'ts',
        'ts lies outside 1970 to 2106',
      ],
      ['toUnixTimestamp64Milli(ts) % 1000 != 0', 'ts', 'a bar starts on a whole second'],
      ['NOT isFinite(ifNull(open + high + low + close, nan))', 'open', 'a price is missing or not a number'],
      ['least(open, high, low, close) < 0', 'open', 'a price is negative'],
      ['least(open, high, low, close) = 0', 'open', 'a price is zero'],
      ['high < low', 'high', 'high is below low'],
      ['open < low OR open > high', 'open', 'open is outside low and high'],
      ['close < low OR close > high', 'close', 'close is outside low and high'],
      ['volume IS NULL', 'volume', 'volume is missing'],
      ['volume < 0', 'volume', 'volume is negative'],
      ['turnover < 0 OR NOT isFinite(ifNull(turnover, 0))', 'turnover', 'turnover is negative or not a number'],
      ['trades < 0', 'trades', 'trades is negative'],
      ['trades > 4294967295', 'trades', 'trades is larger than 4294967295'],
    ]
    if (interval === '1d')
      rules.push([`NOT (${this.#startsAtOpen()})`, 'ts', 'a day bar starts at the open of its session'])
    else rules.push(['toUnixTimestamp64Milli(ts) % 60000 != 0', 'ts', 'a bar starts on a whole minute'])
    return `multiIf(${rules.map(([broken, field, reason]) => `ifNull(${broken}, false), ('${field}', '${reason}')`).join(', ')}, ('', ''))`
  }

  #startsAtOpen(): string {
    const branches = this.#catalog.exchanges.map((exchange) => {
      const clock = sessionSql(exchange)
      const instant = "toDateTime(assumeNotNull(ts), 'UTC')"
      return `startsWith(instrument, '${exchange.code}:'), ts = ${clock.openInstant(clock.date(instant))}`
    })
    return `multiIf(${branches.join(', ')}, true)`
  }

  /** Counts bars that will be replaced; the dear part runs only where the windows meet at all. */
  async #countReplaced(table: string, interval: KeptInterval): Promise<number> {
    const keys = `SELECT i.id, toDateTime(assumeNotNull(c.ts), 'UTC') AS ts FROM ${table} AS c INNER JOIN (SELECT id, instrument FROM instruments FINAL) AS i ON i.instrument = c.instrument`
    const near = await this.#count(`SELECT count() AS n FROM bars_${interval}
      WHERE instrument IN (SELECT id FROM (${keys})) AND ts >= (SELECT min(ts) FROM ${table}) AND ts <= (SELECT max(ts) FROM ${table})`)
    if (near === 0) return 0
    return this.#count(`SELECT count() AS n FROM bars_${interval} FINAL
      WHERE instrument IN (SELECT id FROM (${keys})) AND (instrument, ts) IN (${keys})`)
  }

  async #count(sql: string): Promise<number> {
    return (await this.#store.rows<{ n: number }>(sql))[0]?.n ?? 0
  }
}

/** Moves committed bars to the table of their interval. */
export function moveBarsSql(table: string, interval: KeptInterval): string {
  return `INSERT INTO bars_${interval}
    SELECT i.id, toDateTime(assumeNotNull(c.ts), 'UTC'), assumeNotNull(open), assumeNotNull(high), assumeNotNull(low), assumeNotNull(close),
      assumeNotNull(volume), turnover, trades, c.source, assumeNotNull(final), c.known_at
    FROM ${table} AS c INNER JOIN (SELECT id, instrument FROM instruments FINAL) AS i ON i.instrument = c.instrument`
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
