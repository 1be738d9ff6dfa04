import { instantOfWallClock, wallClockOfInstant } from '@barkeep/core'

const MS_PER_DAY = 86_400_000
/** By zone, then by day: the offset that holds all day long, or undefined where the clock changes. */
const offsets = new Map<string, Map<number, number | undefined>>()

/**
 * The instant at which the clock of `zone` shows `wallMs` (written as if UTC), milliseconds; undefined for a time that
 * the clock skips. One that it shows twice means the first.
 *
 * Files have millions of stamps on few days, hence the offsets by day; the years of a stamp bound their number.
 */
export function instantOfWall(zone: string, wallMs: number): number | undefined {
  let ofZone = offsets.get(zone)
  if (ofZone === undefined) {
    ofZone = new Map()
    offsets.set(zone, ofZone)
  }
  const day = Math.floor(wallMs / MS_PER_DAY)
  let offset = ofZone.get(day)
  if (offset === undefined && !ofZone.has(day)) {
    offset = offsetAllDay(zone, day * MS_PER_DAY)
    ofZone.set(day, offset)
  }
  if (offset !== undefined) return wallMs - offset
  const instant = instantOfWallClock(zone, wallMs)
  return wallClockOfInstant(zone, instant) === wallMs ? instant : undefined
}

function offsetAllDay(zone: string, midnightMs: number): number | undefined {
  const first = midnightMs - instantOfWallClock(zone, midnightMs)
  const last = midnightMs + MS_PER_DAY - instantOfWallClock(zone, midnightMs + MS_PER_DAY)
  return first === last ? first : undefined
}
