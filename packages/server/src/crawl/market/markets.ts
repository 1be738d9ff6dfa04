import { type Exchange, sessionDateOf, topicOf } from '@barkeep/core'
import type { SourceOrder } from '../../store/bars/source-order.js'
import type { Catalog } from '../../store/catalog.js'
import type { CrawlStatus, Crawls } from '../crawls.js'
import type { Backfill } from '../gaps/backfill.js'
import type { Gaps } from '../gaps/gaps.js'
import { dateAfter, isOver } from '../gaps/gaps-calendar.js'
import type { Clock } from '../limiter/clock.js'
import type { LiveTelling } from '../live/live-sources.js'
import { betterAskings } from './market-better.js'
import { isRunning, MarketDesk, type MarketStatus, marketOf } from './market-desk.js'
import type { MarketPlan, MarketPlanner } from './market-plan.js'
import type { MarketLine } from './market-sentence.js'
import { isUsable, type SourceState } from './market-sources.js'
import { MarketToday } from './market-today.js'

export interface MarketsParts {
  /** In the order in which they are brought; those of an exchange one after the other. */
  readonly lines: readonly MarketLine[]
  readonly planner: Pick<MarketPlanner, 'plan' | 'listerOf'>
  readonly backfill: Pick<Backfill, 'plan' | 'run' | 'offers'>
  readonly crawls: Pick<Crawls, 'order' | 'status' | 'list' | 'cancel'>
  readonly gaps: Pick<Gaps, 'calendar'>
  readonly catalog: Pick<Catalog, 'exchange' | 'idsOf' | 'instruments'>
  readonly order: SourceOrder
  /** What live sources tell, and whether they do. */
  readonly telling: () => readonly LiveTelling[]
  readonly stateOf: (connector: string) => SourceState | undefined
  readonly clock: Clock
  readonly settings: {
    /** How often crawls are looked after. */
    readonly lookMs: number
    /** How long a source may be blocked and still be waited for. */
    readonly patienceMs: number
    /** How often a session under way is asked for; 0: never. */
    readonly pollMs: number
    /** How long after its close bars of a session may be missing. */
    readonly settleMs: number
  }
}

/** Crawls among which those of an earlier start are looked for. */
const CRAWLS_LOOKED_AT = 200

/**
 * Keeps markets whole and fresh: lists their instruments, asks for what is missing when the process starts and after each
 * session, goes on with the next source where one is blocked, and asks again who is better when it can be.
 * It remembers nothing: what is missing is read from the store each time, so what is there is not asked for again.
 */
export class Markets {
  readonly #parts: MarketsParts
  readonly #desks: readonly MarketDesk[]
  /** Of the lines whose bars are finer than a day. */
  readonly #today = new Map<MarketDesk, MarketToday>()
  readonly #lists = new Map<string, { session: string; crawl: number | undefined }>()
  readonly #stop = new AbortController()
  #looping: Promise<void> = Promise.resolve()

  private constructor(parts: MarketsParts) {
    this.#parts = parts
    this.#desks = parts.lines.map((line) => new MarketDesk(line))
    const isHeld = (connector: string) => this.#isHeld(connector)
    for (const desk of this.#desks) {
      const { line } = desk
      if (line.interval === '1d') continue
      const telling = () => parts.telling().filter(({ topic }) => topic === topicOf(line.interval))
      this.#today.set(desk, new MarketToday({ ...parts, line, telling, isHeld, now: parts.clock.now }))
    }
  }

  /** Takes up the crawls of an earlier start. Throws UNKNOWN_EXCHANGE, and what the store throws. */
  static async open(parts: MarketsParts): Promise<Markets> {
    for (const { exchange } of parts.lines) parts.catalog.exchange(exchange)
    const markets = new Markets(parts)
    const crawls = parts.lines.length === 0 ? [] : await parts.crawls.list(CRAWLS_LOOKED_AT)
    for (const { id, order, state } of crawls) {
      if (state === 'planning' || state === 'running') markets.#deskOf(order.market)?.crawls.push(id)
    }
    return markets
  }

