import { BarkeepError, type LiveBar, type LivePosition, type SubscribeRequest } from '@barkeep/core'
import type { HistoryPage, LoadPage } from './live-history.js'
import type { LinkHandlers, OpenLink } from './live-link.js'

const firstMs = Date.parse('2026-11-20T01:00:00Z')
export const startOf = (minute: number) => new Date(firstMs + minute * 60_000).toISOString().replace('.000', '')

interface Record {
  readonly name: 'kmin' | 'kmin_done'
  readonly seq: number
  readonly body: object
}

interface Subscriber {
  readonly handlers: LinkHandlers
  instruments: readonly string[] | undefined
  isSubscribed: boolean
  /** Messages that the server keeps back from one that is slow, and the place before them. */
  held: Record[] | undefined
}

/** Rows of a page, so few that a load has several. */
const PAGE_ROWS = 3

/** A server in miniature: a store, a log that can be lost, and connections that break when the test says so. */
export class LiveWorld {
  /** All versions of each bar, in the order in which they were committed. */
  readonly versions = new Map<string, LiveBar[]>()
  /** Every version that was broadcast, in that order. */
  readonly broadcast: LiveBar[] = []
  readonly #recordsMax: number
  readonly #subscribers = new Set<Subscriber>()
  readonly #later: (() => void)[] = []
  #posted: LiveBar[] = []
  #records: Record[] = []
  #epoch = 1
  #seq = 0
  #knownMs = Date.parse('2026-11-20T02:00:00Z')
  #refusals = 0
  isUp = true

  constructor(recordsMax = Number.POSITIVE_INFINITY) {
    this.#recordsMax = recordsMax
  }

  get connections(): number {
    return this.#subscribers.size
  }

  /** The last version of each bar. */
  get content(): Map<string, LiveBar> {
    return new Map([...this.versions].map(([key, versions]) => [key, versions[versions.length - 1] as LiveBar])) // never empty
  }

