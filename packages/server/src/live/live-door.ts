import {
  type Bar,
  BarkeepError,
  formatInstant,
  type LiveBar,
  type LivePosition,
  type Topic,
  topicIntervals,
  topics,
} from '@barkeep/core'
import type { BarsIngest } from '../store/bars/bars-ingest.js'
import type { CommittedBars } from '../store/bars/bars-witness.js'
import { LiveLine } from './live-line.js'
import type { LiveLog, LogEntry } from './live-log.js'
import { barsEntry, doneEntry } from './live-record.js'
import type { LiveWindow } from './live-window.js'
import { isLeaseLost, type LeaseTerm, type PublisherLease } from './publisher-lease.js'
import type { DoneMark, Watermark } from './watermark.js'

/** Publications that are written in one stroke. */
const STROKE_ITEMS_MAX = 1_000

export interface Publication {
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
  readonly source: string
  /** The term of its publisher. */
  readonly token: number
  /** The start of bars that are complete with it, milliseconds since the epoch. */
  readonly doneMs?: number
  readonly expects?: readonly string[]
}

export interface Published {
  /** The last place of its messages; where there are none, the end of the log. */
  readonly position: LivePosition
  readonly messages: number
  readonly createdInstruments: readonly string[]
  readonly term: LeaseTerm
}

export interface DoorParts {
  readonly ingest: BarsIngest
  readonly log: LiveLog
  readonly lease: PublisherLease
  readonly window: LiveWindow
  readonly watermarks: Readonly<Record<Topic, Watermark>>
  /** Is told, within the line of the topic, what was broadcast, and what is done by it. */
  readonly onBroadcast: (topic: Topic, bars: readonly LiveBar[], done: readonly DoneMark[]) => void
  /** Is told how long a publication took from its arrival until all was broadcast, milliseconds. */
  readonly onPublished: (topic: Topic, elapsedMs: number) => void
}

/**
 * The one way of a bar to the subscribers: commit, then log, in the order of the commits. Each topic is one line, and
 * the lease changes hands in it too: between two strokes, never amid one, so that two writers' bars are never mixed.
 */
export class LiveDoor {
  readonly #parts: DoorParts
  readonly #lines: Readonly<Record<Topic, LiveLine<Waiting>>>
  /** The term of the last publication. */
  readonly #terms = new Map<Topic, number>()

