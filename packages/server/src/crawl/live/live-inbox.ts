import { type LiveMessages, upstreamError } from '@barkeep/core'
import type { Clock } from '../limiter/clock.js'

/** Messages that wait for a source that is busy; with more of them the connection is given up. */
const MESSAGES_MAX = 100_000
/** After so long without a message a source is given a moment to close what is over. */
const TICK_MS = 1_000

/** What came over one connection and was not read yet. */
export class LiveInbox {
  readonly #waiting: string[] = []
  readonly #clock: Clock
  readonly #silenceMs: number
  #ended: Error | undefined
  #wake = new AbortController()
  #heardMs: number

  /** A connection that says nothing for `silenceMs` is taken for dead. */
  constructor(clock: Clock, silenceMs: number) {
    this.#clock = clock
    this.#silenceMs = silenceMs
    this.#heardMs = clock.now()
  }

  add(text: string): void {
    if (this.#ended !== undefined) return
    this.alive()
    this.#waiting.push(text)
    if (this.#waiting.length > MESSAGES_MAX) {
      this.end(upstreamError('UPSTREAM_FAILED', `${MESSAGES_MAX} messages wait: they come faster than they are read.`))
    }
    this.#wake.abort()
  }

  /** A sign of life that is no message. */
  alive(): void {
    this.#heardMs = this.#clock.now()
  }

  /** Nothing more comes; what is there is still read. */
  end(error: Error): void {
    this.#ended ??= error
    this.#wake.abort()
  }

  /** To be read once. Throws what it was ended with, and the reason of the signal. */
  async *messages(signal: AbortSignal): LiveMessages & AsyncGenerator<string | null> {
    for (;;) {
      signal.throwIfAborted()
      const text = this.#waiting.shift()
      if (text !== undefined) {
        yield text
        continue
      }
      if (this.#ended !== undefined) throw this.#ended
      this.#wake = new AbortController()
      const wakes = AbortSignal.any([signal, this.#wake.signal])
      const isWoken = await this.#clock.sleep(TICK_MS, wakes).then(
        () => false,
        () => true,
      )
      if (isWoken) continue
      const silentMs = this.#clock.now() - this.#heardMs
      if (silentMs >= this.#silenceMs) {
        throw upstreamError('UPSTREAM_UNREACHABLE', `Nothing came for ${Math.round(silentMs / 1_000)} seconds.`)
      }
      yield null
    }
  }
}
