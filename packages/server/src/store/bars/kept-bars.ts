import { randomUUID } from 'node:crypto'
import type { KeptInterval } from '@barkeep/core'
import type { Param, Store } from '../store.js'
import { type BarsReach, BarsTurns } from './bars-turns.js'
import type { SourceOrder } from './source-order.js'
import { ToldSources } from './told-sources.js'

/** Bars of one source that are about to be written. */
export interface ToldBars extends BarsReach {
  readonly source: string
  /** Numbers of the instruments. */
  readonly ids: readonly number[]
}

/** A bar that is not kept, since another source is. */
export interface OutrankedBar {
  readonly id: number
  readonly seconds: number
}

/** Tells bars of one interval apart. */
export function barKey({ id, seconds }: OutrankedBar): string {
  return `${id} ${seconds}`
}

interface Tally {
  /** How many bars are not kept, and how many take the place of another source's. */
  readonly lost: number
  readonly won: number
  /** Whether all of them were known later than those. */
  readonly isNewer: boolean
}

/** Rows of a body that are compared with kept ones in one stroke: of an instrument that has more, all. */
const ROWS_AT_ONCE = 2_000_000

/**
 * Where bars are kept: of each instrument and start one in `bars_<interval>`, that of the best source, and what the others
 * said in `bars_<interval>_other`. Reads do not know of the others, so they cost what they cost without.
 *
 * A bar of the same source replaces its old version. Of two sources a final bar comes before one that may still change,
 * then the order decides, then the later one. Where nobody else told bars nearby, bodies are attached without being read.
 */
export class KeptBars {
  readonly #store: Store
  readonly #order: SourceOrder
  readonly #sources: ToldSources
  /** What is compared must not change before it is replaced. */
  readonly #turns = new BarsTurns()

  constructor(store: Store, order: SourceOrder) {
    this.#store = store
    this.#order = order
    this.#sources = new ToldSources(store)
  }

