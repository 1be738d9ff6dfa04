import type { SearchHead } from '@barkeep/core'

/** The shapes a search is told in, and how its answers may be packed on their way; null for not at all. */
export type SearchShape = 'hits' | 'books' | 'envelope' | 'event'
export type SearchCoding = 'gzip' | 'br' | null

export interface SearchAnswer {
  readonly body: Buffer
  readonly coding: SearchCoding
}

/** One search as the routes see it. */
export interface FollowedSearch {
  readonly uuid: string
  readonly epoch: string
  readonly version: number
  readonly isRunning: boolean
  head(version?: number): SearchHead | undefined
  /** What changed between two versions as it is sent, made and packed once for all; from 0: all there is. */
  body(
    from: number,
    to: number,
    shape: SearchShape,
    coding: SearchCoding,
  ): SearchAnswer | Promise<SearchAnswer> | undefined
  /** Says that somebody is interested. */
  follow(): void
  changed(since: number, waitMs: number, signal: AbortSignal): Promise<boolean>
}

/** What the routes of searches need; `search/` has it, and neither imports the other. */
export interface SearchService {
  readonly epoch: string
  readonly isClosing: boolean
  /** What is at the end of the uuid of a search that is told with the names of CALIL's clients. */
  readonly booksMark: string
  /** Throws INVALID_PARAMETER, OVER_CAPACITY. */
  search(query: string, sources?: readonly string[]): Promise<FollowedSearch>
  find(uuid: string): FollowedSearch | undefined
  /** Throws OVER_CAPACITY. */
  admitFollower(): void
  stats(): {
    readonly kept: number
    readonly running: number
    readonly followers: number
    readonly bytes: number
    readonly encodes: number
    readonly started: number
  }
  close(): Promise<void>
}
