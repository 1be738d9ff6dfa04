import { BarkeepError, type Connector, type KeptInterval } from '@barkeep/core'
import type { Catalog } from '../store/catalog.js'
import { type Gap, type GapReason, gapReasons, gapsQuery } from '../store/gaps-sql.js'
import type { GapsPart } from '../store/gaps-sql-part.js'
import type { Store } from '../store/store.js'
import { type BackfillChoice, chooseWindows } from './backfill-plan.js'
import type { CrawlWindow } from './backfill-tasks.js'
import { type CrawlOrder, type Crawls, unknownName } from './crawls.js'
import type { Estimate } from './estimate.js'
import type { Gaps, GapsRequest } from './gaps.js'
import { dateAfter } from './gaps-calendar.js'

export interface BackfillRequest extends GapsRequest {
  /** What counts as missing; all that can be asked for unless told. A re-check adds `no-trade` and `halted`. */
  readonly reasons?: readonly GapReason[] | undefined
  /** The only connector that is asked; each in turn for what the ones before cannot bring, where absent. */
  readonly connector?: string | undefined
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
    const { store, gaps: finder, connectors } = this.#parts
    if (request.connector !== undefined && connectors.every(({ id }) => id !== request.connector)) {
      throw unknownName(
        'connector',
        request.connector,
        connectors.map(({ id }) => id),
      )
    }
    const orders: BackfillOrder[] = []
    let [gaps, unreachable] = [0, 0]
    for (const found of await finder.find(request)) {
      // Of finer bars it is known which instruments had no trade, so they are looked at one by one.
      const part = found.interval === '1d' ? found : { ...found, nobody: [] }
      const { sql, params } = gapsQuery({ parts: [part], reasons: request.reasons ?? gapReasons })
      const rows = await store.rows<Gap>(sql, params)
      gaps += rows.length
      if (rows.length > 0) unreachable += this.#choose(part, rows, request, orders)
    }
    return { gaps, orders, unreachable }
  }

  /** Adds the orders that bring the gaps of a part; gives how many stretches are left. */
  #choose(part: GapsPart, gaps: readonly Gap[], request: BackfillRequest, orders: BackfillOrder[]): number {
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
    let windows = gaps.map(({ scope, ...gap }): CrawlWindow => {
      const dates = { start: gap.start, end: gap.end }
      return scope === code ? dates : { instrument: scope, ...dates }
    })
    for (const connector of connectors) {
      if (request.connector !== undefined && request.connector !== connector.id) continue
      if (windows.length === 0 || !crawls.canRun(connector.id)) continue
      const choice: BackfillChoice = chooseWindows(part, windows, connector.crawls, planned)
      for (const { plan, windows: some } of choice.planned) {
        const { first = 'newest' } = request
        if (some.length > WINDOWS_MAX) {
          throw new BarkeepError('REQUEST_TOO_COMPLEX', {
            message: `The gaps are ${some.length} stretches; at most ${WINDOWS_MAX} can be asked for at once. Give an interval, or a shorter window.`,
          })
        }
        orders.push({
          interval: part.interval,
          order: { connector: connector.id, plan, start, end, windows: some, first },
        })
      }
      windows = [...choice.unreached]
    }
    return windows.length
  }
}

interface BackfillOrder {
  readonly interval: KeptInterval
  readonly order: CrawlOrder & { readonly windows: readonly CrawlWindow[] }
}

function describe(id: number | null, { interval, order }: BackfillOrder, estimate: Estimate): BackfillCrawl {
  const { connector, plan, windows } = order
  return { id, connector, plan, interval, windows: windows.length, estimate }
}
