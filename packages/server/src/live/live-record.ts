import type { LiveBar, LivePosition, Topic } from '@barkeep/core'
import type { LogEntry, LogRecord } from './live-log.js'

/** Bars of one start as an entry of the log. */
export function barsEntry(ts: string, bars: readonly LiveBar[]): LogEntry {
  return { kind: 'bars', body: `"ts":${JSON.stringify(ts)},"bars":${JSON.stringify(bars)}` }
}

export function doneEntry(done: {
  readonly ts: string
  readonly exchange: string
  readonly instruments: number
  readonly missing: readonly string[]
}): LogEntry {
  return { kind: 'done', body: JSON.stringify(done).slice(1, -1) }
}

/** A record of the log on its way to subscribers: what several of them need is made once, and only if one needs it. */
export class LiveRecord {
  readonly position: LivePosition
  readonly isDone: boolean
  readonly event: string
  readonly #body: string
  #content: { readonly ts: string; readonly bars: readonly LiveBar[] } | undefined
  #byInstrument: Map<string, string> | undefined

  constructor(topic: Topic, { epoch, seq, kind, body }: LogRecord) {
    this.position = { epoch, seq }
    this.isDone = kind === 'done'
    this.event = this.isDone ? `${topic}_done` : topic
    this.#body = body
  }

  /** The whole message as JSON. */
  get text(): string {
    return this.#withPlace(this.#body)
  }

  get bars(): readonly LiveBar[] {
    return this.#read().bars
  }

  /** The message with the bars of some instruments only, as JSON; undefined when it has none of them. */
  textFor(instruments: ReadonlySet<string>): string | undefined {
    if (this.isDone) return this.text
    this.#byInstrument ??= new Map(this.bars.map((bar) => [bar.instrument, JSON.stringify(bar)]))
    const [few, many] =
      instruments.size < this.#byInstrument.size ? [instruments, this.#byInstrument] : [this.#byInstrument, instruments]
    const picked: string[] = []
    for (const instrument of few.keys()) {
      const bar = many.has(instrument) ? this.#byInstrument.get(instrument) : undefined
      if (bar !== undefined) picked.push(bar)
    }
    if (picked.length === 0) return undefined
    return this.#withPlace(`"ts":${JSON.stringify(this.#read().ts)},"bars":[${picked.join(',')}]`)
  }

  #read() {
    // The body was made by barsEntry, or is that of a done record and has no bars.
    this.#content ??= { bars: [], ...(JSON.parse(`{${this.#body}}`) as { ts: string; bars?: readonly LiveBar[] }) }
    return this.#content
  }

  #withPlace(body: string): string {
    const { epoch, seq } = this.position
    return `{"epoch":${JSON.stringify(epoch)},"seq":${seq},${body}}`
  }
}
