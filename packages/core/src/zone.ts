/** Wall-clock arithmetic in any IANA time zone, on top of Intl. Instants are milliseconds since the epoch, UTC. */

const MS_PER_DAY = 86_400_000
const formatters = new Map<string, Intl.DateTimeFormat>()
const offsets = new Map<string, number>()
const OFFSETS_MAX = 100_000

/** Whether the runtime knows the time zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone)
    return true
  } catch {
    return false
  }
}

/** Milliseconds to add to UTC to get the wall clock of `zone` at `instantMs`. */
export function zoneOffsetMs(zone: string, instantMs: number): number {
  // Offsets change on quarter hours at the finest, so one look-up serves 15 minutes.
  const slot = Math.floor(instantMs / 900_000)
  const key = `${zone}|${slot}`
  let offset = offsets.get(key)
  if (offset === undefined) {
    offset = computeOffsetMs(zone, slot * 900_000)
    if (offsets.size >= OFFSETS_MAX) offsets.clear()
    offsets.set(key, offset)
  }
  return offset
}

/**
 * The instant at which the wall clock of `zone` shows `wallMs` (a wall clock written as if it were UTC).
 * A time that the clock skips is moved on by the gap; one it shows twice means the first.
 */
export function instantOfWallClock(zone: string, wallMs: number): number {
  const early = wallMs - zoneOffsetMs(zone, wallMs - MS_PER_DAY)
  if (early + zoneOffsetMs(zone, early) === wallMs) return early
  const late = wallMs - zoneOffsetMs(zone, wallMs + MS_PER_DAY)
  return late + zoneOffsetMs(zone, late) === wallMs ? late : early
}

/** The wall clock of `zone` at an instant, written as if it were UTC. */
export function wallClockOfInstant(zone: string, instantMs: number): number {
  return instantMs + zoneOffsetMs(zone, instantMs)
}

/** The calendar date `YYYY-MM-DD` of a wall clock. */
export function dateOfWallClock(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10)
}

/** Midnight of `YYYY-MM-DD` as a wall clock; undefined when there is no such day. */
export function wallClockOfDate(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined
  const wallMs = Date.parse(`${date}T00:00:00Z`)
  return Number.isNaN(wallMs) || dateOfWallClock(wallMs) !== date ? undefined : wallMs
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    })
    formatters.set(zone, formatter)
  }
  return formatter
}

function computeOffsetMs(zone: string, instantMs: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(instantMs)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - instantMs
}
