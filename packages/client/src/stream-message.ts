import type { BarkeepError, LiveBar, LiveDone, LivePosition } from '@barkeep/core'

/**
 * What a stream gives. The order is the law that it keeps, whatever breaks underneath:
 *
 * - Each version of a bar comes once, and those of one bar with rising `known_at`; an older one never follows.
 * - First comes the history, instrument after instrument and each ascending by `ts`; then what is live, in the order
 *   in which it was committed. After a break that the server cannot bridge, what was missed comes as history does.
 * - `done` follows all bars that it speaks of and rises by `ts` at each exchange. One that fell into such a break is
 *   left out: a later one says the same of all starts before.
 */
export type StreamMessage = StreamBars | StreamDone

/** Bars that were committed. */
export interface StreamBars {
  /** `corrections`: bars that were given as final before, told anew. */
  readonly kind: 'bars' | 'corrections'
  /** Where they stand in the log of the topic; null for bars out of the store. */
  readonly position: LivePosition | null
  /** The start of the bars, an instant in UTC; of bars with several starts, the latest. */
  readonly ts: string
  readonly bars: readonly LiveBar[]
}

/** The watermark: nothing more is expected for the bars of an exchange that start at `ts` or before. */
export interface StreamDone extends Omit<LiveDone, 'epoch' | 'seq'> {
  readonly kind: 'done'
  readonly position: LivePosition
}

/**
 * `connecting` at first and after each break; `loading` history, or what was missed; `live`; `waiting` before the next
 * attempt to connect, with the reason.
 */
export type StreamState = 'connecting' | 'loading' | 'live' | 'waiting'

/** A past day instead of what is live. */
export interface ReplayOptions {
  /** The session date, at the exchange of each instrument. */
  readonly date: string
  /** How many times as fast as it happened, 1 unless told; 0: as fast as the loop takes it. */
  readonly speed?: number
  /** Only bars that start then or later: an instant with an offset. */
  readonly start?: string
}

export interface StreamOptions {
  /**
   * Plays a past day as the topic had it, then ends. Everything is kept waiting by a slow loop, and `position` counts within
   * the replay. Of the options below only `onState` and `signal` apply.
   */
  readonly replay?: ReplayOptions
  /**
   * From which start on bars are loaded first: a session date, or an instant with an offset.
   * `now`, which it is unless told: only what is committed from now on, by the clock of this machine where it matters.
   */
  readonly since?: string
  /** False also gives bars that are still building up. */
  readonly final?: boolean
  /** False leaves out `corrections`. */
  readonly corrections?: boolean
  /**
   * Bars that may wait for the loop, 100,000 unless told. When more come, the stream hangs up and goes on from the log
   * when the loop has taken them, or from the store: a slow loop costs memory nowhere, and loses nothing.
   */
  readonly bufferBarsMax?: number
  /**
   * Versions that are remembered, so that none comes twice: 8 bytes each, 1,000,000 unless told; a start costs 16 more.
   * The oldest starts are forgotten first. A bar older than those may come twice when it is corrected in the moment in
   * which it is loaded, and its correction is missed while the server is restarted.
   */
  readonly memoryBarsMax?: number
  /** Is told how the connection fares. */
  readonly onState?: (state: StreamState, reason?: BarkeepError) => void
  readonly signal?: AbortSignal
}
