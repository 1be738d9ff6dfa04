import type { LivePosition, Topic } from '@barkeep/core'
import type { LiveClock } from './live-clock.js'
import type { LiveHub } from './live-hub.js'
import { LivePacket } from './live-packet.js'
import type { LiveSink } from './live-subscription.js'

export interface StreamWish {
  readonly topic: Topic
  /** All unless named. */
  readonly instruments?: readonly string[] | undefined
  readonly since?: LivePosition | undefined
  readonly signal: AbortSignal
}

/** Who asks over HTTP, for the count of connections. */
export interface FromAddress {
  readonly address: string
}

/** A wait that a browser keeps before it comes again, and a first chunk that makes the headers leave. */
export const hello = Buffer.from('retry: 1000\n\n')
export const heartbeat = Buffer.from(':\n\n')

/** A topic as server-sent events, until the signal is aborted or the reader has been too slow for too long. */
export async function* streamTopic(
  hub: LiveHub,
  clock: LiveClock,
  heartbeatMs: number,
  { topic, instruments, since, signal }: StreamWish,
): AsyncGenerator<Buffer> {
  const queue = new StreamSink()
  const set = instruments === undefined ? null : new Set(instruments)
  const { subscription, gone, start } = await hub.subscribe({
    topic,
    sink: queue,
    instruments: set,
    ...(since !== undefined && { since }),
  })
  const onAbort = () => queue.end()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) queue.end()
  try {
    yield hello
    if (gone) {
      const gap = { topic, since: since ?? null, until: subscription.position, reason: 'gone' }
      queue.send(new LivePacket('gap', JSON.stringify(gap), subscription.position))
    }
    start()
    while (!queue.hasEnded) {
      const event = queue.take()
      if (event === undefined) {
        if (await queue.waitForNews(clock, heartbeatMs)) continue
        yield heartbeat
      } else {
        yield event
        // The reader came for more, so it has taken this.
        if (subscription.state !== 'live') hub.drained(subscription)
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    hub.leave(subscription)
  }
}

/** Events that wait for a reader who asks for one after the other. */
class StreamSink implements LiveSink {
  readonly #events: Buffer[] = []
  #bytes = 0
  #wake: (() => void) | undefined
  hasEnded = false

  pendingBytes(): number {
    return this.#bytes
  }

  send(packet: LivePacket): number {
    const event = packet.streamEvent
    this.#events.push(event)
    this.#bytes += event.length
    this.#wake?.()
    return event.length
  }

  end(): void {
    this.hasEnded = true
    this.#wake?.()
  }

  take(): Buffer | undefined {
    const event = this.#events.shift()
    this.#bytes -= event?.length ?? 0
    return event
  }

  /** Whether something came within `delayMs`. */
  async waitForNews(clock: LiveClock, delayMs: number): Promise<boolean> {
    if (this.hasEnded) return true
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, () => {
        this.#wake = undefined
        resolve(false)
      })
      this.#wake = () => {
        this.#wake = undefined
        cancel()
        resolve(true)
      }
    })
  }
}
