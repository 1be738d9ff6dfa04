import { type Exchange, formatInstant, type LiveBar, type LivePosition } from '@barkeep/core'
import type { LiveClock } from './live-clock.js'
import { LivePacket } from './live-packet.js'
import { barsEntry, doneEntry, LiveRecord } from './live-record.js'
import type { ReplayDay, ReplaySource } from './replay-source.js'
import { Watermark } from './watermark.js'

export interface ReplayWish extends ReplayDay {
  /** How many times as fast as it happened; 0: as fast as packets are taken. */
  readonly speed: number
  readonly signal: AbortSignal
  /** After how long without a packet an undefined is given instead, milliseconds; never unless told. */
  readonly idleMs?: number
}

export interface ReplayParts {
  readonly source: ReplaySource
  readonly clock: LiveClock
  /** By its code; undefined for one that is not known. */
  readonly exchange: (code: string) => Exchange | undefined
  /** Unlike that of every other replay and log. */
  readonly epoch: string
}

/** What a browser gives back when it comes again: the start to go on from, in seconds, or that all was told. */
export const replayPlace = 'replay'
export const replayEndPlace = 'replay_end'

/**
 * A past day as packets, each when it is due: a bar is told at its end, the first start counting as the beginning. Whoever
 * takes a packet late delays all that follow, so nobody is overwhelmed who made a pause. Ends early when the signal does.
 */
export async function* playReplay(
  { source, clock, exchange, epoch }: ReplayParts,
  wish: ReplayWish,
): AsyncGenerator<LivePacket | undefined, void, undefined> {
  const { topic, date, speed, signal, idleMs = Number.POSITIVE_INFINITY } = wish
  // Nothing is awaited here beyond what the store has, so no deadline ever passes.
  const watermark = new Watermark({ topic, exchange, doneMs: 0, now: () => 0 })
  let seq = 0
  let barsTold = 0
  let dueMs = clock.now()
  let reachedMs: number | undefined
  for await (const { startMs, endMs, bars } of source.steps(wish)) {
    const marks = [...watermark.arrived(bars), ...watermark.declare(startMs)]
    if (bars.length === 0 && marks.length === 0) continue
    const passedMs = Math.max(0, endMs - (reachedMs ?? startMs))
    reachedMs = Math.max(endMs, reachedMs ?? 0)
    dueMs = Math.max(clock.now(), dueMs + (speed === 0 ? 0 : passedMs / speed))
    while (clock.now() < dueMs && !signal.aborted) {
      await pause(clock, Math.min(dueMs - clock.now(), idleMs), signal)
      if (clock.now() < dueMs) yield undefined
    }
    const entries = [...(bars.length === 0 ? [] : [barsEntry(formatInstant(startMs), sorted(bars))])]
    for (const entry of [...entries, ...marks.map(doneEntry)]) {
      if (signal.aborted) return
      const record = new LiveRecord(topic, { ...entry, epoch, seq: ++seq })
      yield new LivePacket(record.event, record.text, placeOf(startMs, record.isDone))
    }
    barsTold += bars.length
  }
  if (signal.aborted) return
  const end = { epoch, seq, date, messages: seq, bars: barsTold }
  yield new LivePacket(`${topic}_end`, JSON.stringify(end), { epoch: replayEndPlace, seq: 0 })
}

/** Behind its mark a start is complete; before, it is told again to one who comes back. */
function placeOf(startMs: number, isDone: boolean): LivePosition {
  return { epoch: replayPlace, seq: Math.floor(startMs / 1_000) + (isDone ? 1 : 0) }
}

function sorted(bars: readonly LiveBar[]): LiveBar[] {
  return bars.toSorted((a, b) => (a.instrument < b.instrument ? -1 : 1))
}

/** Resolves after a delay, or when the signal is aborted. */
function pause(clock: LiveClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = () => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
