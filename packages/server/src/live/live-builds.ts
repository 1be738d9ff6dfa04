import { type Exchange, type LiveBar, type Topic, topicIntervals } from '@barkeep/core'
import type { BarsIngest } from '../store/bars/bars-ingest.js'
import type { StoredBars } from './derived-bars.js'
import { type BuiltTopic, builtTopics, type Closing, LiveBuilder } from './live-builder.js'
import { broadcastBars, type LiveDoor } from './live-door.js'
import { derivedSource } from './running-bar.js'
import type { DoneMark, Watermark } from './watermark.js'

export interface BuildsParts {
  readonly ingest: BarsIngest
  readonly stored: StoredBars
  readonly watermarks: Readonly<Record<Topic, Watermark>>
  readonly exchange: (code: string) => Exchange | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

/** Hour and day bars on their own topics, made of the minutes that are broadcast. */
export class LiveBuilds {
  readonly #parts: BuildsParts
  readonly #builders: ReadonlyMap<BuiltTopic, LiveBuilder>
  readonly #building = new Set<BuiltTopic>()

  constructor(parts: BuildsParts) {
    this.#parts = parts
    this.#builders = new Map(builtTopics.map((topic) => [topic, new LiveBuilder({ ...parts, topic })]))
  }

  /** Takes note of what was broadcast. */
  onBroadcast(door: LiveDoor, topic: Topic, bars: readonly LiveBar[], done: readonly DoneMark[]): void {
    if (topic !== 'kmin') {
      this.#builders.get(topic)?.addForeign(bars)
      return
    }
    for (const [built, builder] of this.#builders) {
      builder.addMinutes(bars)
      this.#build(door, built, builder)
      const closings = [...builder.closedBy(done), ...builder.takeCorrected()]
      for (const closing of closings) this.#close(door, built, builder, closing).catch(this.#parts.onError)
    }
  }

  /** Closes bars of today that ended before `endMs` while no server ran. */
  async closeMissed(door: LiveDoor, exchanges: readonly Exchange[], endMs: number): Promise<void> {
    for (const [topic, builder] of this.#builders) {
      for (const closing of builder.missed(exchanges, endMs)) await this.#close(door, topic, builder, closing)
    }
  }

  /** What comes while one build waits is part of it. */
  #build(door: LiveDoor, topic: BuiltTopic, builder: LiveBuilder): void {
    if (!builder.hasNews || this.#building.has(topic)) return
    this.#building.add(topic)
    const build = door.announceMade(topic, async () => {
      this.#building.delete(topic)
      return { bars: await builder.take() }
    })
    build.catch(this.#parts.onError).finally(() => this.#build(door, topic, builder))
  }

  #close(door: LiveDoor, topic: BuiltTopic, builder: LiveBuilder, closing: Closing): Promise<void> {
    const { ingest, watermarks } = this.#parts
    const { exchange, startMs, instruments } = closing
    return door.announceMade(topic, async () => {
      const bars = (await builder.finalBars(closing)).map(withoutMarks)
      const isNews = bars.length > 0
      const append = { interval: topicIntervals[topic], bars, source: derivedSource, onCommitted: () => {} }
      const told = isNews ? broadcastBars(await ingest.append(append)) : []
      return {
        bars: told,
        ...(instruments === undefined && { done: () => watermarks[topic].declare(startMs, exchange.code) }),
      }
    })
  }
}

/** What is kept of a bar; who told it and when is for the store to say. */
function withoutMarks({ instrument, ts, open, high, low, close, volume, turnover, trades }: LiveBar) {
  return { instrument, ts, open, high, low, close, volume, turnover, trades, final: true }
}