  start(): void {
    if (this.#desks.length > 0) this.#looping = this.#loop()
  }

  list(): MarketStatus[] {
    return this.#desks.map((desk) => ({
      ...desk.status(this.#parts.stateOf),
      today: this.#today.get(desk)?.status() ?? null,
    }))
  }

  /** What a line takes now, whether it is declared or not. Throws UNKNOWN_EXCHANGE, and what looking for gaps throws. */
  plan(line: MarketLine): Promise<MarketPlan> {
    return this.#parts.planner.plan(line)
  }

  /** The lines that are declared. */
  get lines(): readonly MarketLine[] {
    return this.#parts.lines
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#looping
  }

  /** Does for every line what there is to do now. */
  async tend(): Promise<void> {
    for (const exchange of new Set(this.#desks.map(({ line }) => line.exchange))) {
      const desks = this.#desks.filter(({ line }) => line.exchange === exchange)
      if (!(await this.#isListed(exchange, desks))) continue
      for (const desk of desks) await this.#tendToday(desk)
      for (const desk of desks) {
        await this.#tendDesk(desk, desks)
        // Days tell which minutes there should be.
        if (desk.state === 'crawling') break
      }
    }
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      // The store may be out of reach; what is due stays due.
      await this.tend().catch(() => undefined)
      await this.#parts.clock.sleep(this.#parts.settings.lookMs, signal).catch(() => undefined)
    }
  }

  /** Whether the instruments of an exchange are known; asks for their list once for each session. */
  async #isListed(exchange: string, desks: readonly MarketDesk[]): Promise<boolean> {
    const { planner, crawls, catalog } = this.#parts
    const known = () => catalog.idsOf(exchange).length > 0
    const list = this.#lists.get(exchange)
    if (list?.crawl !== undefined) {
      if (isRunning(await crawls.status(list.crawl))) return known()
      list.crawl = undefined
      for (const desk of desks) desk.isDue = true
    }
    const session = this.#lastSession(exchange)
    const lister = planner.listerOf(exchange)
    if (list?.session !== session && lister !== undefined) {
      try {
        const [start, end] = [session, dateAfter(session)]
        const { id } = await crawls.order({ ...lister, start, end, market: `${exchange} instruments` })
        this.#lists.set(exchange, { session, crawl: id })
      } catch (error) {
        for (const desk of desks) desk.fail(error, this.#now())
      }
    }
    return known()
  }

  async #tendToday(desk: MarketDesk): Promise<void> {
    try {
      await this.#today.get(desk)?.tend()
    } catch (error) {
      desk.fail(error, this.#now())
    }
  }

  async #tendDesk(desk: MarketDesk, desks: readonly MarketDesk[]): Promise<void> {
    try {
      const had = desk.crawls.length
      const running = await this.#runningOf(desk)
      if (running.length > 0 && !(await this.#givesUp(desk, running))) return
      // What came may tell of more that is missing, also of finer bars.
      if (had > 0 && running.length === 0) {
        for (const other of desks) other.isDue = true
        // As much as before may be missing, and of other sessions.
        for (const finer of desks.slice(desks.indexOf(desk) + 1)) finer.asked = ''
      }
      if (this.#isDue(desk)) await this.#look(desk)
    } catch (error) {
      desk.fail(error, this.#now())
    }
  }

  async #runningOf(desk: MarketDesk): Promise<CrawlStatus[]> {
    const statuses = await Promise.all(desk.crawls.map((id) => this.#parts.crawls.status(id)))
    const running = statuses.filter(isRunning)
    desk.crawls = running.map(({ id }) => id)
    const [first] = running
    if (first !== undefined) desk.crawlsOn(first.order.connector)
    return running
  }

  /** Whether somebody else is to be asked for what a blocked source was to bring; its crawls are ended then. */
  async #givesUp(desk: MarketDesk, running: readonly CrawlStatus[]): Promise<boolean> {
    const held = running.filter(({ order }) => this.#isHeld(order.connector))
    const blocks = held.map(({ order }) => JSON.stringify(this.#parts.stateOf(order.connector))).join()
    if (held.length === 0) return false
    // Once for each block: looking for gaps is dear.
    if (blocks !== desk.judged) {
      desk.judged = blocks
      desk.sources = (await this.#parts.planner.plan(desk.line)).sources
    }
    if (!desk.sources.some(isUsable)) {
      desk.state = 'blocked'
      return false
    }
    for (const { id } of held) await this.#parts.crawls.cancel(id)
    desk.crawls = desk.crawls.filter((id) => held.every((one) => one.id !== id))
    desk.isDue = true
    return true
  }

  #isDue({ line, isDue, session, retryAtMs, sources }: MarketDesk): boolean {
    if (retryAtMs !== null && retryAtMs > this.#now()) return false
    if (isDue || retryAtMs !== null || session !== this.#lastSession(line.exchange)) return true
    return sources.some(({ role, connector }) => (role === 'blocked' || role === 'stopped') && !this.#isHeld(connector))
  }

  async #look(desk: MarketDesk): Promise<void> {
    const { planner, backfill } = this.#parts
    const { exchange, interval, since } = desk.line
    desk.begin(this.#lastSession(exchange), this.#now())
    const { gaps, sources } = await planner.plan(desk.line)
    desk.gaps = gaps
    desk.sources = sources
    const request = { exchange, interval, start: since, market: marketOf(desk.line) }
    const connectors = sources.filter(isUsable).map(({ connector }) => connector)
    // What a source did not have a moment ago it will not have now.
    const wanted = JSON.stringify([
      desk.session,
      gaps,
      sources.map(({ connector, role, requests }) => [connector, role, requests]),
    ])
    if (gaps !== 0 && connectors.length > 0 && wanted !== desk.asked) {
      desk.asked = wanted
      desk.ordered((await backfill.run({ ...request, connectors })).crawls)
    }
    if (desk.crawls.length === 0) await this.#askBetter(desk)
    if (desk.crawls.length > 0) desk.state = 'crawling'
    else if (gaps === 0) desk.state = 'fresh'
    else desk.state = sources.some(({ role }) => role === 'blocked' || role === 'stopped') ? 'blocked' : 'incomplete'
  }

  /** Asks for better bars than those that are there, of the first who has something new to be asked for. */
  async #askBetter(desk: MarketDesk): Promise<void> {
    const { backfill } = this.#parts
    const { exchange, interval, since } = desk.line
    for (const { connector, behind } of betterAskings(desk, this.#parts.order, this.#parts.telling())) {
      const request = { exchange, interval, start: since, connectors: [connector], behind, market: marketOf(desk.line) }
      const { crawls } = await backfill.plan(request)
      const wanted = JSON.stringify([desk.session, crawls])
      if (crawls.length === 0 || desk.askedAgain.has(wanted)) continue
      desk.askedAgain.add(wanted)
      desk.ordered((await backfill.run(request)).crawls)
      return
    }
  }

  #isHeld(connector: string): boolean {
    const state = this.#parts.stateOf(connector)
    const bearableUntilMs = this.#now() + this.#parts.settings.patienceMs
    return state !== undefined && (state.stoppedBy !== null || (state.blockedUntilMs ?? 0) > bearableUntilMs)
  }

  /** The last date whose session is over, with the time that its bars may take; a day without a session is as good. */
  #lastSession(code: string): string {
    const exchange: Exchange = this.#parts.catalog.exchange(code)
    const today = sessionDateOf(exchange, this.#now())
    if (isOver(exchange, today, this.#now(), this.#parts.settings.settleMs)) return today
    return new Date(Date.parse(today) - 86_400_000).toISOString().slice(0, 10)
  }

  #deskOf(market: string | undefined): MarketDesk | undefined {
    return this.#desks.find(({ line }) => marketOf(line) === market)
  }

  #now(): number {
    return this.#parts.clock.now()
  }
}
