import { invalidParameter, parseTimeBound, type ReplayRequest } from '@barkeep/core'

/** The fastest replay that is still by the clock. */
const SPEED_MAX = 1_000_000

/** Throws INVALID_PARAMETER. */
export function readReplay({
  date,
  start,
  speed: given,
}: {
  readonly date?: unknown
  readonly start?: unknown
  readonly speed?: unknown
}): Required<Pick<ReplayRequest, 'date' | 'speed'>> & { readonly fromMs: number } {
  if (typeof date !== 'string' || parseTimeBound(date, 'date').kind !== 'date') {
    throw invalidParameter('date', String(date), 'must be a session date, such as 2026-11-20.')
  }
  const speed = given ?? 1
  if (typeof speed !== 'number' || !(speed >= 0 && speed <= SPEED_MAX)) {
    throw invalidParameter('speed', String(speed), `must be from 0, as fast as you read, to ${SPEED_MAX}.`)
  }
  if (start === undefined || start === null) return { date, speed, fromMs: Number.NEGATIVE_INFINITY }
  const bound = typeof start === 'string' ? parseTimeBound(start, 'start') : undefined
  if (bound?.kind !== 'instant') {
    throw invalidParameter('start', String(start), 'must be an instant, such as 2026-11-20T01:00:00Z.')
  }
  return { date, speed, fromMs: bound.ms }
}
