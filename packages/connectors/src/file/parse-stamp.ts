import { parseTimeBound, wallClockOfDate } from '@barkeep/core'
import type { DateStyle } from './format.js'

/** A stamp as the source meant it: a session date, a wall clock at the exchange (written as if UTC), or an instant. */
export type Stamp =
  | { readonly kind: 'date'; readonly date: string }
  | { readonly kind: 'wall'; readonly wallMs: number }
  | { readonly kind: 'instant'; readonly ms: number }

const MS_PER_DAY = 86_400_000
const ROC_YEAR_ZERO = 1911
/** Years that the store can hold. */
const YEAR_MIN = 1970
const YEAR_MAX = 2105

/** Reads a stamp; undefined when it is not of the style, or outside the years that the store holds. */
export function parseStamp(style: DateStyle, text: string, pathDate: string | undefined): Stamp | undefined {
  switch (style) {
    case 'iso':
      return parseIso(text)
    case 'iso-local':
      return parseWall(/^(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text))
    case 'compact':
      return parseWall(/^(\d{4})(\d\d)(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?)?$/.exec(text))
    case 'roc':
      return parseRoc(text)
    case 'epoch-s':
      return instant(/^\d{1,10}$/.test(text) ? Number(text) * 1000 : Number.NaN)
    case 'epoch-ms':
      return instant(/^\d{1,13}$/.test(text) ? Number(text) : Number.NaN)
    case 'ms-of-day':
      return parseMsOfDay(text, pathDate)
  }
}

/** `20261120` → `2026-11-20`; undefined when there is no such day. */
export function parseCompactDate(text: string): string | undefined {
  const stamp = parseStamp('compact', text, undefined)
  return stamp?.kind === 'date' ? stamp.date : undefined
}

function parseIso(text: string): Stamp | undefined {
  try {
    return parseTimeBound(text.includes('/') ? text.replaceAll('/', '-') : text, 'ts')
  } catch {
    // It throws for one reason only, and the refusal of the line tells it.
    return undefined
  }
}

function parseRoc(text: string): Stamp | undefined {
  const match = /^(\d{1,3})\/(\d{1,2})\/(\d{1,2})$/.exec(text) ?? /^(\d{2,3})(\d\d)(\d\d)$/.exec(text)
  if (match === null) return undefined
  const year = String(Number(match[1]) + ROC_YEAR_ZERO)
  return session(`${year}-${match[2]?.padStart(2, '0')}-${match[3]?.padStart(2, '0')}`)
}

function parseWall(match: RegExpExecArray | null): Stamp | undefined {
  if (match === null) return undefined
  const day = session(`${match[1]}-${match[2]}-${match[3]}`)
  if (day?.kind !== 'date' || match[4] === undefined) return day
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return { kind: 'wall', wallMs: (wallClockOfDate(day.date) ?? 0) + ((hour * 60 + minute) * 60 + second) * 1000 }
}

function parseMsOfDay(text: string, pathDate: string | undefined): Stamp | undefined {
  const midnight = pathDate === undefined ? undefined : wallClockOfDate(pathDate)
  if (midnight === undefined || !/^\d{1,8}$/.test(text) || Number(text) >= MS_PER_DAY) return undefined
  return { kind: 'wall', wallMs: midnight + Number(text) }
}

function session(date: string): Stamp | undefined {
  return wallClockOfDate(date) !== undefined && yearIsKept(Number(date.slice(0, 4)))
    ? { kind: 'date', date }
    : undefined
}

function instant(ms: number): Stamp | undefined {
  return Number.isFinite(ms) && yearIsKept(new Date(ms).getUTCFullYear()) ? { kind: 'instant', ms } : undefined
}

function yearIsKept(year: number): boolean {
  return year >= YEAR_MIN && year <= YEAR_MAX
}
