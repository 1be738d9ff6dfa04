import { BarkeepError, type Exchange, sessionDateOf } from '@barkeep/core'
import { Cron } from 'croner'
import { type Crawls, unknownName } from '../crawls.js'
import type { Backfill } from '../gaps/backfill.js'
import { dateAfter } from '../gaps/gaps-calendar.js'
import type { Clock } from '../limiter/clock.js'
import { checkSchedule, type ScheduleDefinition } from './schedule-definition.js'
import type { ScheduleTable, StoredSchedule } from './schedule-table.js'

export interface ScheduleParts {
  readonly table: Pick<ScheduleTable, 'load' | 'save' | 'remove'>
  readonly crawls: Pick<Crawls, 'order' | 'estimate'>
  readonly backfill: Pick<Backfill, 'run'>
  /** Throws UNKNOWN_EXCHANGE. */
  readonly exchange: (code: string) => Exchange
  readonly clock: Clock
  /** By name; they replace what is stored under the same name, and go when they are no longer declared. */
  readonly declared: ReadonlyMap<string, ScheduleDefinition>
}

export interface ScheduleStatus extends StoredSchedule {
  /** Milliseconds since the epoch. */
  readonly nextMs: number | null
}

/** However far away the next run is, the clock is looked at again after this: it may have been set. */
const SLEEP_MS_MAX = 60_000
const ERROR_CHARACTERS_MAX = 500
const MS_PER_DAY = 86_400_000

/**
 * Runs what is due by the clock of an exchange.
 *
 * A run is written down with the time it was due before it is made and after, so a crash repeats it, and the rows of a run
 * that was repeated replace themselves. Runs that were missed while the process was off are made up for by one that asks for
 * the dates of all of them. One process owns the store and only it has schedules, so none runs twice.
 */
export class Schedules {
  readonly #parts: ScheduleParts
  readonly #all = new Map<string, StoredSchedule>()
  readonly #stop = new AbortController()
  #changed = new AbortController()
  #looping: Promise<void> = Promise.resolve()

  private constructor(parts: ScheduleParts) {
    this.#parts = parts
  }

  /** Throws UNKNOWN_EXCHANGE, and what the store throws. */
  static async open(parts: ScheduleParts): Promise<Schedules> {
    const schedules = new Schedules(parts)
    for (const schedule of await parts.table.load()) schedules.#all.set(schedule.name, schedule)
    for (const { name, declared } of schedules.#all.values()) {
      if (declared && !parts.declared.has(name)) await schedules.#forget(name)
    }
    for (const [name, definition] of parts.declared) {
      parts.exchange(definition.exchange)
      await schedules.#put(name, definition)
    }
    return schedules
  }

  start(): void {
    this.#looping = this.#loop()
  }

