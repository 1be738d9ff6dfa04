import type { Client } from '@barkeep/client'
import type { LiveBar, Topic } from '@barkeep/core'

/** What a subscriber of a topic heard of final bars, and whether it kept the order that is promised. */
export class DayEar {
  /** `instrument ts` → the bar as it was told last. */
  readonly bars = new Map<string, LiveBar>()
  /** Bars that were told anew, each time that they were. */
  readonly corrections: LiveBar[] = []
  /** Starts that were called done, by exchange, in the order in which they were. */
  readonly done = new Map<string, string[]>()
  /** What must not be. */
  readonly faults: string[] = []
  readonly #stop = new AbortController()
  readonly #listening: Promise<void>

  constructor(client: Client, topic: Topic) {
    this.#listening = this.#listen(client, topic)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#listening
  }

  async #listen(client: Client, topic: Topic): Promise<void> {
    try {
      for await (const message of client.stream(topic, undefined, { signal: this.#stop.signal })) {
        if (message.kind === 'done') this.#noteDone(message.exchange, message.ts)
        else for (const bar of message.bars) this.#note(message.kind, bar)
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.faults.push(String(error))
    }
  }

  #note(kind: 'bars' | 'corrections', bar: LiveBar): void {
    const key = `${bar.instrument} ${bar.ts}`
    const before = this.bars.get(key)
    if ((before === undefined) !== (kind === 'bars')) this.faults.push(`${key} came among ${kind}`)
    if (before !== undefined && bar.known_at <= before.known_at) this.faults.push(`${key} came late: ${bar.known_at}`)
    if (before !== undefined && textOf(bar) === textOf(before)) this.faults.push(`${key} came twice`)
    if (kind === 'corrections') this.corrections.push(bar)
    this.bars.set(key, bar)
  }

  #noteDone(exchange: string, ts: string): void {
    const marks = this.done.get(exchange) ?? []
    if (ts <= (marks.at(-1) ?? '')) this.faults.push(`${exchange} was done with ${ts} after ${marks.at(-1)}`)
    this.done.set(exchange, [...marks, ts])
  }
}

function textOf({ open, high, low, close, volume, turnover, trades, source }: LiveBar): string {
  return [open, high, low, close, volume, turnover, trades, source].join(' ')
}
