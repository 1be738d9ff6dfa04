import {
  BarkeepError,
  type Connector,
  type CrawlPlan,
  type Exchange,
  hoursOn,
  type KeptInterval,
  minuteOfDay,
} from '@barkeep/core'
import { secondHandQuery } from '../../store/bars/second-hand-sql.js'
import type { Catalog } from '../../store/catalog.js'
import { type Gap, type GapReason, gapReasons, gapsQuery } from '../../store/gaps/gaps-sql.js'
import type { GapsPart } from '../../store/gaps/gaps-sql-part.js'
import type { Store } from '../../store/store.js'
import { type CrawlOrder, type Crawls, unknownName } from '../crawls.js'
import type { Estimate } from '../estimate.js'
import { type BackfillChoice, chooseWindows, plansOfToday } from './backfill-plan.js'
import type { CrawlWindow } from './backfill-tasks.js'
import type { Gaps, GapsRequest } from './gaps.js'
import { dateAfter } from './gaps-calendar.js'

export interface BackfillRequest extends GapsRequest {
  /** What counts as missing; all that can be asked for unless told. A re-check adds `no-trade` and `halted`. */
  readonly reasons?: readonly GapReason[] | undefined
  /** The only connector that is asked; each in turn for what the ones before cannot bring, where absent. */
  readonly connector?: string | undefined
  /** The only connectors that are asked, in this order; those that there are, in theirs, where absent. */
  readonly connectors?: readonly string[] | undefined
  /**
   * Not what is missing, but what is kept of these sources and was never asked of the first of `connectors`: it brings
   * better bars in their place.
   */
  readonly behind?: readonly string[] | undefined
  /** Not what is missing, but the session under way of these instruments; with `exchange` and `interval`. */
  readonly underWay?: { readonly date: string; readonly instruments: readonly string[] } | undefined
  /** The market that it is for; the crawls carry its name. */
  readonly market?: string | undefined
  readonly first?: 'newest' | 'oldest' | undefined
}

export interface BackfillCrawl {
  /** Null while it is only planned. */
  readonly id: number | null
  readonly connector: string
  readonly plan: string
  readonly interval: KeptInterval
  readonly windows: number
  readonly estimate: Estimate
}

export interface BackfillReport {
  /** Rows of the gaps that were found. */
  readonly gaps: number
  readonly crawls: readonly BackfillCrawl[]
  /** Stretches that no connector can bring. */
  readonly unreachable: number
}

/** What one connector alone could bring of what is missing. */
export interface BackfillOffer {
  readonly connector: string
  /** Whether it has the credentials that it needs. */
  readonly canRun: boolean
  /** Its pages cannot be counted: there are no instruments yet, by which they are made. */
  readonly isUncounted?: boolean
  readonly plans: readonly string[]
  /** Stretches that it cannot bring. */
  readonly unreached: number
  readonly estimates: readonly Estimate[]
}

export interface BackfillOffers {
  /** Rows of the gaps that were found. */
  readonly gaps: number
  readonly offers: readonly BackfillOffer[]
}

export interface BackfillParts {
  readonly store: Store
  readonly catalog: Catalog
  readonly gaps: Gaps
  readonly crawls: Crawls
  readonly connectors: readonly Connector[]
  readonly now: () => number
}

/** Stretches of one crawl: they are kept with its order. */
const WINDOWS_MAX = 200_000

/** Asks upstreams for what is missing and for nothing else. */
export class Backfill {
  readonly #parts: BackfillParts

  constructor(parts: BackfillParts) {
    this.#parts = parts
  }

