import { type Instrument, sessionDateOf, sessionOf } from '@barkeep/core'
import type { SourceOrder } from '../../store/bars/source-order.js'
import type { Catalog } from '../../store/catalog.js'
import type { CrawlStatus, Crawls } from '../crawls.js'
import type { Backfill } from '../gaps/backfill.js'
import type { Gaps } from '../gaps/gaps.js'
import { dateAfter } from '../gaps/gaps-calendar.js'
import type { LiveTelling } from '../live/live-sources.js'
import { isRunning, marketOf } from './market-desk.js'
import type { MarketLine } from './market-sentence.js'
import { chooseSources, isUsable, type MarketSource, type SourceState } from './market-sources.js'

/** After its close a session is asked for once more from here on: sources are up to 20 minutes late. */
const LATE_MS = 30 * 60_000

/** What is done for the session under way. */
export interface TodayStatus {
  readonly date: string
  /** Who was to tell instruments of it live, and whether it does. */
  readonly live: readonly { readonly connector: string; readonly state: string; readonly instruments: number }[]
  /** How many instruments nobody told live when it was last asked for them. */
  readonly untold: number
  /** Who is asked for those, or was last; null before, and where nobody can be. */
  readonly source: string | null
  /** Live sources that do not tell now, and others that are blocked or stopped: in their place it is asked. */
  readonly insteadOf: readonly string[]
  readonly crawls: readonly number[]
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number
}

export interface MarketTodayParts {
  readonly line: MarketLine
  readonly backfill: Pick<Backfill, 'offers' | 'run'>
  readonly crawls: Pick<Crawls, 'status' | 'cancel'>
  readonly gaps: Pick<Gaps, 'calendar'>
  readonly catalog: Pick<Catalog, 'exchange' | 'instruments'>
  readonly order: SourceOrder
  readonly stateOf: (connector: string) => SourceState | undefined
  /** Live sources of the interval. */
  readonly telling: () => readonly LiveTelling[]
  /** Whether a source is blocked for longer than is waited for, or stopped. */
  readonly isHeld: (connector: string) => boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly settings: { readonly pollMs: number; readonly patienceMs: number }
}

/** What was asked last. */
interface Asked {
  readonly date: string
  readonly atMs: number
  readonly untold: number
  readonly sources: readonly MarketSource[]
  readonly crawls: readonly number[]
}

/**
 * Asks for the bars of a session under way, again and again: of the instruments that no live source tells, be it that none was
 * to, or that one broke off. The first source of the order that can be asked brings them.
 */
export class MarketToday {
  readonly #parts: MarketTodayParts
  #asked: Asked | undefined
  /** The last date of which everything was asked for. */
  #over = ''
  /** The last date that turned out to have no session. */
  #closed = ''

  constructor(parts: MarketTodayParts) {
    this.#parts = parts
  }

  /** As it is now; null where no session is under way, or nothing was asked of it yet. */
  status(): TodayStatus | null {
    if (this.#asked === undefined || this.#asked.date === this.#over) return null
    const { date, atMs, untold, sources, crawls } = this.#asked
    const live = this.#live()
    const source = sources.find(isUsable)?.connector ?? null
    const silent = live.filter(({ state }) => state !== 'listening').map(({ connector }) => connector)
    const held = sources.map(({ connector }) => connector).filter(this.#parts.isHeld)
    return {
      date,
      live: live.map(({ connector, state, instruments }) => ({ connector, state, instruments: instruments.length })),
      untold,
      source,
      insteadOf: [...new Set([...silent, ...held])].filter((connector) => connector !== source),
      crawls,
      askedAtMs: atMs,
    }
  }

  /** Does what there is to do now. Throws what looking for offers and ordering crawls throw. */
  async tend(): Promise<void> {
    const { line, catalog, settings, now, crawls, isHeld } = this.#parts
    const exchange = catalog.exchange(line.exchange)
    const date = sessionDateOf(exchange, now())
    const { openMs, closeMs } = sessionOf(exchange, date)
    const askedMs = this.#asked?.atMs ?? 0
    // The last time that it is asked for, late sources have all of it.
    const lastMs = closeMs + LATE_MS
    const isUnderWay = now() >= openMs && now() <= lastMs + settings.pollMs
    const running = await this.#running()
    const held = running.filter(({ order }) => isHeld(order.connector))
    // Who is banned is not waited for; who is only slow is.
    for (const { id } of held) await crawls.cancel(id)
    if (settings.pollMs === 0 || !isUnderWay || !(await this.#isSession(date))) {
      if (running.length === held.length) this.#asked = undefined
      return
    }
    const isDue = askedMs < lastMs && now() >= Math.min(Math.max(askedMs, openMs) + settings.pollMs, lastMs)
    if (held.length > 0 || (running.length === 0 && isDue)) await this.#ask(date)
    else if (running.length === 0 && askedMs >= lastMs) this.#over = date
  }

  async #ask(date: string): Promise<void> {
    const { line, backfill, order, stateOf, now, settings } = this.#parts
    const { exchange, interval } = line
    const told = new Set(this.#live().flatMap(({ state, instruments }) => (state === 'listening' ? instruments : [])))
    const instruments = this.#listedOn(date).filter((instrument) => !told.has(instrument))
    const asked = { date, atMs: now(), untold: instruments.length, sources: [], crawls: [] }
    // What cannot be asked for now is tried again after the same while.
    this.#asked = asked
    if (instruments.length === 0) return
    const request = { exchange, interval, underWay: { date, instruments } }
    const { offers } = await backfill.offers(request)
    const declared = order.of(exchange, interval)
    const sources = chooseSources({ offers, declared, stateOf, nowMs: now(), patienceMs: settings.patienceMs })
    const connectors = sources.filter(isUsable).map(({ connector }) => connector)
    const market = `${marketOf(line)} today`
    const { crawls } = connectors.length === 0 ? { crawls: [] } : await backfill.run({ ...request, connectors, market })
    this.#asked = { ...asked, sources, crawls: crawls.flatMap(({ id }) => id ?? []) }
  }

  /** Live sources that tell instruments of the exchange. */
  #live(): LiveTelling[] {
    const prefix = `${this.#parts.line.exchange}:`
    return this.#parts.telling().flatMap((one) => {
      const instruments = one.instruments.filter((instrument) => instrument.startsWith(prefix))
      return instruments.length === 0 ? [] : [{ ...one, instruments }]
    })
  }

  #listedOn(date: string): string[] {
    const isListed = ({ exchange, listed, delisted }: Instrument) =>
      exchange === this.#parts.line.exchange && (listed ?? date) <= date && (delisted === null || delisted > date)
    return this.#parts.catalog.instruments.filter(isListed).map(({ instrument }) => instrument)
  }

  async #running(): Promise<CrawlStatus[]> {
    const statuses = await Promise.all((this.#asked?.crawls ?? []).map((id) => this.#parts.crawls.status(id)))
    return statuses.filter(isRunning)
  }

  /** Where it is closed this is looked up once a day. */
  async #isSession(date: string): Promise<boolean> {
    if (this.#closed === date) return false
    const { line, catalog, gaps } = this.#parts
    const [day] = await gaps.calendar(catalog.exchange(line.exchange), date, dateAfter(date))
    if (day?.state === 'closed') this.#closed = date
    return day?.state !== 'closed'
  }
}
