import {
  type Exchange,
  intervalMinutes,
  type Session,
  sessionDateOf,
  sessionOf,
  type Topic,
  topicIntervals,
} from '@barkeep/core'

/** A stretch of a session that one bar of a topic covers: instants in UTC, milliseconds. */
export interface BarSlot {
  readonly startMs: number
  readonly endMs: number
}

/** The starts of a topic's bars in a session, anchored to its open; the last is cut off by the close. */
export function slotsOf(topic: Topic, { openMs, closeMs }: Session): BarSlot[] {
  const lengthMs = (intervalMinutes(topicIntervals[topic]) ?? Number.POSITIVE_INFINITY) * 60_000
  const slots: BarSlot[] = []
  for (let startMs = openMs; startMs < closeMs; startMs += lengthMs) {
    slots.push({ startMs, endMs: Math.min(startMs + lengthMs, closeMs) })
  }
  return slots
}

/** The slot of a topic that an instant is in; undefined outside the regular session of its date. */
export function slotAt(topic: Topic, exchange: Exchange, instantMs: number): BarSlot | undefined {
  const session = sessionOf(exchange, sessionDateOf(exchange, instantMs))
  if (instantMs < session.openMs || instantMs >= session.closeMs) return undefined
  const minutes = intervalMinutes(topicIntervals[topic])
  if (minutes === undefined) return { startMs: session.openMs, endMs: session.closeMs }
  const lengthMs = minutes * 60_000
  const startMs = instantMs - ((instantMs - session.openMs) % lengthMs)
  return { startMs, endMs: Math.min(startMs + lengthMs, session.closeMs) }
}
