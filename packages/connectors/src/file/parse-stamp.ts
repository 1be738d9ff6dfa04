import type { DateStyle } from './format.js'
import { isYearLast, orderedDate } from './ordered-date.js'

/**
 * A stamp as the source meant it: a session date (its midnight, written as if UTC), a wall clock (also written as if
 * UTC), or an instant.
 */
export type Stamp =
  | { readonly kind: 'date'; readonly midnightMs: number }
  | { readonly kind: 'wall'; readonly wallMs: number }
  | { readonly kind: 'instant'; readonly ms: number }

const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000
const ROC_YEAR_ZERO = 1911
/** Years that the store can hold. */
const YEAR_MIN = 1970
const YEAR_MAX = 2105
const INSTANT_MIN_MS = Date.UTC(YEAR_MIN, 0, 1)
const INSTANT_END_MS = Date.UTC(YEAR_MAX + 1, 0, 1)

const isoShape =
  /^(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](\d{1,2}):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/
const compactShape = /^(\d{4})(\d\d)(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?)?$/
const rocShape = /^(\d{1,3})[/.-](\d{1,2})[/.-](\d{1,2})(?:[T ](\d{1,2}):(\d\d)(?::(\d\d))?)?$/
const rocCompactShape = /^(\d{2,3})(\d\d)(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?)?$/

/**
 * Reads a stamp of the style; undefined when it is not of it, or lies outside the years that the store holds.
 * `pathMidnightMs` is the date that the path tells, which `ms-of-day` needs.
 */
export function parseStamp(style: DateStyle, text: string, pathMidnightMs?: number): Stamp | undefined {
  switch (style) {
    case 'iso':
      return parseIso(text)
    case 'iso-local': {
      const match = isoShape.exec(text)
      return match?.[7] === undefined ? stampOf(match, 0) : undefined
    }
    case 'compact':
      return stampOf(compactShape.exec(text), 0)
    case 'roc':
      return stampOf(rocShape.exec(text) ?? rocCompactShape.exec(text), ROC_YEAR_ZERO)
    case 'ymd':
    case 'mdy':
    case 'dmy':
      return stampOf(orderedDate(style, text), 0)
    case 'epoch-s':
      return instant(/^\d{1,10}$/.test(text) ? Number(text) * 1000 : Number.NaN)
    case 'epoch-ms':
      return instant(/^\d{1,13}$/.test(text) ? Number(text) : Number.NaN)
    case 'ms-of-day':
      if (pathMidnightMs === undefined || !/^\d{1,8}$/.test(text) || Number(text) >= MS_PER_DAY) return undefined
      return { kind: 'wall', wallMs: pathMidnightMs + Number(text) }
  }
}

/** Why a stamp that is none of the style is refused. */
export function whyUnreadable(style: DateStyle, text: string): string {
  return style === 'ymd' && isYearLast(text)
    ? 'a date that may begin with its day or its month: tell dateStyle (--date-style), mdy or dmy'
    : 'unreadable date'
}

/** Midnight of `20261120`, written as if UTC; undefined when there is no such day. */
export function parseCompactDate(text: string): number | undefined {
  const stamp = parseStamp('compact', text)
  return stamp?.kind === 'date' ? stamp.midnightMs : undefined
}

function parseIso(text: string): Stamp | undefined {
  const match = isoShape.exec(text)
  const stamp = stampOf(match, 0)
  const offset = match?.[7]
  if (stamp?.kind !== 'wall') return stamp
  // A time without an offset could mean two instants.
  if (offset === undefined) return undefined
  if (offset === 'Z') return instant(stamp.wallMs)
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))
  return instant(stamp.wallMs - (offset.startsWith('-') ? -minutes : minutes) * MS_PER_MINUTE)
}

/** Items 1 to 3 are the date, 4 to 6 the time, where there is one. */
function stampOf(match: readonly (string | undefined)[] | null | undefined, yearZero: number): Stamp | undefined {
  if (match === null || match === undefined) return undefined
  const midnightMs = midnightOf(Number(match[1]) + yearZero, Number(match[2]), Number(match[3]))
  if (midnightMs === undefined) return undefined
  if (match[4] === undefined) return { kind: 'date', midnightMs }
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)]
  if (hour > 23 || minute > 59 || second >= 60) return undefined
  return { kind: 'wall', wallMs: midnightMs + (hour * 60 + minute) * MS_PER_MINUTE + second * 1000 }
}

/** By year, month and day as one number. Files repeat the same days; the years that are kept bound their number. */
const midnights = new Map<number, number>()

function midnightOf(year: number, month: number, day: number): number | undefined {
  const key = (year * 100 + month) * 100 + day
  const known = midnights.get(key)
  if (known !== undefined) return known
  if (year < YEAR_MIN || year > YEAR_MAX) return undefined
  const midnight = new Date(Date.UTC(year, month - 1, day))
  // Date.UTC moves 30 February on to March.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  midnights.set(key, midnight.getTime())
  return midnight.getTime()
}

function instant(ms: number): Stamp | undefined {
  return ms >= INSTANT_MIN_MS && ms < INSTANT_END_MS ? { kind: 'instant', ms } : undefined
}
