import { type Exchange, type LiveBar, sessionDateOf, sessionOf, type Topic, topicIntervals } from '@barkeep/core'
import { slotAt, slotsOf } from './bar-slots.js'
import type { StoredBars } from './derived-bars.js'
import { derivedSource, RunningBar } from './running-bar.js'
import type { DoneMark } from './watermark.js'

export type BuiltTopic = Exclude<Topic, 'kmin'>
export const builtTopics: readonly BuiltTopic[] = ['khour', 'kday']

export interface BuilderParts {
  readonly topic: BuiltTopic
  readonly stored: StoredBars
  /** By its code; undefined for one that is not known. */
  readonly exchange: (code: string) => Exchange | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What is to be made final: a bar's start at an exchange, of some instruments or of all. */
export interface Closing {
  readonly exchange: Exchange
  readonly startMs: number
  readonly endMs: number
  readonly instruments?: ReadonlySet<string>
}

/**
 * Makes hour or day bars out of minutes. While they run they are summed up in memory; whatever is not a plain next minute,
 * and the final bar, is computed by the store's own query, so that live and REST cannot differ.
 */
export class LiveBuilder {
  readonly #parts: BuilderParts
  readonly #openedMs: number
  readonly #running = new Map<string, RunningBar>()
  /** Instruments whose running bar changed, and those that must be computed anew, with the last minute that they had. */
  readonly #changed = new Set<string>()
  readonly #stale = new Map<string, string>()
  /** Ends of the last closed bar of each exchange, milliseconds. */
  readonly #closedMs = new Map<string, number>()
  /** Closed bars of which a minute was corrected: instruments by exchange and start. */
  readonly #corrected = new Map<string, { readonly closing: Closing; readonly instruments: Set<string> }>()
  /** The start of the last bar of an instrument that somebody else published. */
  readonly #foreign = new Map<string, number>()

  constructor(parts: BuilderParts) {
    this.#parts = parts
    this.#openedMs = parts.now()
  }

  /** Whether there is something to take. */
  get hasNews(): boolean {
    return this.#changed.size > 0 || this.#stale.size > 0
  }

  /** Takes note of minutes that were broadcast. */
  addMinutes(minutes: readonly LiveBar[]): void {
    for (const minute of minutes.toSorted((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0))) this.#addMinute(minute)
  }

  /** Takes note of bars of its own topic: those of others stay as they are. */
  addForeign(bars: readonly LiveBar[]): void {
    for (const { instrument, ts, source } of bars) {
      if (source !== derivedSource) this.#foreign.set(instrument, Date.parse(ts))
    }
  }

  /** Bars that changed since the last time, not final. Throws what the store throws. */
  async take(): Promise<LiveBar[]> {
    await this.#refresh()
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed.flatMap((instrument) => {
      const running = this.#running.get(instrument)
      const isForeign = running === undefined || this.#foreign.get(instrument) === running.startMs
      return isForeign ? [] : (running.bar ?? [])
    })
  }

