import type { Store } from '../store.js'
import { type Block, type BlockRow, readBlock } from './dataset-block.js'
import { type DatasetRead, placeText, type RowPosition, rowsQuery, totalQuery } from './dataset-sql.js'
import { PageCache, type Sized } from './page-cache.js'

export interface DatasetPage {
  /** Rows as JSON lines; not to be written to. */
  readonly lines: Uint8Array
  /** Where the page ends; null on the last. */
  readonly next: RowPosition | null
  /** Rows over all pages; absent where counting them takes long. */
  readonly total?: number
}

export interface DatasetPagesOptions {
  /** Rows that are read ahead when a page is asked for; 0 turns reading ahead off. */
  readonly rowsAhead: number
  /** Bytes of rows that are held. */
  readonly bytesMax: number
}

/** Blocks of one list that are held; a reader needs one, and may share the list with others. */
const BLOCKS_MAX = 8
/** A block takes at most this part of the cache. */
const BLOCK_PART = 1 / 8

/** One list of rows, as of one version of its dataset: the same filters, sort and fields. */
interface List extends Sized {
  readonly blocks: readonly Block[]
  /** Rows of it are so long that reading ahead does not pay. */
  readonly isWide: boolean
}

/**
 * Small pages without a query for each: a page reads the rows after it as well, and those that follow are cut from them.
 * What a write changes is read anew, so an answer is the same with and without.
 */
export class DatasetPages {
  readonly #store: Store
  readonly #rowsAhead: number
  readonly #blockBytesMax: number
  readonly #lists: PageCache<List>
  readonly #totals: PageCache<Sized & { readonly total: number }>
  readonly #rows: PageCache<Sized & { readonly row: BlockRow }>
  /** Datasets of which one row was asked for. */
  readonly #asked: PageCache<Sized>
  readonly #loading = new Map<string, Promise<Block | undefined>>()

  constructor(store: Store, { rowsAhead, bytesMax }: DatasetPagesOptions) {
    this.#store = store
    this.#rowsAhead = rowsAhead
    this.#blockBytesMax = bytesMax * BLOCK_PART
    this.#lists = new PageCache(bytesMax)
    this.#totals = new PageCache(bytesMax * BLOCK_PART)
    this.#rows = new PageCache(bytesMax * BLOCK_PART)
    this.#asked = new PageCache(bytesMax * BLOCK_PART)
  }

