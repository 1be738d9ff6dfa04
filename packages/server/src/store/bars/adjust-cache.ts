import type { DatasetSources } from '../datasets/dataset-sources.js'
import { PageCache, type Sized } from '../datasets/page-cache.js'
import type { Store } from '../store.js'
import { type AdjustWish, type FoundFactors, readBarFactors } from './adjust-read.js'
import type { ExchangePart } from './bars-read.js'

/** Factors that are held, as text of their numbers. */
const BYTES_MAX = 16 * 1_024 * 1_024
const BYTES_PER_STEP = 32

interface Held extends Sized {
  readonly found: FoundFactors
  readonly versions: ReadonlyMap<string, string>
}

type Parts = readonly Pick<ExchangePart, 'exchange' | 'ids'>[]

/**
 * Factors of those instruments that were asked for last, so that a small read costs no query more with them than without.
 * A write to a table that they were made of makes them void.
 */
export class BarFactorsCache {
  readonly #store: Pick<Store, 'rows'>
  readonly #sources: DatasetSources
  readonly #held = new PageCache<Held>(BYTES_MAX)

  constructor(store: Pick<Store, 'rows'>, sources: DatasetSources) {
    this.#store = store
    this.#sources = sources
  }

  /** As `readBarFactors` finds them. */
  async find(parts: Parts, wish: AdjustWish): Promise<FoundFactors['factors']> {
    const key = JSON.stringify([wish, parts.map(({ exchange, ids }) => [exchange.timeZone, ids])])
    const held = this.#held.get(key)
    if (held !== undefined && [...held.versions].every(([table, version]) => this.#version(table) === version))
      return held.found.factors
    // Looked at before the tables are, so that what is held is never taken for newer than it is.
    const before = new Map(adjustTables.map((table) => [table, this.#version(table)]))
    const found = await readBarFactors(this.#store, parts, wish)
    const versions = new Map(found.tables.flatMap((table) => [[table, before.get(table) ?? ''] as const]))
    const bytes = 2 * key.length + BYTES_PER_STEP * (found.factors?.ids.length ?? 0)
    if (![...versions.values()].includes('')) this.#held.set(key, { found, versions, bytes })
    return found.factors
  }

  /** Empty where nobody counts the writes to a table. */
  #version(table: string): string {
    // A dataset of a caller that is older than the built-in one has its name.
    const isBuiltIn = this.#sources.writtenBy(table) !== undefined
    return (isBuiltIn ? this.#sources.find(table)?.version : undefined) ?? ''
  }
}

const adjustTables = ['adjustments', 'bars_1m', 'bars_1h', 'bars_1d']
