import { randomUUID } from 'node:crypto'
import type { IngestReport, KeptInterval } from '@barkeep/core'
import { nameBarFaults } from './bar-faults.js'
import { barRules, bodyStructure, instantSql, readAll } from './bar-rules.js'
import type { Catalog, NumberedInstrument } from './catalog.js'
import type { StagedWrites } from './staged-writes.js'
import { EngineError, type InputFormat, type Params, type SpooledBody, type Store } from './store.js'

export interface BarsBody {
  readonly interval: KeptInterval
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Who told these bars. */
  readonly source: string
}

type Spooled = Omit<BarsBody, 'body' | 'bytesMax'> & { readonly spooled: SpooledBody }

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

  constructor(store: Store, catalog: Catalog, writes: StagedWrites) {
    this.#store = store
    this.#catalog = catalog
    this.#writes = writes
  }

  /**
   * Stores one body. Resolves when its bars can be read.
   * Throws INVALID_BODY, INVALID_ROWS, UNKNOWN_EXCHANGE, BODY_TOO_LARGE; nothing is written then.
   */
  async store({ body, bytesMax, ...rest }: BarsBody): Promise<IngestReport> {
    const spooled = await this.#store.spool(body, bytesMax)
    try {
      return await this.#writes.write(`AS bars_${rest.interval}`, (table) => this.#fill(table, { ...rest, spooled }))
    } finally {
      await spooled.dispose()
    }
  }

  /**
   * Adds bars of a source that can be asked again: what a crash leaves half-written, it brings whole the next time.
   * Without a table of its own a small body costs a tenth. Throws as `store`, and then nothing was written.
   */
  async append({ body, bytesMax, ...rest }: BarsBody, instruments: ReadonlySet<string>): Promise<void> {
    await this.#catalog.createMissing(instruments)
    const spooled = await this.#store.spool(body, bytesMax)
    try {
      await this.#insertSound(`bars_${rest.interval}`, { ...rest, spooled }, [])
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      await nameBarFaults(
        this.#store,
        this.#catalog,
        { ...rest, spooled },
        `incoming_${randomUUID().replaceAll('-', '')}`,
      )
    } finally {
      await spooled.dispose()
    }
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
    const { interval } = body
    const replaced = await this.#countReplaced(table, interval)
    return { target: interval, report: { interval, rows, replaced, created_instruments: created } }
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
    { spooled, format, interval, source }: Spooled,
    added: readonly NumberedInstrument[],
  ): Promise<void> {
    const broken = barRules(interval, this.#catalog.exchanges).map((rule) => `ifNull(${rule.broken}, false)`)
    return spooled.insert({
      table,
      select: `${idSql(added)} AS id,
        toDateTime(assumeNotNull(${instantSql(format)} AS instant), 'UTC'), assumeNotNull(open), assumeNotNull(high), assumeNotNull(low),
        assumeNotNull(close), assumeNotNull(volume), turnover, trades, {source:String}, ifNull(final, true), now64(3)`,
      where: `throwIf(id = ${NO_ID} OR ${broken.join(' OR ')}) = 0`,
      params: { source, ...addedParams(added) },
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

/** Moves committed bars to the table of their interval, part by part, without reading them. */
export async function moveBars(store: Store, table: string, interval: KeptInterval): Promise<void> {
  const partitions = await store.rows<{ id: string }>(
    'SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = currentDatabase() AND table = {table:String}',
    { table },
  )
  if (partitions.length === 0) return
  const attached = partitions.map(({ id }) => `ATTACH PARTITION ID '${id}' FROM ${table}`)
  await store.command(`ALTER TABLE bars_${interval} ${attached.join(', ')}`)
}
