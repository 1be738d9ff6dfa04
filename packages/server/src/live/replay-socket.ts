import type { LivePosition, Topic } from '@barkeep/core'
import type { LiveSink } from './live-subscription.js'
import type { ReplayWish } from './replay.js'
import type { OpenReplay, ReplayDesk } from './replay-desk.js'

export interface SocketReplaysOptions {
  readonly desk: ReplayDesk
  readonly sink: LiveSink
  /** What may wait in the outbox; half of it is left to what is live. */
  readonly outboxBytesMax: number
  /** Is told when a replay fails midway. */
  readonly onError: (topic: Topic, error: unknown) => void
}

/** The replays of one connection. What the other end does not take is not read from the store. */
export class SocketReplays {
  readonly #options: SocketReplaysOptions
  readonly #running = new Map<Topic, AbortController>()
  readonly #waiting = new Set<() => void>()

  constructor(options: SocketReplaysOptions) {
    this.#options = options
  }

  has(topic: Topic): boolean {
    return this.#running.has(topic)
  }

  /** Begins one; `acknowledge` is called before anything is sent. Throws OVER_CAPACITY. */
  start(wish: Omit<ReplayWish, 'signal'>, acknowledge: (place: LivePosition) => void): void {
    const { topic } = wish
    const controller = new AbortController()
    const replay = this.#options.desk.open({ ...wish, signal: controller.signal })
    this.#running.set(topic, controller)
    acknowledge({ epoch: replay.epoch, seq: 0 })
    this.#send(topic, replay, controller).catch((error: unknown) => this.#options.onError(topic, error))
  }

  /** Ends the replay of a topic; says whether there was one. */
  stop(topic: Topic): boolean {
    this.#running.get(topic)?.abort()
    this.drained()
    return this.#running.delete(topic)
  }

  /** To be called when the other end has taken something. */
  drained(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  end(): void {
    for (const topic of [...this.#running.keys()]) this.stop(topic)
  }

  async #send(topic: Topic, { packets }: OpenReplay, controller: AbortController): Promise<void> {
    const { sink } = this.#options
    try {
      for await (const packet of packets) {
        // A topic that was left may be listened to anew by now.
        if (controller.signal.aborted) return
        if (packet !== undefined) sink.send(packet)
        await this.#room(controller.signal)
      }
    } finally {
      controller.abort()
      if (this.#running.get(topic) === controller) this.#running.delete(topic)
    }
  }

  async #room(signal: AbortSignal): Promise<void> {
    const { sink, outboxBytesMax } = this.#options
    while (sink.pendingBytes() > outboxBytesMax / 2 && !signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}
