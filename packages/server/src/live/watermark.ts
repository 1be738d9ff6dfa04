import { type Exchange, formatInstant, sessionDateOf, sessionOf, type Topic } from '@barkeep/core'
import { type BarSlot, slotsOf } from './bar-slots.js'

/** That nothing more is expected for the bars of an exchange that start at `ts`. */
export interface DoneMark {
  readonly ts: string
  readonly exchange: string
  /** How many instruments had their bar. */
  readonly instruments: number
  readonly missing: readonly string[]
}

export interface WatermarkOptions {
  readonly topic: Topic
  /** By its code; undefined for one that is not known. */
  readonly exchange: (code: string) => Exchange | undefined
  /** How long after its end a bar may still arrive, milliseconds. */
  readonly doneMs: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Tells when the bars of one start are complete. Those of an exchange are done in the order of their starts, from the
 * first that somebody published in the session: before that, nobody says that there is a session at all.
 */
export class Watermark {
  readonly #options: WatermarkOptions
  readonly #sessions = new Map<string, SessionMark>()
  #declared: ReadonlySet<string> | undefined

  constructor(options: WatermarkOptions) {
    this.#options = options
  }

  /** All instruments that will have a bar at each start, in the words of the publisher; undefined where it says nothing. */
  expect(instruments: readonly string[] | undefined): void {
    this.#declared = instruments === undefined ? undefined : new Set(instruments)
    for (const session of this.#sessions.values()) session.declared = this.#declaredOf(session.exchange)
  }

  /** Takes note of bars that were broadcast. Gives what is complete by them. */
  arrived(bars: readonly { readonly instrument: string; readonly ts: string; readonly final: boolean }[]): DoneMark[] {
    const touched = new Map<SessionMark, number>()
    for (const { instrument, ts, final } of bars) {
      const tsMs = Date.parse(ts)
      const session = final ? this.#sessionOf(instrument, tsMs) : undefined
      const slot = session?.arrive(instrument, tsMs, this.#options.now())
      if (session === undefined || slot === undefined) continue
      touched.set(session, Math.max(slot, touched.get(session) ?? 0))
    }
    return [...touched].flatMap(([session, slot]) => (session.isComplete(slot) ? session.closeThrough(slot) : []))
  }

  /** The publisher says that what starts at `tsMs` is complete. Of an exchange, where one is named. */
  declare(tsMs: number, exchange?: string): DoneMark[] {
    const sessions = [...this.#sessions.values()].filter(
      (session) => exchange === undefined || session.exchange.code === exchange,
    )
    return sessions.flatMap((session) => session.closeThrough(session.slotAt(tsMs)))
  }

  /** What is done because its deadline has passed. */
  due(): DoneMark[] {
    const { now, doneMs } = this.#options
    return [...this.#sessions.values()].flatMap((session) => session.closeOverdue(now(), doneMs))
  }

  /** When `due` will next have something, milliseconds since the epoch; undefined when nothing is waited for. */
  get nextDueMs(): number | undefined {
    const next = [...this.#sessions.values()].flatMap((session) => session.deadlineMs(this.#options.doneMs) ?? [])
    return next.length === 0 ? undefined : Math.min(...next)
  }

  /** The session that a bar is of; an earlier one than that which is under way is over. */
  #sessionOf(instrument: string, tsMs: number): SessionMark | undefined {
    const code = instrument.slice(0, instrument.indexOf(':'))
    const known = this.#sessions.get(code)
    if (known?.covers(tsMs)) return known
    const exchange = this.#options.exchange(code)
    if (exchange === undefined) return undefined
    const date = sessionDateOf(exchange, tsMs)
    if (known !== undefined && date <= known.date) return undefined
    const slots = slotsOf(this.#options.topic, sessionOf(exchange, date))
    const opened = new SessionMark(exchange, date, slots, this.#declaredOf(exchange))
    this.#sessions.set(code, opened)
    return opened
  }

  #declaredOf({ code }: Exchange): ReadonlySet<string> | undefined {
    if (this.#declared === undefined) return undefined
    const own = [...this.#declared].filter((instrument) => instrument.startsWith(`${code}:`))
    return own.length === 0 ? undefined : new Set(own)
  }
}

/** How far one session of one exchange is. */
class SessionMark {
  readonly exchange: Exchange
  readonly date: string
  declared: ReadonlySet<string> | undefined
  readonly #slots: readonly BarSlot[]
  readonly #arrived = new Map<number, Set<string>>()
  /** When the first bar of a slot came, and the last of any: milliseconds. */
  readonly #firstMs = new Map<number, number>()
  #lastMs = 0
  /** Instruments that had a bar in a slot that is done. */
  readonly #seen = new Set<string>()
  /** The first slot that is not done; undefined before anything came. */
  #next: number | undefined

  constructor(exchange: Exchange, date: string, slots: readonly BarSlot[], declared: ReadonlySet<string> | undefined) {
    this.exchange = exchange
    this.date = date
    this.#slots = slots
    this.declared = declared
  }

  covers(tsMs: number): boolean {
    return tsMs >= (this.#slots[0]?.startMs ?? 0) && tsMs < (this.#slots.at(-1)?.endMs ?? 0)
  }

  /** The slot that starts at an instant, or -1. */
  slotAt(tsMs: number): number {
    const [first] = this.#slots
    if (first === undefined) return -1
    // All slots but the last have the length of the first.
    const slot = Math.floor((tsMs - first.startMs) / (first.endMs - first.startMs))
    return this.#slots[slot]?.startMs === tsMs ? slot : -1
  }

  /**
   * When the next slot will be waited for no longer. A publisher that makes up for lost time comes after all deadlines:
   * for a slot that it brings then, the wait begins when it came.
   */
  deadlineMs(doneMs: number): number | undefined {
    const slot = this.#next === undefined ? undefined : this.#slots[this.#next]
    if (this.#next === undefined || slot === undefined) return undefined
    const regularMs = slot.endMs + doneMs
    const cameMs = this.#firstMs.get(this.#next) ?? this.#lastMs
    return cameMs > regularMs ? cameMs + doneMs : regularMs
  }

  closeOverdue(nowMs: number, doneMs: number): DoneMark[] {
    const marks: DoneMark[] = []
    while ((this.deadlineMs(doneMs) ?? Number.POSITIVE_INFINITY) <= nowMs)
      marks.push(...this.closeThrough(this.#next ?? -1))
    return marks
  }

  /** Gives the slot of a bar; undefined when that is done already, or the bar is outside the session. */
  arrive(instrument: string, tsMs: number, nowMs: number): number | undefined {
    const slot = this.slotAt(tsMs)
    if (slot === -1) return undefined
    if (this.#next !== undefined && slot < this.#next) {
      this.#seen.add(instrument)
      return undefined
    }
    const arrived = this.#arrived.get(slot) ?? new Set()
    this.#arrived.set(slot, arrived)
    arrived.add(instrument)
    if (!this.#firstMs.has(slot)) this.#firstMs.set(slot, nowMs)
    this.#lastMs = nowMs
    this.#next ??= slot
    return slot
  }

  isComplete(slot: number): boolean {
    const expected = this.declared ?? this.#expectedAt(slot)
    const arrived = this.#arrived.get(slot)
    if (expected.size === 0 || arrived === undefined || arrived.size < expected.size) return false
    return [...expected].every((instrument) => arrived.has(instrument))
  }

  /** Closes all slots up to one, and that one. */
  closeThrough(slot: number): DoneMark[] {
    const marks: DoneMark[] = []
    while (this.#next !== undefined && this.#next <= slot) {
      const arrived = this.#arrived.get(this.#next) ?? new Set<string>()
      const missing = [...(this.declared ?? this.#seen)].filter((instrument) => !arrived.has(instrument)).sort()
      const ts = formatInstant(this.#slots[this.#next]?.startMs ?? 0)
      marks.push({ ts, exchange: this.exchange.code, instruments: arrived.size, missing })
      for (const instrument of arrived) this.#seen.add(instrument)
      this.#arrived.delete(this.#next)
      this.#firstMs.delete(this.#next)
      this.#next += 1
    }
    return marks
  }

  /** Without a declaration, what came at an earlier start is expected again. */
  #expectedAt(slot: number): ReadonlySet<string> {
    const earlier = [...this.#arrived].filter(([other]) => other < slot)
    if (earlier.length === 0) return this.#seen
    return new Set([...this.#seen, ...earlier.flatMap(([, instruments]) => [...instruments])])
  }
}
