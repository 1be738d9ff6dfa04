/** Taiwan keeps UTC+8 all year round, since long before this market begins. */
export const TAIPEI_OFFSET_MS = 8 * 3_600_000
export const MS_PER_MINUTE = 60_000
export const MS_PER_DAY = 86_400_000
/** Minutes since midnight, Taipei. */
export const OPEN_MINUTE = 9 * 60
export const CLOSE_MINUTE = 13 * 60 + 30
/** A session has 270 minutes; the closing auction at 13:30:00 belongs to the last, 13:29. */
export const MINUTES_PER_SESSION = CLOSE_MINUTE - OPEN_MINUTE

/** `YYYY-MM-DD` in Taipei at an instant. */
export function taipeiDate(instantMs: number): string {
  return new Date(instantMs + TAIPEI_OFFSET_MS).toISOString().slice(0, 10)
}

/** `HH:MM:SS` in Taipei at an instant. */
export function taipeiClock(instantMs: number): string {
  return new Date(instantMs + TAIPEI_OFFSET_MS).toISOString().slice(11, 19)
}

/** Minutes since midnight in Taipei at an instant, with their fraction. */
export function taipeiMinute(instantMs: number): number {
  return ((instantMs + TAIPEI_OFFSET_MS) % MS_PER_DAY) / MS_PER_MINUTE
}

/** The instant, ms since the epoch, of a minute since midnight of a date in Taipei. */
export function instantOf(date: string, minute: number): number {
  return Date.parse(`${date}T00:00:00Z`) - TAIPEI_OFFSET_MS + minute * MS_PER_MINUTE
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * MS_PER_DAY).toISOString().slice(0, 10)
}

/** 0 is Sunday. */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay()
}

/** Whether the text is a day of the calendar, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text
}

/** The earlier of two dates; texts in this form sort as dates do. */
export function earlierDate(one: string, other: string): string {
  if (one < other) return one
  return other
}

export function laterDate(one: string, other: string): string {
  if (one > other) return one
  return other
}
