import {
  BarkeepError,
  dateOfWallClock,
  type Exchange,
  type KeptInterval,
  keptIntervals,
  parseInstrument,
} from '@barkeep/core'
import { anyDay } from '../../store/bars/calendar-sql.js'
import type { Contents } from '../../store/contents.js'
import type { GapsPart } from '../../store/gaps/gaps-sql-part.js'
import type { Store } from '../../store/store.js'
import { dateAfter, isOver, type MarketDay, marketCalendar } from './gaps-calendar.js'
import type { FailedTasks } from './gaps-failed.js'

/** Where gaps are looked for; what is absent does not narrow. */
export interface GapsRequest {
  readonly exchange?: string | undefined
  /** Names; exclude `exchange`. */
  readonly instruments?: readonly string[] | undefined
  /** Those of which the exchange has bars, where absent. */
  readonly interval?: KeptInterval | undefined
  /** Session dates, half-open; from the first bar of the interval to the last session that is over, where absent. */
  readonly start?: string | undefined
  readonly end?: string | undefined
}

export interface GapsParts {
  readonly store: Store
  readonly contents: Pick<Contents, 'catalog' | 'datasets'>
  readonly failedTasks: FailedTasks
  readonly now: () => number
  /** How long after its close bars of a session may still be on their way. */
  readonly settleMs: number
}

/** Knows which sessions there should be bars of, and makes the parts of a query that finds those without. */
export class Gaps {
  readonly #parts: GapsParts

  constructor(parts: GapsParts) {
    this.#parts = parts
  }

  calendar(exchange: Exchange, start?: string, end?: string): Promise<MarketDay[]> {
    const { store, contents, now, settleMs } = this.#parts
    return marketCalendar(store, contents, exchange, { start, end, nowMs: now(), settleMs })
  }

  /** Throws UNKNOWN_EXCHANGE, NOT_FOUND, EXCLUSIVE_PARAMETERS, INVALID_TIME_WINDOW. */
  async find(request: GapsRequest): Promise<GapsPart[]> {
    const { start, end } = request
    if (start !== undefined && end !== undefined && start >= end) {
      throw new BarkeepError('INVALID_TIME_WINDOW', {
        message: `start (${start}) is not before end (${end}). Windows are half-open.`,
      })
    }
    const failures = await this.#parts.failedTasks.list()
    const parts: GapsPart[] = []
    for (const [code, ids] of this.#instrumentsOf(request)) {
      const exchange = this.#parts.contents.catalog.exchange(code)
      // No session of a day that has not begun is missing.
      const tomorrow = dateAfter(dateOfWallClock(this.#parts.now() + 86_400_000))
      const days = await this.calendar(exchange, start, end !== undefined && end < tomorrow ? end : tomorrow)
      const held = keptIntervals.filter((interval) => days.some(({ intervals }) => intervals.includes(interval)))
      const all: readonly KeptInterval[] = held.length === 0 ? ['1d'] : held
      const wanted = request.interval === undefined ? all : [request.interval]
      const keepsDays = await this.#keepsDays(exchange)
      for (const interval of wanted) {
        const part = this.#partOf(exchange, interval, keepsDays, ids, days, request)
        if (part === undefined) continue
        const placed = placeFailures(part, failures, (name) => this.#parts.contents.catalog.instrument(name)?.id)
        parts.push({ ...part, ...placed })
      }
    }
    return parts
  }

  async #keepsDays(exchange: Exchange): Promise<boolean> {
    const { store, contents } = this.#parts
    const { sql, params } = anyDay(contents.catalog.idsOf(exchange.code))
    return (await store.rows(sql, params)).length > 0
  }

  #partOf(
    exchange: Exchange,
    interval: KeptInterval,
    keepsDays: boolean,
    ids: readonly number[],
    days: readonly MarketDay[],
    { start, instruments }: GapsRequest,
  ): GapsPart | undefined {
    const { contents, now, settleMs } = this.#parts
    const firstHeld = days.findIndex(({ intervals }) => intervals.includes(interval))
    const sessions = days
      .slice(start === undefined && firstHeld !== -1 ? firstHeld : 0)
      // A day that no instrument has a bar of is a gap of the days; when they have come, finer bars of it are expected.
      .filter(({ state }) => state === 'session' || (state === 'missing' && (interval === '1d' || !keepsDays)))
      .filter(({ date }) => isOver(exchange, date, now(), settleMs))
    if (sessions.length === 0 || ids.length === 0) return undefined
    // Only for all of an exchange is a day that nobody has one gap: who asks for an instrument is answered about it.
    const nobody =
      instruments === undefined
        ? sessions.flatMap(({ intervals }, place) => (intervals.includes(interval) ? [] : [place]))
        : []
    const marketIds = contents.catalog.idsOf(exchange.code)
    return { exchange, interval, ids, marketIds, sessions, nobody, failed: [], failedForAll: [] }
  }

  #instrumentsOf({ exchange, instruments }: GapsRequest): Map<string, number[]> {
    const { catalog } = this.#parts.contents
    if (exchange !== undefined && instruments !== undefined) {
      const message = 'instruments and exchange exclude each other.'
      throw new BarkeepError('EXCLUSIVE_PARAMETERS', {
        message,
        errors: [{ code: 'EXCLUSIVE_PARAMETERS', parameter: 'exchange', value: exchange, message }],
      })
    }
    if (exchange !== undefined) return new Map([[exchange, catalog.idsOf(catalog.exchange(exchange).code)]])
    const ids = new Map<string, number[]>()
    const names = instruments ?? catalog.instruments.map(({ instrument }) => instrument)
    for (const name of new Set(names)) {
      const code = parseInstrument(name, 'instruments').exchange
      const known = catalog.instrument(name)
      if (known === undefined) throw unknownInstrument(name)
      const some = ids.get(code)
      if (some === undefined) ids.set(code, [known.id])
      else some.push(known.id)
    }
    return ids
  }
}

/** The places of a part's sessions that failed tasks were to bring. */
function placeFailures(
  { exchange, interval, ids, sessions }: GapsPart,
  failures: Awaited<ReturnType<FailedTasks['list']>>,
  idOf: (name: string) => number | undefined,
): Pick<GapsPart, 'failed' | 'failedForAll'> {
  const wanted = new Set(ids)
  const placeOf = (date: string) => {
    const place = sessions.findIndex((session) => session.date >= date)
    return place === -1 ? sessions.length : place
  }
  const forAll = new Set<number>()
  const failed: { id: number; from: number; until: number }[] = []
  for (const { scope, of, start, end } of failures) {
    if (of !== interval) continue
    const [from, until] = [placeOf(start), placeOf(end)]
    const id = idOf(scope)
    if (scope === exchange.code) for (let place = from; place < until; place++) forAll.add(place)
    else if (id !== undefined && wanted.has(id)) failed.push({ id, from, until })
  }
  return { failed, failedForAll: [...forAll].sort((a, b) => a - b) }
}

function unknownInstrument(name: string): BarkeepError {
  const message = `The instrument '${name}' is not known. GET /v1/instruments lists those that are.`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: 'instruments', value: name, message }],
  })
}
