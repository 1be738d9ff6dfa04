import type { Params, Store } from './store.js'

export type TaskState = 'waiting' | 'done' | 'dead' | 'dropped'

/** A row of the table `tasks`; the one with the highest version counts. */
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
  /** Position in the queue. */
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
      table: 'tasks',
      select:
        "connector, key, crawl, handler, params, state, attempts, fromUnixTimestamp64Milli(notBeforeMs, 'UTC'), error, place, version",
      structure:
        'connector String, key String, crawl UInt32, handler String, params String, state String, attempts UInt16, notBeforeMs Int64, error String, place UInt64, version UInt64',
      format: 'JSONEachRow',
      body: linesOf(rows),
      bytesMax: Number.POSITIVE_INFINITY,
    })
  }

  /** Waiting tasks of a connector behind a place, in the order of the queue. */
  waiting(connector: string, afterPlace: number, limit: number): Promise<TaskRow[]> {
    return this.#rows(
      "state = 'waiting' AND connector = {connector:String} AND place > {afterPlace:UInt64} ORDER BY place LIMIT {limit:UInt32}",
      {
        connector,
        afterPlace,
        limit,
      },
    )
  }

  dead(connector: string | undefined, limit: number): Promise<TaskRow[]> {
    return this.#rows(
      "state = 'dead' AND ({connector:String} = '' OR connector = {connector:String}) ORDER BY version DESC LIMIT {limit:UInt32}",
      {
        connector: connector ?? '',
        limit,
      },
    )
  }

  ofCrawl(crawl: number, state: TaskState): Promise<TaskRow[]> {
    return this.#rows('crawl = {crawl:UInt32} AND state = {state:String}', { crawl, state })
  }

  /** The states of those of the keys that are known. */
  async states(keys: readonly string[]): Promise<Map<string, { state: TaskState; crawl: number }>> {
    if (keys.length === 0) return new Map()
    const rows = await this.#store.rows<{ key: string; state: TaskState; crawl: number }>(
      'SELECT key, state, crawl FROM tasks FINAL WHERE key IN {keys:Array(String)}',
      { keys },
    )
    return new Map(rows.map(({ key, ...row }) => [key, row]))
  }

  async counts(crawl: number): Promise<Record<TaskState, number>> {
    const rows = await this.#store.rows<{ state: TaskState; n: number }>(
      'SELECT state, count() AS n FROM tasks FINAL WHERE crawl = {crawl:UInt32} GROUP BY state',
      { crawl },
    )
    return { waiting: 0, done: 0, dead: 0, dropped: 0, ...Object.fromEntries(rows.map(({ state, n }) => [state, n])) }
  }

  async last(): Promise<{ place: number; version: number }> {
    const [row] = await this.#store.rows<{ place: number; version: number }>(
      'SELECT max(place) AS place, max(version) AS version FROM tasks',
    )
    return row ?? { place: 0, version: 0 }
  }

  #rows(condition: string, params: Params): Promise<TaskRow[]> {
    return this.#store.rows<TaskRow>(`SELECT ${columns} FROM tasks FINAL WHERE ${condition}`, params)
  }
}

export async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
