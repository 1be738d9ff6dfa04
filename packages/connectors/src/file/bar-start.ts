import {
  dateOfWallClock,
  type Exchange,
  instantOfWallClock,
  intervalMinutes,
  type KeptInterval,
  type Session,
  sessionDateOf,
  sessionOf,
  wallClockOfDate,
} from '@barkeep/core'
import type { Stamp } from './parse-stamp.js'

const MS_PER_MINUTE = 60_000
/** Files repeat the same dates thousands of times; the years that a stamp may have bound the number of dates. */
const sessions = new WeakMap<Exchange, Map<string, Session>>()

export interface StartRules {
  readonly interval: KeptInterval
  readonly label: 'left' | 'right'
  readonly clampToSession: boolean
}

/** The instant at which the bar of a stamp starts, UTC milliseconds; a text when the stamp cannot be one, saying why. */
export function barStart(exchange: Exchange, stamp: Stamp, rules: StartRules): number | string {
  if (rules.interval === '1d') return dailyStart(exchange, stamp)
  if (stamp.kind === 'date') return 'a date without a time'
  const labelMs = stamp.kind === 'instant' ? stamp.ms : instantOfWallClock(exchange.timeZone, stamp.wallMs)
  if (labelMs % MS_PER_MINUTE !== 0) return 'a time that is not on a whole minute'
  const lengthMs = (intervalMinutes(rules.interval) ?? 0) * MS_PER_MINUTE
  const { openMs, closeMs } = sessionOn(exchange, sessionDateOf(exchange, labelMs))
  if (rules.label === 'right' && !rules.clampToSession && labelMs > openMs && labelMs <= closeMs) {
    // The last bar of a session may be short, so its end tells its start only through the grid of the session.
    return openMs + (Math.ceil((labelMs - openMs) / lengthMs) - 1) * lengthMs
  }
  const startMs = rules.label === 'right' ? labelMs - lengthMs : labelMs
  return rules.clampToSession && startMs < openMs && startMs + lengthMs > openMs ? openMs : startMs
}

function dailyStart(exchange: Exchange, stamp: Stamp): number | string {
  if (stamp.kind === 'date') return sessionOn(exchange, stamp.date).openMs
  if (stamp.kind === 'wall') return sessionOn(exchange, dateOfWallClock(stamp.wallMs)).openMs
  const date = sessionDateOf(exchange, stamp.ms)
  const { openMs } = sessionOn(exchange, date)
  const midnightMs = instantOfWallClock(exchange.timeZone, wallClockOfDate(date) ?? 0)
  // Midnight in UTC is the evening before in New York: taking its date there would move every bar by a day.
  return stamp.ms === openMs || stamp.ms === midnightMs
    ? openMs
    : 'a daily instant that is neither session open nor midnight'
}

function sessionOn(exchange: Exchange, date: string): Session {
  let known = sessions.get(exchange)
  if (known === undefined) {
    known = new Map()
    sessions.set(exchange, known)
  }
  let session = known.get(date)
  if (session === undefined) {
    session = sessionOf(exchange, date)
    known.set(date, session)
  }
  return session
}
