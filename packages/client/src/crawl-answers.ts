import type { KeptInterval } from '@barkeep/core'

/** Reasons of what is missing; the last three explain what is absent and nothing is wrong. */
export type GapReason =
  | 'market-day'
  | 'never-asked'
  | 'failed'
  | 'upstream-hole'
  | 'zeros'
  | 'no-trade'
  | 'halted'
  | 'not-listed'

/** A run of sessions, or hours of one session, without bars. */
export interface Gap {
  /** An instrument, or the exchange where no instrument has a bar. */
  readonly scope: string
  readonly interval: KeptInterval
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Hours `HH:MM` at the exchange, half-open; null where whole sessions are missing. */
  readonly from: string | null
  readonly to: string | null
  readonly reason: GapReason
}

/** Where gaps are looked for; what is absent does not narrow. */
export interface GapsOptions {
  /** Excludes `instruments`. */
  readonly exchange?: string
  readonly instruments?: readonly string[]
  readonly interval?: KeptInterval
  /** Session dates, half-open. */
  readonly start?: string
  readonly end?: string
  /** Unless told, those of what is missing. */
  readonly reasons?: readonly GapReason[]
}

/** What was asked of an upstream, and what came back. */
export interface CoverageRow {
  /** An instrument, or a whole exchange. */
  readonly scope: string
  /** A kept interval of bars, or the name of a dataset. */
  readonly of: string
  readonly start: string
  readonly end: string
  readonly connector: string
  /** `page`, or the reason why there was none. */
  readonly outcome: string
  readonly known_at: string
}

/** What one source told of the bars of one day of an exchange. */
export interface BarSource {
  readonly exchange: string
  /** Session date; of bars at night, their date at the exchange. */
  readonly date: string
  readonly source: string
  /** Of how many instruments. */
  readonly instruments: number
  /** Bars of this source that are kept. */
  readonly kept: number
  /** Bars that it told as well, where those of a better source are kept. */
  readonly outranked: number
}

/** Which bars `barSources` is about; what is absent does not narrow. */
export interface BarSourcesOptions {
  readonly interval: KeptInterval
  /** Excludes `instruments`. */
  readonly exchange?: string
  readonly instruments?: readonly string[]
  /** Session dates, or instants with an offset, half-open. */
  readonly start?: string
  readonly end?: string
}

export interface CrawlOrder {
  readonly connector: string
  readonly plan: string
  /** All that the plan can bring when absent. */
  readonly instruments?: readonly string[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  readonly options?: Readonly<Record<string, string>>
}

export interface CrawlEstimate {
  /** First requests; pages that name further ones add to them. */
  readonly requests: number
  readonly isCut: boolean
  readonly bytes: number
  /** Shortest time that the limits allow. */
  readonly durationMs: number
  /** The limit that takes longest; null where none holds anything up. */
  readonly bindingLimit: string | null
}

export interface CrawlStatus {
  readonly id: number
  readonly order: CrawlOrder
  readonly state: 'planning' | 'running' | 'done' | 'cancelled'
  readonly tasks: { readonly waiting: number; readonly active: number; readonly done: number; readonly dead: number }
}

/** How far a crawl is, and what holds its connector up. */
export interface CrawlProgress extends CrawlStatus {
  /** Milliseconds since the epoch until which the connector rests; null when it works, or where that is not told. */
  readonly blockedUntilMs: number | null
  /** Why the connector waits for a person; null when it works, or where that is not told. */
  readonly stoppedBy: string | null
}

export interface BackfillOptions extends GapsOptions {
  /** The only connector that is asked. */
  readonly connector?: string
  /** Which gaps are asked for first; the newest unless told. */
  readonly first?: 'newest' | 'oldest'
  /** Only says what it would take: the crawls have no id then. */
  readonly dryRun?: boolean
}

export interface BackfillReport {
  /** Rows of `gaps()`. */
  readonly gaps: number
  readonly crawls: readonly {
    readonly id: number | null
    readonly connector: string
    readonly plan: string
    readonly interval: KeptInterval
    /** Stretches that are asked for. */
    readonly windows: number
    readonly estimate: CrawlEstimate
  }[]
  /** Stretches that no connector can bring. */
  readonly unreachable: number
}

/** An upstream: what it can bring, and how it fares. */
export interface ConnectorInfo {
  readonly id: string
  readonly title: string
  readonly homepage: string
  readonly plans: Readonly<
    Record<
      string,
      {
        readonly title: string
        readonly of: string
        readonly exchanges: readonly string[]
        readonly per: string
        readonly since: string | null
        readonly options: Readonly<Record<string, string>>
      }
    >
  >
  readonly status: {
    /** Milliseconds since the epoch; null when it works. */
    readonly blockedUntilMs: number | null
    readonly stoppedBy: string | null
    readonly pages: number
    readonly bytes: number
    readonly bars: number
    readonly rows: number
    readonly refused: number
    readonly failures: number
    readonly lastError: string | null
    readonly sinceMs: number | null
  }
}

/** A task that failed for good. */
export interface DeadTask {
  readonly key: string
  readonly crawl: number
  readonly connector: string
  readonly handler: string
  readonly params: Readonly<Record<string, unknown>>
  readonly attempts: number
  readonly error: string
}

export interface ReparseReport {
  readonly tasks: number
  readonly bars: number
  readonly rows: number
  readonly failed: number
  readonly failures: readonly { readonly task: string; readonly error: string }[]
}
