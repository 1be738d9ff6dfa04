import type { IngestReport, KeptInterval } from '@barkeep/core'
import type { Catalog, NumberedInstrument } from '../catalog.js'
import type { StagedWrites } from '../engine/staged-writes.js'
import { EngineError, type InputFormat, type Store } from '../store.js'
import { nameBarFaults } from './bar-faults.js'
import { bodyStructure, readAll } from './bar-rules.js'
import { type BarsAppend, BarsAppender } from './bars-append.js'
import { type BarsWitness, type CommittedBars, postedBars } from './bars-witness.js'
import { insertSound, type SpooledBars } from './insert-sound.js'
import { barKey, type KeptBars } from './kept-bars.js'

export interface BarsBody {
  readonly interval: KeptInterval
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Who told these bars. */
  readonly source: string
}

/** New instruments of one body. */
const NAMES_MAX = 1_000_000

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
  readonly #appender: BarsAppender
  #witness: BarsWitness | undefined

  /** `now` gives milliseconds since the epoch. */
  constructor(store: Store, catalog: Catalog, writes: StagedWrites, kept: KeptBars, now: () => number = Date.now) {
    this.#store = store
    this.#catalog = catalog
    this.#writes = writes
    this.#kept = kept
    const witness = (committed: CommittedBars) => this.#witness?.appended(committed)
    this.#appender = new BarsAppender({ store, catalog, kept, now, witness })
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
   * Without a table of its own it costs a fraction. Throws as `store`, and then nothing was written.
   */
  append(bars: BarsAppend): Promise<CommittedBars> {
    return this.#appender.append(bars)
  }

  async #fill(table: string, body: SpooledBars) {
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
    const lost = new Set((await this.#kept.outranked(table, interval, source, since)).map(barKey))
    return { target: interval, report: { report, rows: witnessed.filter((row) => !lost.has(barKey(row))) } }
  }

  /** Names of instruments in a body; those that cannot be are left out, and so the body stays unsound. */
  async #namesIn(table: string, { spooled, format, interval }: SpooledBars): Promise<string[]> {
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
  async #readSound(
    table: string,
    body: SpooledBars,
    added: readonly NumberedInstrument[],
  ): Promise<number | undefined> {
    await this.#store.command(`TRUNCATE TABLE ${table} SYNC`)
    try {
      await insertSound(this.#catalog, table, body, added)
    } catch (error) {
      if (error instanceof EngineError) return undefined
      throw error
    }
    const [counts] = await this.#store.rows<{ rows: number; keys: number }>(
      `SELECT count() AS rows, uniqExact(bitOr(bitShiftLeft(toUInt64(instrument), 32), toUInt32(ts))) AS keys FROM ${table}`,
    )
    return counts?.rows === counts?.keys ? (counts?.rows ?? 0) : undefined
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