  /** Commits a bar of each instrument at one start; tells it now, or with the next `notify`. */
  commit(minute: number, instruments: readonly string[], told: 'now' | 'later' = 'now', final = true): void {
    this.#knownMs += 1
    const known_at = new Date(this.#knownMs).toISOString()
    const numbers = { open: 1, high: 1, low: 1, close: 1, volume: this.#knownMs, turnover: null, trades: null }
    const bars = instruments.map((instrument) => {
      return { instrument, ts: startOf(minute), ...numbers, final, source: 'live', known_at }
    })
    for (const bar of bars) this.versions.set(keyOf(bar), [...(this.versions.get(keyOf(bar)) ?? []), bar])
    if (told === 'now') this.#tellBars(bars)
    else this.#posted.push(...bars)
  }

  notify(): void {
    const posted = this.#posted
    this.#posted = []
    for (const ts of new Set(posted.map((bar) => bar.ts))) this.#tellBars(posted.filter((bar) => bar.ts === ts))
  }

  done(minute: number): void {
    this.#append('kmin_done', { ts: startOf(minute), exchange: 'SIM', instruments: 1, missing: [] })
  }

  /** All connections break. */
  cut(): void {
    for (const subscriber of [...this.#subscribers]) this.#drop(subscriber)
  }

  /** The server is killed and comes back with an empty log. */
  restart(): void {
    this.cut()
    this.#epoch += 1
    this.#seq = 0
    this.#records = []
    // What was posted and not told is told by nobody any more.
    this.#posted = []
  }

  /** The next connections are refused, for a while or for good. */
  refuse(times: number): void {
    this.#refusals = times
  }

  /** What is sent from now on waits, until `tellGap`. */
  slowDown(): void {
    for (const subscriber of this.#subscribers) if (subscriber.isSubscribed) subscriber.held ??= []
  }

  /** Tells who was slow that there is a gap, and the latest bar of each instrument behind it. */
  tellGap(): void {
    for (const subscriber of [...this.#subscribers]) {
      const { held } = subscriber
      subscriber.held = undefined
      const last = held?.at(-1)
      if (held === undefined || last === undefined) continue
      subscriber.handlers.onEvent('gap', { topic: 'kmin', since: null, until: this.#place(last.seq), reason: 'slow' })
      const latest = new Map<string, LiveBar>()
      for (const { body } of held) {
        for (const bar of 'bars' in body ? (body.bars as LiveBar[]) : []) latest.set(bar.instrument, bar)
      }
      const message = { ...this.#place(last.seq), ts: startOf(0), bars: [...latest.values()] }
      if (this.#subscribers.has(subscriber)) subscriber.handlers.onEvent('kmin', message)
    }
  }

  /** The last message once more. */
  repeat(): void {
    const last = this.#records.at(-1)
    if (last !== undefined) for (const subscriber of this.#subscribers) this.#send(subscriber, last)
  }

  /** Lets everything happen that was begun: connections open, pages arrive, waits end. */
  async step(): Promise<void> {
    for (const happen of this.#later.splice(0)) happen()
    await new Promise((resolve) => setImmediate(resolve))
  }

  readonly open: OpenLink = (handlers) => {
    const subscriber: Subscriber = { handlers, instruments: undefined, isSubscribed: false, held: undefined }
    this.#subscribers.add(subscriber)
    this.#later.push(() => {
      if (!this.#subscribers.has(subscriber)) return
      if (this.isUp && this.#refusals === 0) return handlers.onOpen()
      this.#refusals = Math.max(0, this.#refusals - 1)
      this.#drop(subscriber)
    })
    return {
      say: (_, payload, onAnswer) => {
        if (!this.#subscribers.has(subscriber)) return
        const { instruments, since } = payload as SubscribeRequest
        subscriber.instruments = instruments
        const missed = since === undefined ? [] : this.#since(since)
        const place = since !== undefined && missed !== undefined ? since : this.#place(this.#seq)
        subscriber.isSubscribed = true
        onAnswer({ ok: true, topic: 'kmin', ...place, instruments: null, gone: missed === undefined })
        for (const record of missed ?? []) this.#send(subscriber, record)
      },
      close: () => void this.#subscribers.delete(subscriber),
    }
  }

  /** A page as it stands when it is asked for; it arrives a step later, or not at all when the server goes away. */
  readonly loadPage: LoadPage = ({ instruments, start, final }, place) => {
    const after = place.cursor ?? ''
    const rows = [...this.content]
      .filter(([key, bar]) => key > after && (instruments?.includes(bar.instrument) ?? true))
      .filter(([, bar]) => Date.parse(bar.ts) >= Date.parse(start) && (bar.final || !final))
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const page = rows.slice(0, PAGE_ROWS)
    const cursor = page.at(-1)?.[0]
    const next = rows.length > PAGE_ROWS ? { ...place, cursor } : undefined
    const [epoch, { isUp }] = [this.#epoch, this]
    return new Promise<HistoryPage>((resolve, reject) => {
      this.#later.push(() => {
        if (isUp && epoch === this.#epoch) resolve({ bars: page.map(([, bar]) => bar), next })
        else reject(gone())
      })
    })
  }

  readonly sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#later.push(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
    })

  #tellBars(bars: readonly LiveBar[]): void {
    if (bars.length === 0) return
    this.broadcast.push(...bars)
    this.#append('kmin', { ts: bars[0]?.ts, bars })
  }

  #append(name: Record['name'], body: object): void {
    this.#seq += 1
    const record = { name, seq: this.#seq, body }
    this.#records.push(record)
    if (this.#records.length > this.#recordsMax) this.#records.shift()
    for (const subscriber of [...this.#subscribers]) this.#send(subscriber, record)
  }

  #send(subscriber: Subscriber, record: Record): void {
    if (!subscriber.isSubscribed || !this.#subscribers.has(subscriber)) return
    if (subscriber.held !== undefined) return void subscriber.held.push(record)
    const { instruments, handlers } = subscriber
    let { body } = record
    if (instruments !== undefined && 'bars' in body) {
      const bars = (body.bars as LiveBar[]).filter(({ instrument }) => instruments.includes(instrument))
      if (bars.length === 0) return
      body = { ...body, bars }
    }
    handlers.onEvent(record.name, { ...this.#place(record.seq), ...body })
  }

  #since({ epoch, seq }: LivePosition): readonly Record[] | undefined {
    const first = this.#records[0]?.seq ?? this.#seq + 1
    if (epoch !== String(this.#epoch) || seq < first - 1) return undefined
    return this.#records.filter((record) => record.seq > seq)
  }

  #place(seq: number): LivePosition {
    return { epoch: String(this.#epoch), seq }
  }

  #drop(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber)
    subscriber.handlers.onEnd(gone())
  }
}

export function keyOf({ instrument, ts }: Pick<LiveBar, 'instrument' | 'ts'>): string {
  return `${instrument} ${ts}`
}

function gone(): BarkeepError {
  return new BarkeepError('CONNECTION_FAILED', { message: 'the server went away' })
}
