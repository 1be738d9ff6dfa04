import { randomUUID } from 'node:crypto'
import { BarkeepError, type Exchange } from '@barkeep/core'
import type { LiveClock } from './live-clock.js'
import type { LivePacket } from './live-packet.js'
import { playReplay, type ReplayWish } from './replay.js'
import type { ReplaySource } from './replay-source.js'

export interface ReplayDeskOptions {
  readonly source: ReplaySource
  readonly clock: LiveClock
  readonly exchange: (code: string) => Exchange | undefined
  /** Replays at the same time. */
  readonly replaysMax: number
}

/** A replay that was begun. */
export interface OpenReplay {
  readonly epoch: string
  readonly packets: AsyncIterable<LivePacket | undefined>
}

/** All replays of this server. */
export class ReplayDesk {
  readonly #options: ReplayDeskOptions
  #open = 0

  constructor(options: ReplayDeskOptions) {
    this.#options = options
  }

  /** Replays that are under way. */
  get size(): number {
    return this.#open
  }

  /** Begins a replay; it is over with its packets, or with its signal. Throws OVER_CAPACITY. */
  open(wish: ReplayWish): OpenReplay {
    const { replaysMax, ...parts } = this.#options
    if (this.#open >= replaysMax) throw tooMany(replaysMax)
    this.#open += 1
    let isOpen = true
    const release = () => {
      if (!isOpen) return
      isOpen = false
      this.#open -= 1
    }
    // Packets that nobody ever asks for would not end by themselves.
    wish.signal.addEventListener('abort', release, { once: true })
    const epoch = randomUUID()
    return { epoch, packets: released(playReplay({ ...parts, epoch }, wish), release) }
  }
}

async function* released(
  packets: AsyncIterable<LivePacket | undefined>,
  release: () => void,
): AsyncGenerator<LivePacket | undefined, void, undefined> {
  try {
    yield* packets
  } finally {
    release()
  }
}

function tooMany(replaysMax: number): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    message: `${replaysMax} replays are under way, as many as live.replaysMax allows. Try again later, or read the day with GET /v1/bars.`,
  })
}
