import {
  BarkeepError,
  type CrawlPlan,
  type CrawlRequest,
  type Instrument,
  nearestName,
  shorten,
  type Task,
} from '@barkeep/core'
import type { Catalog } from '../store/catalog.js'
import type { CrawlTable, StoredCrawl } from '../store/tasks/crawl-table.js'
import type { ConnectorSetup } from './connector-setup.js'
import { type Estimate, estimateCrawl } from './estimate.js'
import { type CrawlWindow, windowTasks } from './gaps/backfill-tasks.js'
import type { TaskCounts, TaskQueue } from './queue/task-queue.js'

/** Tasks that are planned in one stroke. */
const TASKS_ADDED_MAX = 1_000

/** What somebody asks to be crawled. */
export interface CrawlOrder {
  readonly connector: string
  readonly plan: string
  /** Names; all that the plan can bring when absent. */
  readonly instruments?: readonly string[]
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  readonly options?: Readonly<Record<string, string>>
  /** Nothing but these, within `[start, end)`. */
  readonly windows?: readonly CrawlWindow[]
  /** Which of the windows come first; the newest unless told. */
  readonly first?: 'newest' | 'oldest'
  /** The market that it is for, such as `TWSE 1d`, where one is kept whole. */
  readonly market?: string
}

export interface CrawlStatus {
  readonly id: number
  /** Windows may be many, so they are counted here. */
  readonly order: Omit<CrawlOrder, 'windows'> & { readonly windows?: number }
  readonly state: 'planning' | 'running' | 'done' | 'cancelled'
  readonly tasks: TaskCounts
}

/** The crawls that were ordered: each is planned into tasks, and done when none of them is left. */
export class Crawls {
  readonly #setups: ReadonlyMap<string, ConnectorSetup>
  readonly #queue: TaskQueue
  readonly #table: CrawlTable
  readonly #catalog: Catalog
  readonly #now: () => number
  readonly #tasksMax: number
  readonly #planning = new Map<number, Promise<void>>()
  #isClosed = false

  constructor(parts: {
    readonly setups: readonly ConnectorSetup[]
    readonly queue: TaskQueue
    readonly table: CrawlTable
    readonly catalog: Catalog
    readonly now: () => number
    /** Tasks of one crawl. */
    readonly tasksMax: number
  }) {
    this.#setups = new Map(parts.setups.map((setup) => [setup.connector.id, setup]))
    this.#queue = parts.queue
    this.#table = parts.table
    this.#catalog = parts.catalog
    this.#now = parts.now
    this.#tasksMax = parts.tasksMax
  }

