import type { ErrorCode } from './errors.js'
import type { InstrumentKind } from './instrument.js'

/** What a source says of one thing that it found. */
export interface FoundHit {
  /** The source's own name of it, the same each time it finds it. */
  readonly symbol: string
  /** Barkeep's name, such as `TWSE:2330`; null where the source's exchange is not one that Barkeep knows. */
  readonly instrument: string | null
  readonly isin: string | null
  /** What it is called; a second source may add another language. */
  readonly title: string
  readonly kind: SearchHitKind
  /** As the source calls it; empty for what trades nowhere. */
  readonly exchange: string
  /** Where more of it is found: a path of this server, or a URL. */
  readonly url?: string
}

export type SearchHitKind = InstrumentKind | 'dataset' | 'row'

/**
 * One thing, as all sources together tell it. While a search runs, a hit only grows: texts may be replaced, entries are
 * added to lists and objects, and its place among the hits never changes.
 */
export interface SearchHit {
  /** Names the hit within its search: the instrument where it was known at first, else the source with its symbol. */
  readonly id: string
  readonly kind: SearchHitKind
  readonly title: string
  readonly instrument: string | null
  readonly isin: string | null
  readonly exchange: string
  /** All that it is called, in the order in which that came. */
  readonly names: readonly string[]
  /** Source → what it is called there. */
  readonly symbols: Readonly<Record<string, string>>
  /** Source → where more of it is found. */
  readonly url: Readonly<Record<string, string>>
  /** In the order in which they found it. */
  readonly sources: readonly string[]
  /** How well it fits the words, from 1 to 100; it never falls. */
  readonly score: number
  /** The id of another hit that turned out to be the same thing; null as a rule. */
  readonly same_as: string | null
}

/** Why a source has not brought everything. */
export interface SearchError {
  readonly source: string
  readonly code: ErrorCode
  readonly message: string
}

/** What is told of a search beside its hits. */
export interface SearchHead {
  readonly uuid: string
  /** Names the life of the server: after a restart nothing of an earlier one is there. */
  readonly epoch: string
  readonly query: string
  /** From 1; another one whenever anything changed. */
  readonly version: number
  readonly running: boolean
  /** Sources that are still being asked. */
  readonly remains: readonly string[]
  readonly errors: readonly SearchError[]
}

/** A search as it is at one version. */
export interface SearchState extends SearchHead {
  readonly hits: readonly SearchHit[]
}

/** A change of one record: what is a list is appended, what is an object is merged one level deep, all else replaced. */
export type Patch<Item> = { readonly _idx: number } & { readonly [Key in keyof Item]?: Item[Key] }

/** What became of a list of records between two versions. */
export interface Changes<Item> {
  readonly insert: readonly Item[]
  readonly update: readonly Patch<Item>[]
}

/** What changed after the version `from`, up to `version`. */
export interface SearchIncrement extends SearchHead {
  readonly from: number
  readonly hits_diff: Changes<SearchHit>
}
