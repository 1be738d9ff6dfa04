import type { Topic } from '@barkeep/core'
import { heartbeat, hello } from './live-stream.js'
import type { ReplayDesk } from './replay-desk.js'
import { readReplay } from './replay-payload.js'

export interface ReplayStreamWish {
  readonly topic: Topic
  /** All unless named. */
  readonly instruments: readonly string[] | undefined
  readonly date: string
  readonly start: string | undefined
  readonly speed: number | undefined
  readonly signal: AbortSignal
}

/**
 * A past day as server-sent events. Who reads slowly is sent nothing ahead. Throws INVALID_PARAMETER, OVER_CAPACITY at once,
 * before anything is asked for.
 */
export function streamReplay(desk: ReplayDesk, heartbeatMs: number, wish: ReplayStreamWish): AsyncIterable<Buffer> {
  const { topic, instruments, date, start, speed, signal } = wish
  const { packets } = desk.open({
    ...{ topic, instruments, signal, idleMs: heartbeatMs },
    ...readReplay({ date, start, ...(speed !== undefined && { speed }) }),
  })
  return (async function* () {
    yield hello
    for await (const packet of packets) yield packet?.streamEvent ?? heartbeat
  })()
}
