import type { Topic } from '@barkeep/core'
import type { LiveClock } from './live-clock.js'
import type { Watermark } from './watermark.js'

export interface DeadlinesOptions {
  readonly watermarks: Readonly<Record<Topic, Watermark>>
  readonly clock: LiveClock
  /** Closes what is overdue. */
  readonly close: (topic: Topic) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Wakes up when the next bars of a topic are due. */
export class Deadlines {
  readonly #options: DeadlinesOptions
  readonly #timers = new Map<Topic, () => void>()
  #hasStopped = false

  constructor(options: DeadlinesOptions) {
    this.#options = options
  }

  /** To be called when the next deadline of a topic may be another one. */
  set(topic: Topic): void {
    const { watermarks, clock, close, onError } = this.#options
    this.#timers.get(topic)?.()
    this.#timers.delete(topic)
    const dueMs = watermarks[topic].nextDueMs
    if (dueMs === undefined || this.#hasStopped) return
    const wake = () => {
      close(topic)
        .catch(onError)
        .finally(() => this.set(topic))
    }
    this.#timers.set(topic, clock.after(dueMs - clock.now(), wake))
  }

  stop(): void {
    this.#hasStopped = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }
}