  /** Goes on planning what was not planned to its end when the process last ended. */
  async resume(): Promise<void> {
    for (const crawl of await this.#table.inState('planning')) this.#expand(crawl)
  }

  /** What the order would ask of its upstream. Throws NOT_FOUND, INVALID_PARAMETER, REQUEST_TOO_COMPLEX, CREDENTIAL_MISSING. */
  async estimate(order: CrawlOrder): Promise<Estimate> {
    const { setup, plan } = this.#find(order)
    return estimateCrawl(
      plan,
      tasksOf(order, plan, await this.#requestOf(order, setup, plan)),
      setup.accounts,
      this.#tasksMax,
    )
  }

  /** Throws as estimate does. Resolves when the crawl would survive a crash. */
  async order(order: CrawlOrder): Promise<{ readonly id: number; readonly estimate: Estimate }> {
    const estimate = await this.estimate(order)
    if (estimate.isCut) {
      throw new BarkeepError('REQUEST_TOO_COMPLEX', {
        message: `The crawl has more than crawl.tasksMax = ${this.#tasksMax} requests. Ask for fewer instruments or a shorter window.`,
      })
    }
    const crawl = await this.#table.create(JSON.stringify(order))
    this.#expand(crawl)
    return { id: crawl.id, estimate }
  }

  /** Whether a connector has the credentials that it needs. */
  canRun(connector: string): boolean {
    const setup = this.#setups.get(connector)
    return setup !== undefined && missingCredentials(setup).length === 0
  }

  /** Throws NOT_FOUND. */
  async status(id: number): Promise<CrawlStatus> {
    const crawl = await this.#table.find(id)
    if (crawl === undefined) {
      throw new BarkeepError('NOT_FOUND', { message: `There is no crawl ${id}. GET /v1/crawls lists what there is.` })
    }
    return this.#statusOf(crawl)
  }

  /** Newest first. */
  async list(limit: number): Promise<CrawlStatus[]> {
    return Promise.all((await this.#table.newest(limit)).map((crawl) => this.#statusOf(crawl)))
  }

  /** Drops what is not done yet. Throws NOT_FOUND. */
  async cancel(id: number): Promise<CrawlStatus> {
    const { state } = await this.status(id)
    if (state !== 'done') {
      await this.#table.setState(id, 'cancelled')
      await this.#planning.get(id)
      await this.#queue.drop(id)
    }
    return this.status(id)
  }

  /** Waits for what is being planned to stop; it goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#planning.values())
  }

  async #statusOf({ id, definition, state }: StoredCrawl): Promise<CrawlStatus> {
    const tasks = await this.#queue.counts(id)
    const { windows, ...rest } = JSON.parse(definition) as CrawlOrder // written by order
    const order = windows === undefined ? rest : { ...rest, windows: windows.length }
    const isDone = state === 'planned' && tasks.waiting + tasks.active === 0
    return { id, order, state: state === 'planned' ? (isDone ? 'done' : 'running') : state, tasks }
  }

  /** Turns an order into tasks, beside whatever else goes on. */
  #expand({ id, definition }: StoredCrawl): void {
    const expanding = this.#expandNow(id, JSON.parse(definition) as CrawlOrder) // written by order
      .catch(() => undefined) // it stays in planning, and is taken up at the next start
      .finally(() => this.#planning.delete(id))
    this.#planning.set(id, expanding)
  }

  async #expandNow(id: number, order: CrawlOrder): Promise<void> {
    const { setup, plan } = this.#find(order)
    const tasks = tasksOf(order, plan, await this.#requestOf(order, setup, plan))[Symbol.iterator]()
    while (true) {
      const group: Task[] = []
      for (let next = tasks.next(); next.done !== true; next = tasks.next()) {
        if (group.push(next.value) === TASKS_ADDED_MAX) break
      }
      await this.#queue.add(id, group)
      const isCancelled = (await this.#table.find(id))?.state === 'cancelled'
      if (isCancelled || this.#isClosed) return
      if (group.length < TASKS_ADDED_MAX) break
    }
    await this.#table.setState(id, 'planned')
  }

  #find(order: CrawlOrder): { setup: ConnectorSetup; plan: CrawlPlan } {
    const setup = this.#setups.get(order.connector)
    if (setup === undefined) throw unknownName('connector', order.connector, [...this.#setups.keys()])
    const { crawls } = setup.connector
    const plan = Object.hasOwn(crawls, order.plan) ? crawls[order.plan] : undefined
    if (plan === undefined) throw unknownName('plan', order.plan, Object.keys(crawls))
    const [missing] = missingCredentials(setup)
    if (missing === undefined) return { setup, plan }
    throw new BarkeepError('CREDENTIAL_MISSING', {
      message: `${setup.connector.id} needs the credential '${missing}'. Set connectors.${setup.connector.id}.credentials.${missing}.`,
    })
  }

  async #requestOf(order: CrawlOrder, { settings }: ConnectorSetup, plan: CrawlPlan): Promise<CrawlRequest> {
    const { start, end, options = {} } = order
    if (start >= end) {
      throw new BarkeepError('INVALID_TIME_WINDOW', {
        message: `start (${start}) is not before end (${end}). Windows are half-open.`,
      })
    }
    const instruments = await this.#instrumentsOf(order, plan)
    return { instruments, start, end, options, settings, nowMs: this.#now() }
  }

  async #instrumentsOf(order: CrawlOrder, { exchanges }: CrawlPlan): Promise<readonly Instrument[]> {
    const { instruments: names } = order
    const isReached = (exchange: string) => exchanges.length === 0 || exchanges.includes(exchange)
    if (names === undefined) return this.#catalog.instruments.filter(({ exchange }) => isReached(exchange))
    const beyond = names.find((name) => !isReached(exchangeOf(name)))
    if (beyond !== undefined) throw outOfReach(order, beyond, exchanges)
    await this.#catalog.createMissing(names)
    return names.flatMap((name) => this.#catalog.instrument(name) ?? [])
  }
}

function exchangeOf(instrument: string): string {
  return instrument.slice(0, instrument.indexOf(':'))
}

/** Without this an order for what a plan never brings would be done at once, and look as if there were nothing. */
function outOfReach({ connector, plan }: CrawlOrder, instrument: string, exchanges: readonly string[]): BarkeepError {
  const value = shorten(instrument, 40)
  const message = `The plan '${plan}' of ${connector} brings ${exchanges.join(', ')}, not '${value}'. Leave it out, or ask another connector.`
  return new BarkeepError('INVALID_PARAMETER', {
    message,
    errors: [{ code: 'INVALID_PARAMETER', parameter: 'instruments', value, message }],
  })
}

function missingCredentials({ connector, accounts }: ConnectorSetup): string[] {
  return connector.credentials
    .filter(({ required }) => required)
    .map(({ name }) => name)
    .filter((name) => accounts.some(({ credentials }) => (credentials[name] ?? '') === ''))
}

function tasksOf({ windows, first = 'newest' }: CrawlOrder, plan: CrawlPlan, request: CrawlRequest): Iterable<Task> {
  return windows === undefined ? plan.tasks(request) : windowTasks(plan, request, windows, first)
}

/** NOT_FOUND for a name, with the nearest of those that are known. */
export function unknownName(what: string, value: string, known: readonly string[]): BarkeepError {
  const near = nearestName(value, known)
  const hint = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean '${near}'?`
  const message = `There is no ${what} '${shorten(value, 40)}'. ${hint}`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: what, value: shorten(value, 40), message }],
  })
}
