const NS_PER_MS = 1e6
const TAIPEI_OFFSET_MS = 8 * 3_600_000
const wallShape = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]00:00|\+08:00)?$/

/**
 * The instant of a stamp of Shioaji, milliseconds since the epoch: it writes the clock on the wall of Taipei as if it were UTC, as
 * nanoseconds or as a text. NaN where it cannot be read.
 */
export function instantOfWallStamp(stamp: unknown): number {
  if (typeof stamp === 'number') {
    // Numbers of this size lost their last digits on the way: to the millisecond they are whole.
    return Math.round(stamp / NS_PER_MS) - TAIPEI_OFFSET_MS
  }
  const [, date, clock] = wallShape.exec(typeof stamp === 'string' ? stamp.trim() : '') ?? []
  return date === undefined ? Number.NaN : Math.floor(Date.parse(`${date}T${clock}+08:00`))
}