  constructor(parts: DoorParts) {
    this.#parts = parts
    const line = (topic: Topic) => new LiveLine<Waiting>((items) => this.#stroke(topic, items), canJoin)
    this.#lines = { kmin: line('kmin'), khour: line('khour'), kday: line('kday') }
  }

  /**
   * Commits bars and broadcasts those of the live window. Throws LEASE_LOST before anything is written, and what
   * `BarsIngest.append` throws.
   */
  publish(topic: Topic, publication: Publication): Promise<Published> {
    const beganMs = performance.now()
    return new Promise((answer, reject) => {
      const resolve = (published: Published) => {
        this.#parts.onPublished(topic, performance.now() - beganMs)
        answer(published)
      }
      this.#lines[topic].add({ publication, resolve, reject })
    })
  }

  /** Does something with the lease of a topic, between two strokes. */
  withLease<Result>(topic: Topic, work: (lease: PublisherLease) => Promise<Result>): Promise<Result> {
    return this.#lines[topic].alone(() => work(this.#parts.lease))
  }

  /** Prolongs a term at once: it need not wait for what is being written in it. Throws LEASE_LOST. */
  prolong(topic: Topic, token: number): Promise<LeaseTerm> {
    return this.#parts.lease.renew(topic, token)
  }

  /** Broadcasts what was committed elsewhere. Throws LEASE_LOST, SERVICE_UNAVAILABLE. */
  announce(
    topic: Topic,
    bars: readonly LiveBar[],
    publisher: Partial<Pick<Publication, 'token' | 'doneMs' | 'expects'>> = {},
  ): Promise<{ readonly position: LivePosition; readonly messages: number }> {
    return this.#lines[topic].alone(() => this.#broadcast(topic, this.#parts.window.filter(bars), [publisher]))
  }

  /** Puts bars into the log that are not kept, or were committed by `work`, within the line of their topic. */
  announceMade(
    topic: Topic,
    work: () => Promise<{ bars: readonly LiveBar[]; done?: () => DoneMark[] }>,
  ): Promise<void> {
    return this.#lines[topic].alone(async () => {
      const { bars, done } = await work()
      if (bars.length > 0) await this.#broadcast(topic, bars, [])
      const marks = done?.() ?? []
      await this.#close(topic, marks)
    })
  }

  /** Closes what is overdue, behind everything that came before. */
  async closeDue(topic: Topic): Promise<void> {
    await this.announceMade(topic, async () => ({ bars: [], done: () => this.#parts.watermarks[topic].due() }))
  }

  async drain(): Promise<void> {
    // Minutes make hours and days.
    for (const topic of topics) await this.#lines[topic].drain()
  }

  async #stroke(topic: Topic, items: readonly Waiting[]): Promise<void> {
    const [first] = items
    if (first === undefined) return
    const { lease, ingest, window } = this.#parts
    const { source, token } = first.publication
    try {
      const term = await lease.renew(topic, token)
      const bars = lastOfEach(items.flatMap(({ publication }) => publication.bars))
      const committed =
        bars.length === 0
          ? undefined
          : await ingest.append({ interval: topicIntervals[topic], bars, source, onCommitted: () => {} })
      const live = committed === undefined ? [] : window.filter(broadcastBars(committed))
      const publications = items.map(({ publication }) => publication)
      const told = await this.#broadcast(topic, live, publications).catch(async (error: unknown) => {
        // The term ended while the store wrote. What it holds now must be told all the same, or the stream would lack it.
        if (isLeaseLost(error) && live.length > 0) await this.#broadcast(topic, live, [])
        throw error
      })
      const createdInstruments = committed?.createdInstruments ?? []
      for (const { resolve } of items) resolve({ ...told, createdInstruments, term })
    } catch (error) {
      // What makes a stroke fail is found by doing its items one by one: the others must not suffer for it. Where the log is
      // out of reach that is none of them, and each would be written again and wait as long.
      if (items.length === 1 || isAway(error)) for (const { reject } of items) reject(error)
      else for (const item of items) await this.#stroke(topic, [item])
    }
  }

  async #broadcast(
    topic: Topic,
    bars: readonly LiveBar[],
    publishers: readonly Partial<Pick<Publication, 'token' | 'doneMs' | 'expects'>>[],
  ): Promise<{ readonly position: LivePosition; readonly messages: number }> {
    const watermark = this.#parts.watermarks[topic]
    const token = publishers[0]?.token
    const entries = messagesOf(bars)
    let position = await this.#parts.log.append(topic, entries, token)
    // What a publisher declared ends with its term.
    if (token !== undefined && token !== this.#terms.get(topic)) {
      this.#terms.set(topic, token)
      watermark.expect(undefined)
    }
    for (const { expects } of publishers) if (expects !== undefined) watermark.expect(expects)
    const marks = watermark.arrived(bars.toSorted((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0)))
    for (const { doneMs } of publishers) if (doneMs !== undefined) marks.push(...watermark.declare(doneMs))
    if (marks.length > 0) position = await this.#parts.log.append(topic, marks.map(doneEntry), token)
    this.#parts.onBroadcast(topic, bars, marks)
    return { position, messages: entries.length + marks.length }
  }

  async #close(topic: Topic, marks: readonly DoneMark[]): Promise<void> {
    if (marks.length === 0) return
    await this.#parts.log.append(topic, marks.map(doneEntry))
    this.#parts.onBroadcast(topic, [], marks)
  }
}

interface Waiting {
  readonly publication: Publication
  readonly resolve: (published: Published) => void
  readonly reject: (error: unknown) => void
}

function isAway(error: unknown): boolean {
  return error instanceof BarkeepError && error.code === 'SERVICE_UNAVAILABLE'
}

function canJoin({ publication: first }: Waiting, { publication: next }: Waiting, count: number): boolean {
  return count < STROKE_ITEMS_MAX && first.token === next.token && first.source === next.source
}

/** Committed bars as they are broadcast. */
export function broadcastBars({ bars, source, knownAtMs }: CommittedBars): LiveBar[] {
  const knownAt = new Date(knownAtMs).toISOString()
  return bars.map(({ instrument, ts, open, high, low, close, volume, turnover, trades, final = true }) => {
    const start = formatInstant(Date.parse(ts))
    return { instrument, ts: start, open, high, low, close, volume, turnover, trades, final, source, known_at: knownAt }
  })
}

/** One message for each start, in their order. */
function messagesOf(bars: readonly LiveBar[]): LogEntry[] {
  const byStart = new Map<string, LiveBar[]>()
  for (const bar of bars) {
    const same = byStart.get(bar.ts)
    if (same === undefined) byStart.set(bar.ts, [bar])
    else same.push(bar)
  }
  return [...byStart].sort(([a], [b]) => (a < b ? -1 : 1)).map(([ts, sameStart]) => barsEntry(ts, sameStart))
}

/** Of bars with the same instrument and start the last. */
function lastOfEach<OneBar extends Bar>(bars: readonly OneBar[]): OneBar[] {
  return [...new Map(bars.map((bar) => [`${bar.instrument} ${Date.parse(bar.ts)}`, bar])).values()]
}
