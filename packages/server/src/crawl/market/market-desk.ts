import { BarkeepError } from '@barkeep/core'
import type { CrawlStatus } from '../crawls.js'
import type { MarketLine } from './market-sentence.js'
import type { MarketSource, SourceState } from './market-sources.js'
import type { TodayStatus } from './market-today.js'

/**
 * `waiting` for the list of instruments, or for coarser bars; `crawling`; `fresh`, nothing is missing; `blocked`, who could
 * bring what is missing cannot be asked now; `incomplete`, nobody has what is missing; `failed`, it is tried again.
 */
export type MarketState = 'waiting' | 'crawling' | 'fresh' | 'blocked' | 'incomplete' | 'failed'

export interface MarketStatus extends MarketLine {
  readonly state: MarketState
  /** Who is being asked, or was last; null before. */
  readonly source: string | null
  /** Who would have been asked in its place and is blocked or stopped. */
  readonly insteadOf: readonly string[]
  /** Crawls that run for it. */
  readonly crawls: readonly number[]
  /** As they were chosen when what is missing was last looked for. */
  readonly sources: readonly MarketSource[]
  /** Rows of the gaps then. */
  readonly gaps: number | null
  /** Milliseconds since the epoch. */
  readonly lookedAtMs: number | null
  readonly error: string | null
  /** Of bars finer than a day, while a session is under way and is asked for. */
  readonly today: TodayStatus | null
}

const RETRY_MS = 600_000
const ERROR_CHARACTERS_MAX = 500

/** What is known of one line while the process runs. */
export class MarketDesk {
  readonly line: MarketLine
  crawls: number[] = []
  sources: readonly MarketSource[] = []
  state: MarketState = 'waiting'
  gaps: number | null = null
  isDue = true
  session = ''
  /** What was asked for last, so that it is not asked for again and again. */
  asked = ''
  readonly askedAgain = new Set<string>()
  /** The block for which it was last decided whether to go on with another source. */
  judged = ''
  retryAtMs: number | null = null
  #source: string | null = null
  #lookedAtMs: number | null = null
  #error: string | null = null

  constructor(line: MarketLine) {
    this.line = line
  }

  begin(session: string, nowMs: number): void {
    this.isDue = false
    if (session !== this.session) this.askedAgain.clear()
    this.session = session
    this.retryAtMs = null
    this.#lookedAtMs = nowMs
    this.#error = null
  }

  ordered(crawls: readonly { readonly id: number | null; readonly connector: string }[]): void {
    this.crawls.push(...crawls.flatMap(({ id }) => id ?? []))
    this.#source = crawls[0]?.connector ?? this.#source
  }

  /** One of its crawls goes on. */
  crawlsOn(connector: string): void {
    this.state = 'crawling'
    this.#source = connector
  }

  fail(error: unknown, nowMs: number): void {
    this.state = 'failed'
    this.retryAtMs = nowMs + RETRY_MS
    const told = error instanceof BarkeepError ? `${error.code}: ${error.message}` : `INTERNAL_ERROR: ${String(error)}`
    this.#error = told.slice(0, ERROR_CHARACTERS_MAX)
  }

  /** With what is known now of the blocks of its sources. */
  status(stateOf: (connector: string) => SourceState | undefined): Omit<MarketStatus, 'today'> {
    const { line, state, crawls, gaps } = this
    const sources = this.sources.map((source) => {
      const { blockedUntilMs, stoppedBy } = stateOf(source.connector) ?? source
      return { ...source, blockedUntilMs, stoppedBy }
    })
    const insteadOf = sources
      .filter(({ role, connector }) => (role === 'blocked' || role === 'stopped') && connector !== this.#source)
      .map(({ connector }) => connector)
    const told = { source: this.#source, insteadOf, crawls: [...crawls], sources, gaps }
    return { ...line, state, ...told, lookedAtMs: this.#lookedAtMs, error: this.#error }
  }
}

/** The name that its crawls carry. */
export function marketOf({ exchange, interval }: MarketLine): string {
  return `${exchange} ${interval}`
}

export function isRunning({ state }: CrawlStatus): boolean {
  return state === 'planning' || state === 'running'
}
