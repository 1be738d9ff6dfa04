import type { Connector, CrawlPlan, CrawlRequest } from '@barkeep/core'
import type { SourceOrder } from '../../store/bars/source-order.js'
import type { Catalog } from '../../store/catalog.js'
import type { Crawls } from '../crawls.js'
import type { Estimate } from '../estimate.js'
import { type Backfill, type BackfillOffer, bringsBars } from '../gaps/backfill.js'
import { goesByDate } from '../gaps/backfill-plan.js'
import { dateAfter } from '../gaps/gaps-calendar.js'
import type { MarketLine } from './market-sentence.js'
import { chooseSources, type MarketSource, type SourceState } from './market-sources.js'

export interface MarketPlannerParts {
  readonly backfill: Pick<Backfill, 'offers'>
  readonly crawls: Pick<Crawls, 'estimate' | 'canRun'>
  readonly catalog: Pick<Catalog, 'exchange' | 'idsOf' | 'instruments'>
  readonly connectors: readonly Connector[]
  readonly order: SourceOrder
  readonly stateOf: (connector: string) => SourceState | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly patienceMs: number
}

/** What bringing a line of a market takes. */
export interface MarketPlan extends MarketLine {
  /** Instruments of the exchange that are known. */
  readonly instruments: number
  /** Who lists them; null where no source does. */
  readonly listedBy: string | null
  /** Rows of the gaps; null while no instrument is known, since then only pages of the whole exchange can be counted. */
  readonly gaps: number | null
  /** Who is asked for it, in this order, then who is not, with the reason. */
  readonly sources: readonly MarketSource[]
}

/** Says what a market takes, and who is asked for it. */
export class MarketPlanner {
  readonly #parts: MarketPlannerParts

  constructor(parts: MarketPlannerParts) {
    this.#parts = parts
  }

  /** Throws UNKNOWN_EXCHANGE, and what looking for gaps throws. */
  async plan(line: MarketLine): Promise<MarketPlan> {
    const { catalog, backfill, order, stateOf, now, patienceMs } = this.#parts
    const { exchange, interval, since } = line
    catalog.exchange(exchange)
    const instruments = catalog.idsOf(exchange).length
    const { gaps, offers } =
      instruments === 0
        ? { gaps: null, offers: await this.#offersOfNone(line) }
        : await backfill.offers({ exchange, interval, start: since })
    const declared = order.of(exchange, interval)
    const sources = chooseSources({ offers, declared, stateOf, nowMs: now(), patienceMs })
    return { ...line, instruments, listedBy: this.listerOf(exchange)?.connector ?? null, gaps, sources }
  }

  /** Who lists the instruments of an exchange, by a plan of that name beside one that brings bars of it. */
  listerOf(exchange: string): { readonly connector: string; readonly plan: string } | undefined {
    const { connectors, crawls } = this.#parts
    const lister = connectors.find(
      ({ id, crawls: plans }) =>
        plans.instruments?.of === 'instruments' &&
        Object.values(plans).some(({ exchanges }) => exchanges.includes(exchange)) &&
        crawls.canRun(id),
    )
    return lister && { connector: lister.id, plan: 'instruments' }
  }

  /** What pages of the whole exchange would be; how many pages instruments need is not known before they are. */
  async #offersOfNone({ exchange, interval, since }: MarketLine): Promise<BackfillOffer[]> {
    const { connectors, crawls, now } = this.#parts
    const end = dateAfter(new Date(now()).toISOString().slice(0, 10))
    const request: CrawlRequest = { instruments: [], start: since, end, options: {}, nowMs: now() }
    const offers: BackfillOffer[] = []
    for (const { id, crawls: plans } of connectors) {
      const bringing = Object.entries(plans).filter(([, plan]) => bringsBars(plan, { exchange, interval }))
      if (bringing.length === 0) continue
      const canRun = crawls.canRun(id)
      const whole = bringing.find(([, plan]) => isWhole(plan, request, end))
      const estimates: Estimate[] = []
      if (whole !== undefined && canRun) {
        estimates.push(await crawls.estimate({ connector: id, plan: whole[0], instruments: [], start: since, end }))
      }
      const counted = whole === undefined ? [] : [whole[0]]
      offers.push({ connector: id, canRun, isUncounted: whole === undefined, plans: counted, unreached: 0, estimates })
    }
    return offers
  }
}

function isWhole(plan: CrawlPlan, request: CrawlRequest, end: string): boolean {
  // A day of the week before, from Monday to Friday and over in every zone: no plan asks for weekends.
  const week = Array.from({ length: 5 }, (_, day) => new Date(Date.parse(end) - (3 + day) * 86_400_000))
  const weekday = week.find((day) => day.getUTCDay() % 6 !== 0)
  return plan.per === 'exchange' && goesByDate(plan, request, weekday?.toISOString().slice(0, 10))
}