  /** The page of `limit` rows after `read.after`; undefined where it is better read by itself. */
  async page(read: DatasetRead, limit: number): Promise<DatasetPage | undefined> {
    const key = this.#keyOf(read)
    if (!this.#readsAhead(read, key, limit)) return undefined
    const after = read.after === undefined ? '' : placeText(read.after)
    const indexIn = (block: Block) => {
      if (after === '') return block.offset === 0 ? 0 : undefined
      return block.after === after ? 0 : block.indexAfter(after)
    }
    const held = this.#find(key, indexIn, limit)
    if (held?.isWhole === true) return this.#cut(read, held, limit)
    const offset = held === undefined ? undefined : offsetOf(held)
    const block = await this.#load(key, read, after === '' ? 0 : offset)
    return block === undefined ? undefined : this.#cut(read, { block, index: 0 }, limit)
  }

  /** The rows `[start, start + take)` of the list; undefined where they are better read by themselves. */
  async slice(read: DatasetRead, start: number, take: number): Promise<DatasetPage | undefined> {
    const key = this.#keyOf(read)
    if (!this.#readsAhead(read, key, take)) return undefined
    const indexIn = ({ offset, rows, isLast }: Block) => {
      if (offset === undefined || start < offset) return undefined
      if (start <= offset + rows) return start - offset
      return isLast && (rows > 0 || offset === 0) ? rows : undefined
    }
    const held = this.#find(key, indexIn, take)
    if (held?.isWhole === true) return this.#cut(read, held, take)
    // Blocks that begin at fixed places serve who pages backwards, too.
    const aligned = start - (start % this.#rowsAhead)
    const offset = start + take > aligned + this.#rowsAhead ? start : aligned
    const block = await this.#load(key, { ...read, offset }, offset)
    return block === undefined ? undefined : this.#cut(read, { block, index: start - offset }, take)
  }

  /**
   * The one row that `read` names by a value for each column of the key: out of what is held, or by a query. From a small
   * dataset the second row that nobody holds brings all others. Undefined where there is no such row.
   */
  async row(read: DatasetRead): Promise<BlockRow | undefined> {
    const { source, filters } = read
    if (source.version === undefined || this.#rowsAhead === 0) return this.#queryRow(read)
    const key = this.#totalKeyOf(read)
    const all: DatasetRead = { source, columns: source.dataset.columns, filters: [], sort: [] }
    const columns = filters.map(({ column }) => column.name)
    const texts = filters.map(({ values }) => values[0] ?? '')
    const inBlocks = () => {
      for (const block of this.#lists.get(this.#keyOf(all))?.blocks ?? []) {
        const row = block.find(columns, texts)
        if (row !== undefined) return row
      }
      return undefined
    }
    const held = this.#rows.get(key)?.row ?? inBlocks()
    if (held !== undefined) return held
    const isSmall = this.#isAskedAgain(all) && source.isLarge !== true && (await this.total(all)) <= this.#rowsAhead
    if (isSmall) await this.slice(all, 0, 1)
    const row = (isSmall ? inBlocks() : undefined) ?? (await this.#queryRow(read))
    if (row !== undefined) this.#rows.set(key, { row, bytes: 2 * key.length + JSON.stringify(row).length })
    return row
  }

  /** Rows that the filters leave, over all pages. */
  async total(read: Pick<DatasetRead, 'source' | 'filters'>): Promise<number> {
    const key = this.#totalKeyOf(read)
    const isCounted = read.source.version !== undefined
    const known = isCounted ? this.#totals.get(key) : undefined
    if (known !== undefined) return known.total
    const { sql, params } = totalQuery(read)
    const total = (await this.#store.rows<{ '#n': number }>(sql, params))[0]?.['#n'] ?? 0
    if (isCounted) this.#totals.set(key, { total, bytes: key.length })
    return total
  }

  async #queryRow(read: DatasetRead): Promise<BlockRow | undefined> {
    const { sql, params } = rowsQuery(read)
    return (await this.#store.rows<BlockRow>(sql, params))[0]
  }

  #isAskedAgain(all: DatasetRead): boolean {
    const key = this.#totalKeyOf(all)
    const isAsked = this.#asked.get(key) !== undefined
    this.#asked.set(key, { bytes: key.length })
    return isAsked
  }

  #readsAhead({ source }: DatasetRead, key: string, rows: number): boolean {
    if (source.version === undefined) return false
    return this.#rowsAhead > 0 && rows <= this.#rowsAhead && this.#lists.get(key)?.isWide !== true
  }

  /** The block in which a page begins, and whether it holds all of the page and whether more follows. */
  #find(key: string, indexIn: (block: Block) => number | undefined, rows: number): Found | undefined {
    let found: Found | undefined
    for (const block of this.#lists.get(key)?.blocks ?? []) {
      const index = indexIn(block)
      if (index === undefined) continue
      found = { block, index, isWhole: block.isLast || index + rows < block.rows }
      if (found.isWhole) return found
    }
    return found
  }

  async #load(key: string, read: DatasetRead, offset: number | undefined): Promise<Block | undefined> {
    const loadKey = `${key} ${read.after === undefined ? `+${read.offset ?? 0}` : placeText(read.after)}`
    // Many who ask for the same page at the same time wait for one query.
    const loading = this.#loading.get(loadKey) ?? this.#read(key, read, offset)
    this.#loading.set(loadKey, loading)
    try {
      return await loading
    } finally {
      this.#loading.delete(loadKey)
    }
  }

  async #read(key: string, read: DatasetRead, offset: number | undefined): Promise<Block | undefined> {
    const totalKey = this.#totalKeyOf(read)
    const limits = { rowsMax: this.#rowsAhead, bytesMax: this.#blockBytesMax, offset }
    const block = await readBlock(this.#store, read, limits)
    if (block === undefined) {
      this.#lists.set(key, { blocks: [], isWide: true, bytes: key.length })
      return undefined
    }
    const blocks = [block, ...(this.#lists.get(key)?.blocks ?? [])].slice(0, BLOCKS_MAX)
    const bytes = blocks.reduce((sum, one) => sum + one.bytes, key.length)
    this.#lists.set(key, { blocks, isWide: false, bytes })
    if (block.isLast && offset !== undefined && (block.rows > 0 || offset === 0)) {
      this.#totals.set(totalKey, { total: offset + block.rows, bytes: totalKey.length })
    }
    return block
  }

  async #cut(read: DatasetRead, { block, index }: Omit<Found, 'isWhole'>, rows: number): Promise<DatasetPage> {
    const start = Math.min(index, block.rows)
    const end = Math.min(start + rows, block.rows)
    return {
      lines: block.lines(start, end),
      next: end < block.rows && end > start ? block.placeAt(end - 1) : null,
      ...(tellsTotal(read) && { total: await this.total(read) }),
    }
  }

  #keyOf(read: DatasetRead): string {
    const columns = read.columns.map(({ name }) => name)
    const sort = read.sort.map(({ column, descending }) => [column.name, descending])
    return `${this.#totalKeyOf(read)}${JSON.stringify([columns, sort])}`
  }

  #totalKeyOf({ source, filters }: Pick<DatasetRead, 'source' | 'filters'>): string {
    const conditions = filters.map(({ column, operator, values }) => [column.name, operator, values])
    return JSON.stringify([source.dataset.name, source.version, conditions])
  }
}

/** Whether the rows of a list are counted for who did not ask for it: where there may be many, only those of a few names. */
export function tellsTotal({ source, filters }: Pick<DatasetRead, 'source' | 'filters'>): boolean {
  if (source.isLarge !== true) return true
  return filters.some(
    ({ column, operator }) =>
      source.columns.get(column.name)?.lookup !== undefined && (operator === 'eq' || operator === 'in'),
  )
}

interface Found {
  readonly block: Block
  /** Of the first row of the page. */
  readonly index: number
  readonly isWhole: boolean
}

function offsetOf({ block, index }: Found): number | undefined {
  return block.offset === undefined ? undefined : block.offset + index
}
