import type { CrawlPlan, CrawlRequest } from '@barkeep/core'
import type { GapsPart } from '../../store/gaps/gaps-sql-part.js'
import { type CrawlWindow, pageOf, tasksOfWindow } from './backfill-tasks.js'
import { dateAfter } from './gaps-calendar.js'

/** Windows that a plan of a connector is to bring. */
export interface PlannedWindows {
  readonly plan: string
  readonly windows: readonly CrawlWindow[]
}

export interface BackfillChoice {
  readonly planned: readonly PlannedWindows[]
  /** What no page of these plans brings. */
  readonly unreached: readonly CrawlWindow[]
}

/** Places of sessions, half-open. */
type Run = readonly [from: number, until: number]
type NamedPlan = readonly [name: string, plan: CrawlPlan]

/** From how many instruments on, that miss the same session, a page of the whole exchange is tried. */
const sharedMinChoices = [1, 2, 5, 20, 100, Number.POSITIVE_INFINITY]

/** Pages of one instrument in whose stead one page is asked for that also holds what is not missing. */
const PAGES_SPARED_MIN = 4

/**
 * How the plans of one connector bring windows of an exchange, as much of them as possible and with the fewest requests:
 * sessions that many instruments miss as pages of the whole exchange, the rest instrument by instrument.
 * `request` has all instruments of the exchange.
 */
export function chooseWindows(
  { exchange, interval, sessions }: Pick<GapsPart, 'exchange' | 'interval' | 'sessions'>,
  wanted: readonly CrawlWindow[],
  crawls: Readonly<Record<string, CrawlPlan>>,
  request: CrawlRequest,
): BackfillChoice {
  const dates = sessions.map(({ date }) => date)
  const plans = Object.entries(crawls).filter(
    ([, plan]) =>
      plan.of === interval && plan.exchanges.includes(exchange.code) && goesByDate(plan, request, dates.at(-1)),
  )
  const byInstrument = plans.find(([, { per }]) => per === 'instrument')
  const byExchange = plans.find(([, { per }]) => per === 'exchange')
  const desk = new Desk(request, dates)
  const missing = desk.countMissing(wanted)
  let best: Offer | undefined
  const sharedCounts = new Set<number>()
  for (const sharedMin of sharedMinChoices) {
    if (byInstrument === undefined && sharedMin > 1) continue
    if (byExchange === undefined && sharedMin < Number.POSITIVE_INFINITY) continue
    const isShared = (place: number) => (missing[place] ?? 0) >= sharedMin
    const shared = dates.filter((_, place) => isShared(place)).map((date) => ({ start: date, end: dateAfter(date) }))
    // A higher bar takes sessions away, so as many are the same ones.
    if (sharedCounts.has(shared.length)) continue
    sharedCounts.add(shared.length)
    const requestsMax = best?.unreachedSessions === 0 ? best.requests : Number.POSITIVE_INFINITY
    const own = byInstrument === undefined ? [] : desk.unshared(wanted, isShared)
    const offer = joinOffers([
      byExchange === undefined ? undefined : desk.ask(byExchange, shared, requestsMax),
      byInstrument === undefined ? undefined : desk.ask(byInstrument, desk.fitted(byInstrument[1], own), requestsMax),
    ])
    if (best === undefined || isBetter(offer, best)) best = offer
  }
  return best ?? { planned: [], unreached: wanted }
}

interface Offer extends BackfillChoice {
  readonly requests: number
  readonly unreachedSessions: number
}

function joinOffers(offers: readonly (Offer | undefined)[]): Offer {
  const made = offers.filter((offer) => offer !== undefined)
  return {
    planned: made.flatMap(({ planned }) => planned),
    unreached: made.flatMap(({ unreached }) => unreached),
    requests: made.reduce((sum, { requests }) => sum + requests, 0),
    unreachedSessions: made.reduce((sum, { unreachedSessions }) => sum + unreachedSessions, 0),
  }
}

function isBetter(offer: Offer, best: Offer): boolean {
  if (offer.unreachedSessions !== best.unreachedSessions) return offer.unreachedSessions < best.unreachedSessions
  return offer.requests < best.requests
}