  /** By name. */
  list(): ScheduleStatus[] {
    return [...this.#all.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((schedule) => ({
        ...schedule,
        nextMs: this.#cronOf(schedule).nextRun(new Date(schedule.slotMs))?.getTime() ?? null,
      }))
  }

  /**
   * Makes a schedule, or replaces what it does; its runs begin now. Throws INVALID_BODY, UNKNOWN_EXCHANGE, CONFLICT for one
   * that the configuration declares, and for a crawl what an order throws.
   */
  async put(name: string, definition: ScheduleDefinition): Promise<void> {
    this.#refuseDeclared(name)
    checkSchedule(definition)
    const { crawl } = definition
    const exchange = this.#parts.exchange(definition.exchange)
    if (crawl !== undefined) {
      await this.#parts.crawls.estimate({ ...crawl, ...datesOf(definition, exchange, this.#now(), this.#now()) })
    }
    await this.#put(name, definition)
  }

  /** Throws NOT_FOUND, CONFLICT for one that the configuration declares. */
  async remove(name: string): Promise<void> {
    if (!this.#all.has(name)) throw unknownName('schedule', name, [...this.#all.keys()])
    this.#refuseDeclared(name)
    await this.#forget(name)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#looping
  }

  /** Makes all runs that are due. */
  async runDue(): Promise<void> {
    for (const name of [...this.#all.keys()].sort()) {
      const schedule = this.#all.get(name)
      const run = schedule && this.#dueOf(schedule)
      if (schedule !== undefined && run !== undefined) await this.#run(schedule, run)
    }
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      // The store may be out of reach; what is due stays due.
      await this.runDue().catch(() => undefined)
      const nextMs = Math.min(...this.list().map(({ nextMs: one }) => one ?? Number.POSITIVE_INFINITY))
      const delayMs = Math.min(SLEEP_MS_MAX, Math.max(nextMs - this.#now(), 1_000))
      const ends = AbortSignal.any([signal, this.#changed.signal])
      await this.#parts.clock.sleep(delayMs, ends).catch(() => undefined)
    }
  }

  /** The first and the last run that are due and were not made; undefined when there is none. */
  #dueOf(schedule: StoredSchedule): { readonly firstMs: number; readonly slotMs: number } | undefined {
    const { slotMs, state } = schedule
    const cron = this.#cronOf(schedule)
    const nowMs = this.#now()
    const nextMs = cron.nextRun(new Date(slotMs))?.getTime() ?? Number.POSITIVE_INFINITY
    if (nextMs > nowMs) return state === 'started' ? { firstMs: slotMs, slotMs } : undefined
    const lastMs = cron
      .previousRuns(2, new Date(nowMs + 1_000))
      .map((run) => run.getTime())
      .find((runMs) => runMs <= nowMs)
    return { firstMs: state === 'started' ? slotMs : nextMs, slotMs: lastMs ?? nextMs }
  }

  async #run(schedule: StoredSchedule, { firstMs, slotMs }: { firstMs: number; slotMs: number }): Promise<void> {
    // Until it is done, the run counts from the first that was missed: a crash must not forget the others.
    await this.#save({ ...schedule, slotMs: firstMs, state: 'started', crawls: [], error: '' })
    try {
      const crawls = await this.#order(schedule.definition, firstMs, slotMs)
      await this.#save({ ...schedule, slotMs, state: 'done', crawls, error: '' })
    } catch (error) {
      // What passes by itself leaves the run due.
      if (error instanceof BarkeepError && error.status === 503) throw error
      const told =
        error instanceof BarkeepError ? `${error.code}: ${error.message}` : `INTERNAL_ERROR: ${String(error)}`
      await this.#save({ ...schedule, slotMs, state: 'failed', crawls: [], error: told.slice(0, ERROR_CHARACTERS_MAX) })
    }
  }

  async #order(definition: ScheduleDefinition, firstMs: number, slotMs: number): Promise<number[]> {
    const { crawl, backfill } = definition
    const exchange = this.#parts.exchange(definition.exchange)
    const dates = datesOf(definition, exchange, firstMs, slotMs)
    if (crawl !== undefined) return [(await this.#parts.crawls.order({ ...crawl, ...dates })).id]
    const scope = backfill?.instruments === undefined ? { exchange: exchange.code } : {}
    const { crawls } = await this.#parts.backfill.run({ ...backfill, ...scope, ...dates })
    return crawls.flatMap(({ id }) => id ?? [])
  }

  async #put(name: string, definition: ScheduleDefinition): Promise<void> {
    const known = this.#all.get(name)
    const declared = this.#parts.declared.has(name)
    const isSame = known?.declared === declared && JSON.stringify(known.definition) === JSON.stringify(definition)
    if (isSame) return
    await this.#save({ name, definition, declared, slotMs: this.#now(), state: 'done', crawls: [], error: '' })
    this.#changed.abort()
    this.#changed = new AbortController()
  }

  async #forget(name: string): Promise<void> {
    await this.#parts.table.remove(name)
    this.#all.delete(name)
  }

  async #save(schedule: StoredSchedule): Promise<void> {
    await this.#parts.table.save(schedule)
    this.#all.set(schedule.name, schedule)
  }

  #refuseDeclared(name: string): void {
    if (!this.#parts.declared.has(name)) return
    throw new BarkeepError('CONFLICT', {
      message: `The schedule '${name}' is declared in barkeep.config.json. Change it there and start the server again.`,
    })
  }

  #cronOf({ definition: { cron, exchange } }: StoredSchedule): Cron {
    return new Cron(cron, { timezone: this.#parts.exchange(exchange).timeZone, mode: '5-part', paused: true })
  }

  #now(): number {
    return this.#parts.clock.now()
  }
}

/** The session dates of the runs from the first to the last, half-open. */
function datesOf({ days }: ScheduleDefinition, exchange: Exchange, firstMs: number, lastMs: number) {
  const first = Date.parse(sessionDateOf(exchange, firstMs)) - (days - 1) * MS_PER_DAY
  return { start: new Date(first).toISOString().slice(0, 10), end: dateAfter(sessionDateOf(exchange, lastMs)) }
}
