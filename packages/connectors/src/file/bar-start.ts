import {
  dateOfWallClock,
  type Exchange,
  intervalMinutes,
  type KeptInterval,
  type Session,
  sessionOf,
  wallClockOfInstant,
} from '@barkeep/core'
import type { Label } from './format.js'
import type { Stamp } from './parse-stamp.js'
import { instantOfWall } from './wall-clock.js'

const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000
/** By the midnight of their date. Files repeat the same dates; the years that a stamp may have bound their number. */
const sessions = new WeakMap<Exchange, Map<number, Session>>()

export interface StartRules {
  readonly interval: KeptInterval
  /** Of wall clocks; undefined means that of the exchange. */
  readonly timeZone: string | undefined
  readonly label: Label
  readonly clampToSession: boolean
}

/** The instant at which the bar of a stamp starts, UTC milliseconds; a text when the stamp cannot be one, saying why. */
export function barStart(exchange: Exchange, stamp: Stamp, rules: StartRules): number | string {
  if (rules.interval === '1d') return dailyStart(exchange, stamp, rules.timeZone)
  if (stamp.kind === 'date') return 'a date without a time'
  const zone = rules.timeZone ?? exchange.timeZone
  const labelMs = stamp.kind === 'instant' ? stamp.ms : instantOfWall(zone, stamp.wallMs)
  if (labelMs === undefined) return 'a time that the clock skips'
  if (labelMs % MS_PER_MINUTE !== 0) return 'a time that is not on a whole minute'
  if (rules.label === 'left' && !rules.clampToSession) return labelMs

  const lengthMs = (intervalMinutes(rules.interval) ?? 0) * MS_PER_MINUTE
  const { openMs, closeMs } = sessionOn(exchange, midnightAt(exchange, labelMs))
  if (rules.label === 'likely-right' && labelMs === openMs) {
    return 'a stamp at which the session opens: tell label (--label), left for starts of bars or right for ends'
  }
  const isEnd = rules.label !== 'left'
  if (isEnd && !rules.clampToSession && labelMs > openMs && labelMs <= closeMs) {
    // The last bar of a session may be short, so its end tells its start only through the grid of the session.
    return openMs + (Math.ceil((labelMs - openMs) / lengthMs) - 1) * lengthMs
  }
  const startMs = isEnd ? labelMs - lengthMs : labelMs
  return rules.clampToSession && startMs < openMs && startMs + lengthMs > openMs ? openMs : startMs
}

function dailyStart(exchange: Exchange, stamp: Stamp, timeZone: string | undefined): number | string {
  if (stamp.kind === 'date') return sessionOn(exchange, stamp.midnightMs).openMs
  if (stamp.kind === 'wall' && timeZone === undefined) return sessionOn(exchange, midnightOf(stamp.wallMs)).openMs
  const ms = stamp.kind === 'instant' ? stamp.ms : instantOfWall(timeZone ?? exchange.timeZone, stamp.wallMs)
  if (ms === undefined) return 'a time that the clock skips'
  const midnightMs = midnightAt(exchange, ms)
  const { openMs } = sessionOn(exchange, midnightMs)
  // Midnight in UTC is the evening before in New York: taking its date there would move every bar by a day.
  return ms === openMs || ms === instantOfWall(exchange.timeZone, midnightMs)
    ? openMs
    : 'a daily instant that is neither session open nor midnight'
}

/** Midnight, as if UTC, of the date that the exchange shows at an instant. */
function midnightAt(exchange: Exchange, ms: number): number {
  return midnightOf(wallClockOfInstant(exchange.timeZone, ms))
}

function midnightOf(wallMs: number): number {
  return Math.floor(wallMs / MS_PER_DAY) * MS_PER_DAY
}

function sessionOn(exchange: Exchange, midnightMs: number): Session {
  let known = sessions.get(exchange)
  if (known === undefined) {
    known = new Map()
    sessions.set(exchange, known)
  }
  let session = known.get(midnightMs)
  if (session === undefined) {
    session = sessionOf(exchange, dateOfWallClock(midnightMs))
    known.set(midnightMs, session)
  }
  return session
}