  /** Moves a table of bars of one source to where they belong; doing it again does no harm. */
  async move(table: string, interval: KeptInterval): Promise<void> {
    const [told] = await this.#store.rows<{ source: string; firstSeconds: number; lastSeconds: number }>(
      `SELECT any(source) AS source, toUnixTimestamp(min(ts)) AS firstSeconds, toUnixTimestamp(max(ts)) AS lastSeconds
        FROM ${table} HAVING count() > 0`,
    )
    if (told === undefined) return
    const { source, ...window } = told
    const reach = { interval, ...window }
    await this.#turns.take(reach, async () => {
      const meetsOthers = await this.#meetsOthersIn(table, interval, source)
      await this.#sources.add(source, reach)
      if (meetsOthers) await this.#contest(table, interval, source)
      else await attach(this.#store, table, interval)
    })
  }

  /** Lets `insert` write bars, straight into the kept ones where it can. Gives those that are not kept. */
  append(told: ToldBars, insert: (table: string) => Promise<void>): Promise<OutrankedBar[]> {
    return this.#turns.take(told, async () => {
      const { interval, source } = told
      const meetsOthers = await this.#meetsOthers(told)
      await this.#sources.add(source, told)
      if (!meetsOthers) {
        await insert(`bars_${interval}`)
        return []
      }
      const table = `incoming_${randomUUID().replaceAll('-', '')}`
      await this.#store.command(`CREATE TABLE ${table} AS bars_${interval}`)
      try {
        await insert(table)
        const lost = await this.#contest(table, interval, source)
        return lost === 0 ? [] : await this.outranked(table, interval, source)
      } finally {
        await this.#store.command(`DROP TABLE IF EXISTS ${table} SYNC`)
      }
    })
  }

  /** Bars of a table that will not be kept, from a start on, in seconds since the epoch. */
  async outranked(table: string, interval: KeptInterval, source: string, since = 0): Promise<OutrankedBar[]> {
    if (!(await this.#meetsOthersIn(table, interval, source))) return []
    const found: OutrankedBar[] = []
    for (const { ids } of await this.#slices(table)) {
      const { sql, params } = this.#pairs(table, interval, { source, ids, since })
      found.push(
        ...(await this.#store.rows<OutrankedBar>(
          `SELECT new.instrument AS id, toUnixTimestamp(new.ts) AS seconds ${sql.inner} WHERE ${sql.keptStays}`,
          params,
        )),
      )
    }
    return found
  }

  /** How many bars of a table will not be kept. */
  async countOutranked(table: string, interval: KeptInterval, source: string): Promise<number> {
    if (!(await this.#meetsOthersIn(table, interval, source))) return 0
    let count = 0
    for (const { ids } of await this.#slices(table)) count += (await this.#tally(table, interval, { source, ids })).lost
    return count
  }

  /** Compares bars with those of other sources, and keeps the better ones. Gives how many of the table are not kept. */
  async #contest(table: string, interval: KeptInterval, source: string): Promise<number> {
    const tallies: (Tally & { readonly ids: readonly number[]; readonly rows: number })[] = []
    for (const slice of await this.#slices(table)) {
      tallies.push({ ...slice, ...(await this.#tally(table, interval, { source, ids: slice.ids })) })
    }
    const lost = tallies.reduce((sum, tally) => sum + tally.lost, 0)
    const isAttached = lost === 0 && tallies.every(({ isNewer }) => isNewer)
    for (const { ids, rows, lost: lostOfSlice, won } of tallies) {
      const { sql, params } = this.#pairs(table, interval, { source, ids })
      const into = (target: string, select: string) =>
        this.#store.command(`INSERT INTO bars_${interval}${target} SELECT ${select}`, params)
      // What will be replaced is saved first, so that a crash in between loses nothing and a repetition finds it done.
      if (won > 0) await into('_other', `old.* ${sql.inner} WHERE NOT (${sql.keptStays})`)
      if (lostOfSlice > 0) await into('_other', `new.* ${sql.inner} WHERE ${sql.keptStays}`)
      if (isAttached || lostOfSlice === rows) continue
      // Of two versions the engine keeps the one known later, and a body may have been read before the bar that it replaces.
      const knownAt = 'greatest(new.known_at, old.known_at + toIntervalMillisecond(1)) AS known_at'
      await into('', `new.* REPLACE (${knownAt}) ${sql.left} WHERE old.source = '' OR NOT (${sql.keptStays})`)
    }
    if (isAttached) await attach(this.#store, table, interval)
    return lost
  }

  /** How bars of a table fare against kept ones of other sources. */
  async #tally(table: string, interval: KeptInterval, of: { source: string; ids: readonly number[] }): Promise<Tally> {
    const { sql, params } = this.#pairs(table, interval, of)
    const [tally] = await this.#store.rows<Tally>(
      `SELECT countIf(${sql.keptStays}) AS lost, countIf(NOT (${sql.keptStays})) AS won,
        CAST(max(old.known_at) < (SELECT min(known_at) FROM ${table}), 'Bool') AS isNewer ${sql.inner}`,
      params,
    )
    return tally ?? { lost: 0, won: 0, isNewer: true }
  }

  /** Bars of a table, `new`, beside kept ones of other sources, `old`. */
  #pairs(
    table: string,
    interval: KeptInterval,
    { source, ids, since = 0 }: { source: string; ids: readonly number[]; since?: number },
  ) {
    const params: Record<string, Param> = { source, ids, since }
    const rank = (side: string) => this.#order.rankSql(interval, `${side}.source`, 'new.instrument', params)
    const mine = "instrument IN {ids:Array(UInt32)} AND ts >= toDateTime({since:Int64}, 'UTC')"
    const window = `ts >= (SELECT min(ts) FROM ${table}) AND ts <= (SELECT max(ts) FROM ${table})`
    const told = `(SELECT * FROM ${table} FINAL WHERE ${mine}) AS new`
    const old = `(SELECT * FROM bars_${interval} FINAL WHERE ${mine} AND ${window} AND source != {source:String}) AS old`
    const on = 'ON new.instrument = old.instrument AND new.ts = old.ts'
    const keptStays = `old.final > new.final OR (old.final = new.final AND ${rank('old')} < ${rank('new')})`
    const sql = {
      inner: `FROM ${told} INNER JOIN ${old} ${on}`,
      left: `FROM ${told} LEFT JOIN ${old} ${on}`,
      keptStays,
    }
    return { sql, params }
  }

  /** Numbers of the instruments of a table, so many together as have few enough rows. */
  async #slices(table: string): Promise<{ readonly ids: readonly number[]; readonly rows: number }[]> {
    const counts = await this.#store.rows<{ id: number; n: number }>(
      `SELECT instrument AS id, count() AS n FROM ${table} FINAL GROUP BY id ORDER BY id`,
    )
    const slices: { ids: number[]; rows: number }[] = []
    for (const { id, n } of counts) {
      const slice = slices.at(-1)
      if (slice === undefined || slice.rows + n > ROWS_AT_ONCE) slices.push({ ids: [id], rows: n })
      else {
        slice.ids.push(id)
        slice.rows += n
      }
    }
    return slices
  }

  async #meetsOthersIn(table: string, interval: KeptInterval, source: string): Promise<boolean> {
    if (!(await this.#sources.hasOthers(interval, source))) return false
    return this.#finds(
      interval,
      source,
      `instrument IN (SELECT DISTINCT instrument FROM ${table})
      AND ts >= (SELECT min(ts) FROM ${table}) AND ts <= (SELECT max(ts) FROM ${table})`,
    )
  }

  async #meetsOthers(told: ToldBars): Promise<boolean> {
    const { interval, source, ids, firstSeconds, lastSeconds } = told
    if (!(await this.#sources.hasOthersIn(told, source))) return false
    const window = `instrument IN {ids:Array(UInt32)} AND ts >= toDateTime({firstSeconds:Int64}, 'UTC')
      AND ts <= toDateTime({lastSeconds:Int64}, 'UTC')`
    return this.#finds(interval, source, window, { ids, firstSeconds, lastSeconds })
  }

  async #finds(
    interval: KeptInterval,
    source: string,
    window: string,
    params: Readonly<Record<string, Param>> = {},
  ): Promise<boolean> {
    const sql = `SELECT 1 AS found FROM bars_${interval} WHERE ${window} AND source != {source:String} LIMIT 1`
    return (await this.#store.rows(sql, { ...params, source })).length > 0
  }
}

/** Attaches the parts of a table to the kept bars, without reading them. */
async function attach(store: Store, table: string, interval: KeptInterval): Promise<void> {
  const partitions = await store.rows<{ id: string }>(
    'SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = currentDatabase() AND table = {table:String}',
    { table },
  )
  if (partitions.length === 0) return
  const attached = partitions.map(({ id }) => `ATTACH PARTITION ID '${id}' FROM ${table}`)
  await store.command(`ALTER TABLE bars_${interval} ${attached.join(', ')}`)
}