  /** What a backfill would ask for. Throws as Gaps and Crawls do, REQUEST_TOO_COMPLEX when the gaps are too many. */
  async plan(request: BackfillRequest): Promise<BackfillReport> {
    const { gaps, orders, unreachable } = await this.#orders(request)
    const crawls = await Promise.all(
      orders.map(async (one) => describe(null, one, await this.#parts.crawls.estimate(one.order))),
    )
    return { gaps, crawls, unreachable }
  }

  /** What each connector that knows bars of the exchange could bring of an interval. Throws as `plan`. */
  async offers(request: BackfillRequest & { readonly exchange: string; readonly interval: KeptInterval }) {
    const parts = await this.#found(request)
    const gaps = parts.reduce((sum, { rows }) => sum + rows.length, 0)
    const offers: BackfillOffer[] = []
    for (const { id, crawls: plans } of this.#parts.connectors) {
      if (!Object.values(plans).some((plan) => bringsBars(plan, request))) continue
      const orders: BackfillOrder[] = []
      let unreached = 0
      for (const { part, rows } of parts) {
        if (rows.length > 0) unreached += this.#choose(part, rows, { ...request, connector: id }, orders)
      }
      const estimates = await Promise.all(orders.map(({ order }) => this.#parts.crawls.estimate(order)))
      const canRun = this.#parts.crawls.canRun(id)
      offers.push({ connector: id, canRun, plans: orders.map(({ order }) => order.plan), unreached, estimates })
    }
    const all: BackfillOffers = { gaps, offers }
    return all
  }

  /** Orders the crawls that bring what is missing. They survive a crash and are followed as any other crawl. */
  async run(request: BackfillRequest): Promise<BackfillReport> {
    const { gaps, orders, unreachable } = await this.#orders(request)
    const crawls: BackfillCrawl[] = []
    for (const one of orders) {
      const { id, estimate } = await this.#parts.crawls.order(one.order)
      crawls.push(describe(id, one, estimate))
    }
    return { gaps, crawls, unreachable }
  }

  async #orders(request: BackfillRequest): Promise<{ gaps: number; orders: BackfillOrder[]; unreachable: number }> {
    const { connectors } = this.#parts
    if (request.connector !== undefined && connectors.every(({ id }) => id !== request.connector)) {
      throw unknownName(
        'connector',
        request.connector,
        connectors.map(({ id }) => id),
      )
    }
    const orders: BackfillOrder[] = []
    let [gaps, unreachable] = [0, 0]
    for (const { part, rows } of await this.#found(request)) {
      gaps += rows.length
      if (rows.length > 0) unreachable += this.#choose(part, rows, request, orders)
    }
    return { gaps, orders, unreachable }
  }

  async #found(request: BackfillRequest): Promise<{ part: WantedPart; rows: readonly Stretch[] }[]> {
    const { store, gaps: finder, catalog } = this.#parts
    const { behind, connectors = [], reasons = gapReasons, underWay, exchange = '', interval = '1m' } = request
    if (underWay !== undefined) return [partUnderWay(catalog.exchange(exchange), interval, underWay)]
    const all: { part: WantedPart; rows: readonly Stretch[] }[] = []
    for (const found of await finder.find(request)) {
      // Of finer bars it is known which instruments had no trade, so they are looked at one by one.
      const part = found.interval === '1d' ? found : { ...found, nobody: [] }
      const { sql, params } =
        behind === undefined
          ? gapsQuery({ parts: [part], reasons })
          : secondHandQuery(part, { sources: behind, connector: connectors[0] ?? '' })
      all.push({ part, rows: await store.rows<Stretch>(sql, params) })
    }
    return all
  }

  /** Adds the orders that bring the gaps of a part; gives how many stretches are left. */
  #choose(part: WantedPart, gaps: readonly Stretch[], request: BackfillRequest, orders: BackfillOrder[]): number {
    const { catalog, connectors, now, crawls } = this.#parts
    const { code } = part.exchange
    const [start = '', last = ''] = [part.sessions[0]?.date, part.sessions.at(-1)?.date]
    const end = dateAfter(last)
    const planned = {
      instruments: catalog.instruments.filter(({ exchange }) => exchange === code),
      start,
      end,
      options: {},
      nowMs: now(),
    }
    let windows = gaps.map(({ scope, start: from, end: until }): CrawlWindow => {
      const dates = { start: from, end: until }
      return scope === code ? dates : { instrument: scope, ...dates }
    })
    const named = request.connectors?.flatMap((id) => connectors.find((connector) => connector.id === id) ?? [])
    for (const connector of named ?? connectors) {
      if (request.connector !== undefined && request.connector !== connector.id) continue
      if (windows.length === 0 || !crawls.canRun(connector.id)) continue
      const plans = request.underWay === undefined ? connector.crawls : plansOfToday(connector.crawls, part, planned)
      const choice: BackfillChoice = chooseWindows(part, windows, plans, planned)
      for (const { plan, windows: some } of choice.planned) {
        const { first = 'newest', market } = request
        if (some.length > WINDOWS_MAX) {
          throw new BarkeepError('REQUEST_TOO_COMPLEX', {
            message: `The gaps are ${some.length} stretches; at most ${WINDOWS_MAX} can be asked for at once. Give an interval, or a shorter window.`,
          })
        }
        orders.push({
          interval: part.interval,
          order: {
            ...{ connector: connector.id, plan, start, end, windows: some, first },
            ...(market !== undefined && { market }),
          },
        })
      }
      windows = [...choice.unreached]
    }
    return windows.length
  }
}

type WantedPart = Pick<GapsPart, 'exchange' | 'interval' | 'sessions'>

function partUnderWay(
  exchange: Exchange,
  interval: KeptInterval,
  { date, instruments }: NonNullable<BackfillRequest['underWay']>,
): { part: WantedPart; rows: readonly Stretch[] } {
  const { open, close } = hoursOn(exchange, date)
  const session = { date, openMinute: minuteOfDay(open), closeMinute: minuteOfDay(close) }
  const rows = instruments.map((scope) => ({ scope, start: date, end: dateAfter(date) }))
  return { part: { exchange, interval, sessions: [session] }, rows }
}

/** What is to be brought: of an instrument, or of the whole exchange. */
type Stretch = Pick<Gap, 'scope' | 'start' | 'end'>

/** Whether a plan brings bars of an exchange. */
export function bringsBars(plan: CrawlPlan, { exchange, interval }: { exchange: string; interval: string }): boolean {
  return plan.of === interval && plan.exchanges.includes(exchange)
}

interface BackfillOrder {
  readonly interval: KeptInterval
  readonly order: CrawlOrder & { readonly windows: readonly CrawlWindow[] }
}

function describe(id: number | null, { interval, order }: BackfillOrder, estimate: Estimate): BackfillCrawl {
  const { connector, plan, windows } = order
  return { id, connector, plan, interval, windows: windows.length, estimate }
}
