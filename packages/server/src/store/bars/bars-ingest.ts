import { randomUUID } from 'node:crypto'
import type { Bar, IngestReport, KeptInterval } from '@barkeep/core'
import type { Catalog, NumberedInstrument } from '../catalog.js'
import type { StagedWrites } from '../engine/staged-writes.js'
import { EngineError, type InputFormat, type Params, type SpooledBody, type Store } from '../store.js'
import { nameBarFaults } from './bar-faults.js'
import { barRules, bodyStructure, instantSql, readAll } from './bar-rules.js'
import { type BarsWitness, type CommittedBars, postedBars } from './bars-witness.js'
import type { KeptBars, OutrankedBar } from './kept-bars.js'

export interface BarsBody {
  readonly interval: KeptInterval
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Who told these bars. */
  readonly source: string
}

/** Bars as objects: few, and of a source that can be asked again. */
export interface BarsAppend {
  readonly interval: KeptInterval
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
  readonly source: string
  /** Is told instead of the witness, at once when the bars can be read. */
  readonly onCommitted?: (committed: CommittedBars) => void
}

type Spooled = Omit<BarsBody, 'body' | 'bytesMax'> & {
  readonly spooled: SpooledBody
  /** Milliseconds since the epoch; the engine's clock unless told. */
  readonly knownAtMs?: number
}

/** New instruments of one body. */
const NAMES_MAX = 1_000_000
/** What the dictionary answers for a name that it lacks; no instrument has this number. */
const NO_ID = 4_294_967_295

/**
 * Writes bodies of bars, each wholly or not at all.
 *
 * A sound body is read once, straight into a table like the bars', whose parts are then attached. Where it names new
 * instruments these are found first. Any fault ends that at once, and the body is looked at row by row to name it.
 */
export class BarsIngest {
  readonly #store: Store
  readonly #catalog: Catalog
  readonly #writes: StagedWrites
  readonly #kept: KeptBars
  readonly #now: () => number
  #witness: BarsWitness | undefined
  #appending: Promise<unknown> = Promise.resolve()
  #knownAtMs = 0

  /** `now` gives milliseconds since the epoch. */
  constructor(store: Store, catalog: Catalog, writes: StagedWrites, kept: KeptBars, now: () => number = Date.now) {
    this.#store = store
    this.#catalog = catalog
    this.#writes = writes
    this.#kept = kept
    this.#now = now
  }

  /** Tells one witness of what is committed, in the order in which it is. */
  watch(witness: BarsWitness): void {
    this.#witness = witness
  }