  /** Bars that are complete because minutes are: those whose last minute is among them. */
  closedBy(done: readonly DoneMark[]): Closing[] {
    return done.flatMap(({ ts, exchange: code }) => {
      const exchange = this.#parts.exchange(code)
      const tsMs = Date.parse(ts)
      const slot = exchange === undefined ? undefined : slotAt(this.#parts.topic, exchange, tsMs)
      const minute = exchange === undefined ? undefined : slotAt('kmin', exchange, tsMs)
      if (exchange === undefined || slot === undefined || minute?.endMs !== slot.endMs) return []
      this.#closedMs.set(code, slot.endMs)
      return [{ exchange, ...slot }]
    })
  }

  /** Closed bars of which a minute was corrected since the last time. */
  takeCorrected(): Closing[] {
    const closings = [...this.#corrected.values()].map(({ closing, instruments }) => ({ ...closing, instruments }))
    this.#corrected.clear()
    return closings
  }

  /** Bars of today's sessions that ended before `endMs`, such as while no server ran. */
  missed(exchanges: readonly Exchange[], endMs: number): Closing[] {
    return exchanges.flatMap((exchange) => {
      const session = sessionOf(exchange, sessionDateOf(exchange, this.#openedMs))
      const over = slotsOf(this.#parts.topic, session).filter((slot) => slot.endMs <= endMs)
      const [first, last] = [over[0], over.at(-1)]
      if (first === undefined || last === undefined) return []
      return [{ exchange, startMs: first.startMs, endMs: last.endMs }]
    })
  }

  /** The final bars of a closing that the store does not have yet; those of other sources stay as they are. */
  async finalBars({ exchange, startMs, endMs, instruments }: Closing): Promise<LiveBar[]> {
    const wish = { interval: topicIntervals[this.#parts.topic], exchange, instruments, startMs, endMs }
    const derived = await this.#parts.stored.derived(wish)
    if (derived.length === 0) return []
    const kept = new Map((await this.#parts.stored.kept(wish)).map((bar) => [`${bar.instrument} ${bar.ts}`, bar]))
    return derived
      .filter((bar) => {
        const known = kept.get(`${bar.instrument} ${bar.ts}`)
        // What another source told while the session was under way may still change, and is no final bar.
        if (known === undefined || !known.final) return true
        return known.source === derivedSource && !isSame(known, bar)
      })
      .map((bar) => ({ ...bar, final: true }))
  }

  #addMinute(minute: LiveBar): void {
    const { instrument } = minute
    const exchange = this.#parts.exchange(instrument.slice(0, instrument.indexOf(':')))
    const minuteMs = Date.parse(minute.ts)
    const slot = exchange === undefined ? undefined : slotAt(this.#parts.topic, exchange, minuteMs)
    if (exchange === undefined || slot === undefined) return
    let running = this.#running.get(instrument)
    const isClosed = slot.endMs <= (this.#closedMs.get(exchange.code) ?? 0)
    if (isClosed || (running !== undefined && running.startMs > slot.startMs)) {
      this.#correct(instrument, { exchange, ...slot })
      return
    }
    if (running === undefined || running.startMs < slot.startMs) {
      // Of a bar that began before this process, the first minutes are known to the store alone.
      if (minuteMs > slot.startMs && slot.startMs < this.#openedMs) this.#stale.set(instrument, '')
      running = new RunningBar(instrument, slot.startMs)
      this.#running.set(instrument, running)
    }
    const isNext = running.add(minute)
    if (isNext && !this.#stale.has(instrument)) this.#changed.add(instrument)
    else this.#stale.set(instrument, running.lastTs)
  }

  #correct(instrument: string, closing: Closing): void {
    const key = `${closing.exchange.code} ${closing.startMs}`
    const known = this.#corrected.get(key) ?? { closing, instruments: new Set<string>() }
    this.#corrected.set(key, known)
    known.instruments.add(instrument)
  }

  /** Computes anew what cannot be summed up. */
  async #refresh(): Promise<void> {
    const stale = new Map(this.#stale)
    this.#stale.clear()
    const wishes = new Map<string, { wish: Closing; instruments: Set<string> }>()
    for (const instrument of stale.keys()) {
      const running = this.#running.get(instrument)
      const exchange = this.#parts.exchange(instrument.slice(0, instrument.indexOf(':')))
      if (running === undefined || exchange === undefined) continue
      const { startMs } = running
      const key = `${exchange.code} ${startMs}`
      const known = wishes.get(key) ?? { wish: { exchange, startMs, endMs: startMs + 1_000 }, instruments: new Set() }
      wishes.set(key, known)
      known.instruments.add(instrument)
    }
    for (const { wish, instruments } of wishes.values()) {
      const interval = topicIntervals[this.#parts.topic]
      for (const bar of await this.#parts.stored.derived({ ...wish, interval, instruments })) {
        const lastTs = this.#running.get(bar.instrument)?.lastTs ?? ''
        // A minute that came meanwhile may not be in the sum.
        if (lastTs !== stale.get(bar.instrument)) this.#stale.set(bar.instrument, lastTs)
        this.#running.set(bar.instrument, new RunningBar(bar.instrument, wish.startMs, { numbers: bar, lastTs }))
        this.#changed.add(bar.instrument)
      }
    }
  }
}

function isSame(one: LiveBar, other: LiveBar): boolean {
  return (['open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const).every(
    (name) => one[name] === other[name],
  )
}