/** Counts what windows cost. */
class Desk {
  readonly #request: CrawlRequest
  readonly #instruments: ReadonlyMap<string, CrawlRequest['instruments'][number]>
  readonly #dates: readonly string[]
  /** Places before which the exchange was closed on a weekday. */
  readonly #breaks: readonly number[]

  constructor(request: CrawlRequest, dates: readonly string[]) {
    this.#request = request
    this.#breaks = dates.flatMap((date, place) => (place > 0 && !adjoin(dates[place - 1] ?? '', date) ? [place] : []))
    this.#instruments = new Map(request.instruments.map((instrument) => [instrument.instrument, instrument]))
    this.#dates = dates
  }

  /** By place: how many instruments miss the session. */
  countMissing(windows: readonly CrawlWindow[]): number[] {
    const changes = new Array<number>(this.#dates.length + 1).fill(0)
    for (const window of windows) {
      const [from, until] = this.#placesOf(window)
      const instruments = window.instrument === undefined ? this.#request.instruments.length : 1
      changes[from] = (changes[from] ?? 0) + instruments
      changes[until] = (changes[until] ?? 0) - instruments
    }
    let missing = 0
    return changes.slice(0, -1).map((change) => {
      missing += change
      return missing
    })
  }

  /** What is left of the windows without the shared sessions, instrument by instrument. */
  unshared(windows: readonly CrawlWindow[], isShared: (place: number) => boolean): CrawlWindow[] {
    return windows.flatMap((window) => {
      const [from, until] = this.#placesOf(window)
      const names = window.instrument === undefined ? [...this.#instruments.keys()] : [window.instrument]
      const left: CrawlWindow[] = []
      let place = from
      while (place < until) {
        let end = place
        while (end < until && !isShared(end)) end += 1
        const [start, last] = [this.#dates[place], this.#dates[end - 1]]
        if (end > place && start !== undefined && last !== undefined) {
          for (const instrument of names) left.push({ instrument, start, end: dateAfter(last) })
        }
        place = Math.max(end, place) + 1
      }
      return left
    })
  }

  /**
   * The windows, instrument by instrument: sessions that follow one another as one, cut where the exchange was closed on a
   * weekday if pages of that would be asked for, and all as one where that is one page instead of many.
   */
  fitted(plan: CrawlPlan, windows: readonly CrawlWindow[]): CrawlWindow[] {
    const runsOf = new Map<string, Run[]>()
    for (const window of windows) {
      const { instrument = '' } = window
      const runs = runsOf.get(instrument) ?? []
      runs.push(this.#placesOf(window))
      runsOf.set(instrument, runs)
    }
    return [...runsOf].flatMap(([instrument, some]) => {
      const runs = mergeRuns(some)
      const asWindows = (parts: readonly Run[]) => parts.map((run) => this.#windowOf(instrument, run))
      const plain = asWindows(runs)
      const pages = this.#pages(plan, plain)
      const sessions = runs.reduce((sum, [from, until]) => sum + until - from, 0)
      if (pages > sessions) return asWindows(runs.flatMap((run) => this.#cut(run)))
      const [first, last] = [runs[0], runs.at(-1)]
      if (pages < PAGES_SPARED_MIN || first === undefined || last === undefined) return plain
      const whole = asWindows([[first[0], last[1]]])
      return this.#pages(plan, whole) * PAGES_SPARED_MIN <= pages ? whole : plain
    })
  }

  /** What a plan brings of the windows; an offer of more than `requestsMax` pages is not counted to its end. */
  ask([name, plan]: NamedPlan, windows: readonly CrawlWindow[], requestsMax: number): Offer {
    const reached: CrawlWindow[] = []
    const unreached: CrawlWindow[] = []
    const pages = new Set<string>()
    for (const window of windows) {
      const tasks = tasksOfWindow(plan, this.#request, window, this.#instruments)
      for (const task of tasks) pages.add(pageOf(task))
      if (tasks.length > 0) reached.push(window)
      else unreached.push(window)
      if (pages.size > requestsMax) break
    }
    const unreachedSessions = unreached.reduce((count, window) => {
      const [from, until] = this.#placesOf(window)
      return count + (until - from) * (window.instrument === undefined ? this.#request.instruments.length : 1)
    }, 0)
    const planned = reached.length === 0 ? [] : [{ plan: name, windows: reached }]
    return { planned, unreached, requests: pages.size, unreachedSessions }
  }

  #pages(plan: CrawlPlan, windows: readonly CrawlWindow[]): number {
    const pages = new Set<string>()
    for (const window of windows) {
      for (const task of tasksOfWindow(plan, this.#request, window, this.#instruments)) pages.add(pageOf(task))
    }
    return pages.size
  }

  #windowOf(instrument: string, [from, until]: Run): CrawlWindow {
    return { instrument, start: this.#dates[from] ?? '', end: dateAfter(this.#dates[until - 1] ?? '') }
  }

  #cut([from, until]: Run): Run[] {
    const runs: [number, number][] = [[from, until]]
    for (const place of this.#breaks) {
      const last = runs.at(-1)
      if (last === undefined || place <= last[0] || place >= until) continue
      last[1] = place
      runs.push([place, until])
    }
    return runs
  }

  #placesOf({ start, end }: CrawlWindow): Run {
    return [lowerBound(this.#dates, start), lowerBound(this.#dates, end)]
  }
}

/** Whether a plan takes dates at all: a page of the latest day is the same whatever is asked. */
export function goesByDate(plan: CrawlPlan, request: CrawlRequest, date: string | undefined): boolean {
  if (date === undefined) return false
  const instruments = request.instruments.slice(0, 1)
  const pagesOf = (start: string) =>
    [...plan.tasks({ ...request, instruments, start, end: dateAfter(start) })].map(pageOf).join()
  const late = pagesOf(date)
  // Whole weeks before it is the same day of the week, and 53 of them is another year: some pages hold a year.
  return [5, 53].some((weeks) => late !== pagesOf(weeksBefore(date, weeks)))
}

/**
 * The plans that are made for the session under way, where there are some: those that have pages of its date and none of
 * earlier ones. All plans else: pages of history may have the day so far as well.
 */
export function plansOfToday(
  crawls: Readonly<Record<string, CrawlPlan>>,
  { exchange, interval, sessions }: Pick<GapsPart, 'exchange' | 'interval' | 'sessions'>,
  request: CrawlRequest,
): Readonly<Record<string, CrawlPlan>> {
  const today = sessions.at(-1)?.date ?? ''
  const asks = (plan: CrawlPlan, date: string) => {
    const { done = false } = plan
      .tasks({ ...request, start: date, end: dateAfter(date) })
      [Symbol.iterator]()
      .next()
    return !done
  }
  const made = Object.entries(crawls).filter(
    ([, plan]) =>
      plan.of === interval &&
      plan.exchanges.includes(exchange.code) &&
      asks(plan, today) &&
      !asks(plan, weeksBefore(today, 1)),
  )
  return made.length === 0 ? crawls : Object.fromEntries(made)
}

function weeksBefore(date: string, weeks: number): string {
  return new Date(Date.parse(date) - weeks * 7 * 86_400_000).toISOString().slice(0, 10)
}

/** Whether two sessions follow one another with no more than a weekend between them. */
function adjoin(date: string, next: string): boolean {
  const days = (Date.parse(next) - Date.parse(date)) / 86_400_000
  return days === 1 || (days <= 3 && new Date(date).getUTCDay() === 5)
}

/** The same places as disjoint runs, ascending; runs that touch are one. */
function mergeRuns(runs: readonly Run[]): Run[] {
  const merged: [number, number][] = []
  for (const [from, until] of [...runs].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], until)
    else merged.push([from, until])
  }
  return merged
}

function lowerBound(dates: readonly string[], date: string): number {
  let [low, high] = [0, dates.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((dates[middle] ?? '') < date) low = middle + 1
    else high = middle
  }
  return low
}