  /**
   * Stores one body. Resolves when its bars can be read.
   * Throws INVALID_BODY, INVALID_ROWS, UNKNOWN_EXCHANGE, BODY_TOO_LARGE; nothing is written then.
   */
  async store({ body, bytesMax, ...rest }: BarsBody): Promise<IngestReport> {
    const spooled = await this.#store.spool(body, bytesMax)
    try {
      const { report, rows } = await this.#writes.write(`AS bars_${rest.interval}`, (table) =>
        this.#fill(table, { ...rest, spooled }),
      )
      if (rows.length > 0) this.#witness?.posted(rest.interval, postedBars(rows, rest.source, this.#catalog))
      return report
    } finally {
      await spooled.dispose()
    }
  }

  /**
   * Adds bars of a source that can be asked again: what a crash leaves half-written, it brings whole the next time.
   * Without a table of its own a small body costs a tenth. Throws as `store`, and then nothing was written.
   */
  append(bars: BarsAppend): Promise<CommittedBars> {
    // One after the other, so that a later `known_at` is a later commit.
    const next = this.#appending.then(() => this.#appendNow(bars))
    this.#appending = next.catch(() => undefined)
    return next
  }

  async #appendNow({ interval, bars, source, onCommitted }: BarsAppend): Promise<CommittedBars> {
    const names = [...new Set(bars.map(({ instrument }) => instrument))]
    const createdInstruments = names.filter((name) => this.#catalog.instrument(name) === undefined)
    await this.#catalog.createMissing(createdInstruments)
    const spooled = await this.#store.spool(linesOf(bars), Number.POSITIVE_INFINITY)
    const knownAtMs = Math.max(this.#now(), this.#knownAtMs + 1)
    this.#knownAtMs = knownAtMs
    const body = { interval, source, format: 'JSONEachRow' as const, spooled, knownAtMs }
    let outranked: readonly OutrankedBar[] = []
    try {
      const told = { interval, source, ...this.#reachOf(bars) }
      outranked = await this.#kept.append(told, (table) => this.#insertSound(table, body, []))
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      await nameBarFaults(this.#store, this.#catalog, body, `incoming_${randomUUID().replaceAll('-', '')}`)
    } finally {
      await spooled.dispose()
    }
    const committed = { interval, source, bars: this.#without(outranked, bars), knownAtMs, createdInstruments }
    const tell = onCommitted ?? this.#witness?.appended
    tell?.(committed)
    return committed
  }

  async #fill(table: string, body: Spooled) {
    // A merge would drop one of two bars with the same key before they are counted.
    await this.#store.command(`SYSTEM STOP MERGES ${table}`)
    let created: readonly string[] = []
    let rows = await this.#readSound(table, body, [])
    if (rows === undefined) {
      const names = await this.#namesIn(table, body)
      rows = await this.#catalog.introduce(names, async (added) => {
        created = added.map(({ instrument }) => instrument)
        return added.length === 0 ? undefined : this.#readSound(table, body, added)
      })
    }
    if (rows === undefined) return nameBarFaults(this.#store, this.#catalog, body, `${table}_rows`)
    const { interval, source } = body
    const met = await this.#countReplaced(table, interval)
    const outranked = met === 0 ? 0 : await this.#kept.countOutranked(table, interval, source)
    const counts = { replaced: met - outranked, ...(outranked > 0 && { outranked }) }
    const report: IngestReport = { interval, rows, ...counts, created_instruments: created }
    const witnessed = (await this.#witness?.readPosted(this.#store, table, interval)) ?? []
    if (outranked === 0 || witnessed.length === 0) return { target: interval, report: { report, rows: witnessed } }
    // What is not kept is not broadcast either.
    const since = Math.min(...witnessed.map(({ seconds }) => seconds))
    const lost = new Set((await this.#kept.outranked(table, interval, source, since)).map(keyOf))
    return { target: interval, report: { report, rows: witnessed.filter((row) => !lost.has(keyOf(row))) } }
  }

  /** Which instruments and starts some bars are of; those with a fault do not matter, as nothing of them is written. */
  #reachOf(bars: BarsAppend['bars']) {
    const ids = new Set(bars.map(({ instrument }) => this.#catalog.instrument(instrument)?.id ?? NO_ID))
    let [firstSeconds, lastSeconds] = [NO_ID, 0]
    for (const { ts } of bars) {
      const seconds = Math.floor(Date.parse(ts) / 1_000)
      if (seconds < firstSeconds) firstSeconds = seconds
      if (seconds > lastSeconds) lastSeconds = seconds
    }
    return { ids: [...ids], firstSeconds, lastSeconds }
  }

  #without(outranked: readonly OutrankedBar[], bars: BarsAppend['bars']): BarsAppend['bars'] {
    if (outranked.length === 0) return bars
    const lost = new Set(outranked.map(keyOf))
    return bars.filter(({ instrument, ts }) => {
      const id = this.#catalog.instrument(instrument)?.id ?? NO_ID
      return !lost.has(keyOf({ id, seconds: Date.parse(ts) / 1_000 }))
    })
  }

  /** Names of instruments in a body; those that cannot be are left out, and so the body stays unsound. */
  async #namesIn(table: string, { spooled, format, interval }: Spooled): Promise<string[]> {
    const found = `${table}_names`
    await this.#store.command(`CREATE TABLE ${found} (name String) ENGINE = MergeTree ORDER BY tuple()`)
    try {
      const structure = bodyStructure(format)
      await spooled.insert({
        table: found,
        select: "DISTINCT ifNull(instrument, '')",
        where: readAll,
        structure,
        format,
      })
      const names = await this.#store.rows<{ name: string }>(`SELECT name FROM ${found} LIMIT ${NAMES_MAX}`)
      return names.map(({ name }) => name).filter((name) => this.#catalog.canBe(name))
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      return nameBarFaults(this.#store, this.#catalog, { spooled, format, interval }, `${table}_rows`)
    } finally {
      await this.#store.command(`DROP TABLE IF EXISTS ${found} SYNC`)
    }
  }

  /** Reads a body in one go. Gives its rows, or undefined when it has a fault, a new instrument or a bar twice. */
  async #readSound(table: string, body: Spooled, added: readonly NumberedInstrument[]): Promise<number | undefined> {
    await this.#store.command(`TRUNCATE TABLE ${table} SYNC`)
    try {
      await this.#insertSound(table, body, added)
    } catch (error) {
      if (error instanceof EngineError) return undefined
      throw error
    }
    const [counts] = await this.#store.rows<{ rows: number; keys: number }>(
      `SELECT count() AS rows, uniqExact(bitOr(bitShiftLeft(toUInt64(instrument), 32), toUInt32(ts))) AS keys FROM ${table}`,
    )
    return counts?.rows === counts?.keys ? (counts?.rows ?? 0) : undefined
  }

  /** Inserts all bars of a body. Throws EngineError when one breaks a rule or its instrument is not known. */
  #insertSound(
    table: string,
    { spooled, format, interval, source, knownAtMs }: Spooled,
    added: readonly NumberedInstrument[],
  ): Promise<void> {
    const broken = barRules(interval, this.#catalog.exchanges).map((rule) => `ifNull(${rule.broken}, false)`)
    return spooled.insert({
      table,
      select: `${idSql(added)} AS id,
        toDateTime(assumeNotNull(${instantSql(format)} AS instant), 'UTC'), assumeNotNull(open), assumeNotNull(high), assumeNotNull(low),
        assumeNotNull(close), assumeNotNull(volume), turnover, trades, {source:String}, ifNull(final, true),
        ${knownAtMs === undefined ? 'now64(3)' : "fromUnixTimestamp64Milli({knownAtMs:Int64}, 'UTC')"}`,
      where: `throwIf(id = ${NO_ID} OR ${broken.join(' OR ')}) = 0`,
      params: { source, ...addedParams(added), ...(knownAtMs !== undefined && { knownAtMs }) },
      structure: bodyStructure(format),
      format,
    })
  }

  /** Counts bars that will be replaced; the dear part runs only where the windows meet at all. */
  async #countReplaced(table: string, interval: KeptInterval): Promise<number> {
    const near =
      await this.#count(`SELECT count() AS n FROM bars_${interval} WHERE instrument IN (SELECT instrument FROM ${table})
      AND ts >= (SELECT min(ts) FROM ${table}) AND ts <= (SELECT max(ts) FROM ${table})`)
    if (near === 0) return 0
    return this.#count(`SELECT count() AS n FROM bars_${interval} FINAL
      WHERE instrument IN (SELECT instrument FROM ${table}) AND (instrument, ts) IN (SELECT instrument, ts FROM ${table})`)
  }

  async #count(sql: string): Promise<number> {
    return (await this.#store.rows<{ n: number }>(sql))[0]?.n ?? 0
  }
}

function keyOf({ id, seconds }: OutrankedBar): string {
  return `${id} ${seconds}`
}

async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** The number of a row's instrument: of one that is known, of one that this body brings, or NO_ID. */
function idSql(added: readonly NumberedInstrument[]): string {
  const known = `toUInt32(dictGetOrDefault('instrument_ids', 'id', tuple(ifNull(instrument, '')), toUInt64(${NO_ID})))`
  if (added.length === 0) return known
  return `if((${known} AS known_id) != ${NO_ID}, known_id,
    transform(ifNull(instrument, ''), {names:Array(String)}, {ids:Array(UInt32)}, toUInt32(${NO_ID})))`
}

function addedParams(added: readonly NumberedInstrument[]): Params {
  if (added.length === 0) return {}
  return { names: added.map(({ instrument }) => instrument), ids: added.map(({ id }) => id) }
}
