import type { Params, Store } from '../store.js'

export type TaskState = 'waiting' | 'done' | 'dead' | 'dropped'

/** A row of the table `crawl_tasks`: a task as one crawl wants it; the one with the highest version counts. */
export interface TaskRow {
  readonly connector: string
  readonly key: string
  readonly crawl: number
  readonly handler: string
  /** JSON. */
  readonly params: string
  readonly state: TaskState
  readonly attempts: number
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number
  readonly error: string
  /** Position in the queue; the same for all crawls that wait for the task. */
  readonly place: number
  readonly version: number
}

const columns = `connector, key, crawl, handler, params, state, attempts, toUnixTimestamp64Milli(not_before) AS notBeforeMs, error, place, version`

/** The tasks of the queue in this process, as they survive it. */
export class TaskTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async write(rows: readonly TaskRow[]): Promise<void> {
    if (rows.length === 0) return
    await this.#store.insert({
      table: 'crawl_tasks',
      select:
        "connector, key, crawl, handler, params, state, attempts, fromUnixTimestamp64Milli(notBeforeMs, 'UTC'), error, place, version",
      structure:
        'connector String, key String, crawl UInt32, handler String, params String, state String, attempts UInt16, notBeforeMs Int64, error String, place UInt64, version UInt64',
      format: 'JSONEachRow',
      body: linesOf(rows),
      bytesMax: Number.POSITIVE_INFINITY,
    })
  }

  /** Waiting tasks behind a place, in the order of the queue: `limit` rows and those of the same task as the last. */
  waiting(connector: string, afterPlace: number, limit: number): Promise<TaskRow[]> {
    return this.#rows(
      "state = 'waiting' AND connector = {connector:String} AND place > {afterPlace:UInt64} ORDER BY place LIMIT {limit:UInt32} WITH TIES",
      { connector, afterPlace, limit },
    )
  }

  /** One row of each dead task, that of the first crawl that wanted it; newest first. */
  dead(connector: string | undefined, limit: number): Promise<TaskRow[]> {
    return this.#rows(
      "state = 'dead' AND ({connector:String} = '' OR connector = {connector:String}) ORDER BY version DESC, crawl LIMIT 1 BY key LIMIT {limit:UInt32}",
      { connector: connector ?? '', limit },
    )
  }

  /** Some dead tasks: `limit` rows and those of the same task as the last. */
  someDead(connector: string, limit: number): Promise<TaskRow[]> {
    return this.#rows("state = 'dead' AND connector = {connector:String} ORDER BY key LIMIT {limit:UInt32} WITH TIES", {
      connector,
      limit,
    })
  }

  /** All rows of tasks. */
  async ofTasks(connectors: readonly string[], keys: readonly string[]): Promise<TaskRow[]> {
    if (keys.length === 0) return []
    return this.#rows('connector IN {connectors:Array(String)} AND key IN {keys:Array(String)}', { connectors, keys })
  }

  /** What waits of a crawl is dropped. */
  drop(crawl: number, version: number): Promise<void> {
    return this.#store.command(
      `INSERT INTO crawl_tasks SELECT connector, key, crawl, handler, params, 'dropped', attempts, not_before, error, place, {version:UInt64}
      FROM crawl_tasks FINAL WHERE crawl = {crawl:UInt32} AND state = 'waiting'`,
      { crawl, version },
    )
  }

  async counts(crawl: number): Promise<Record<TaskState, number>> {
    const rows = await this.#store.rows<{ state: TaskState; n: number }>(
      'SELECT state, count() AS n FROM crawl_tasks FINAL WHERE crawl = {crawl:UInt32} GROUP BY state',
      { crawl },
    )
    return { waiting: 0, done: 0, dead: 0, dropped: 0, ...Object.fromEntries(rows.map(({ state, n }) => [state, n])) }
  }

  async last(): Promise<{ place: number; version: number }> {
    const [row] = await this.#store.rows<{ place: number; version: number }>(
      'SELECT max(place) AS place, max(version) AS version FROM crawl_tasks',
    )
    return row ?? { place: 0, version: 0 }
  }

  #rows(condition: string, params: Params): Promise<TaskRow[]> {
    return this.#store.rows<TaskRow>(`SELECT ${columns} FROM crawl_tasks FINAL WHERE ${condition}`, params)
  }
}

export async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
