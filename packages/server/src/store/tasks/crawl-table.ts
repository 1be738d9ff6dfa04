import type { Params, Store } from '../store.js'

/** `planned` when all first tasks are in the queue. */
export type StoredCrawlState = 'planning' | 'planned' | 'cancelled'

export interface StoredCrawl {
  readonly id: number
  /** JSON of the order. */
  readonly definition: string
  readonly state: StoredCrawlState
}

/** The crawls that were ordered. */
export class CrawlTable {
  readonly #store: Store
  #last: Promise<number>

  constructor(store: Store) {
    this.#store = store
    this.#last = store.rows<{ id: number }>('SELECT max(id) AS id FROM crawls').then(([row]) => row?.id ?? 0)
  }

  async create(definition: string): Promise<StoredCrawl> {
    this.#last = this.#last.then((last) => last + 1)
    const id = await this.#last
    await this.#write(id, definition, 'planning')
    return { id, definition, state: 'planning' }
  }

  async setState(id: number, state: StoredCrawlState): Promise<void> {
    const crawl = await this.find(id)
    if (crawl !== undefined) await this.#write(id, crawl.definition, state)
  }

  async find(id: number): Promise<StoredCrawl | undefined> {
    return (await this.#rows('id = {id:UInt32}', { id }))[0]
  }

  inState(state: StoredCrawlState): Promise<StoredCrawl[]> {
    return this.#rows('state = {state:String} ORDER BY id', { state })
  }

  newest(limit: number): Promise<StoredCrawl[]> {
    return this.#rows('1 ORDER BY id DESC LIMIT {limit:UInt32}', { limit })
  }

  #rows(condition: string, params: Params): Promise<StoredCrawl[]> {
    return this.#store.rows<StoredCrawl>(`SELECT id, definition, state FROM crawls FINAL WHERE ${condition}`, params)
  }

  #write(id: number, definition: string, state: StoredCrawlState): Promise<void> {
    return this.#store.command(
      'INSERT INTO crawls SELECT {id:UInt32}, {definition:String}, {state:String}, toUnixTimestamp64Micro(now64(6))',
      { id, definition, state },
    )
  }
}
