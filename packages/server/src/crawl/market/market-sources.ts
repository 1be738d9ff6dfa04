import type { Estimate } from '../estimate.js'
import type { BackfillOffer } from '../gaps/backfill.js'

/** Whether a source can be asked now. */
export interface SourceState {
  /** Milliseconds since the epoch; null when it works. */
  readonly blockedUntilMs: number | null
  readonly stoppedBy: string | null
}

/**
 * `first` is asked first, `fall-back` for what the ones before cannot bring; `blocked` rests until a time, `stopped` waits
 * for a person, `no-credential` for a setting; `nothing` has none of what is missing; `uncounted` may have all of it, which
 * is known when the instruments are.
 */
export type SourceRole = 'first' | 'fall-back' | 'blocked' | 'stopped' | 'no-credential' | 'nothing' | 'uncounted'

/** A source of a market: what it would ask to bring what is missing, and what it is used for. */
export interface MarketSource extends Omit<Estimate, 'isCut'> {
  readonly connector: string
  readonly plans: readonly string[]
  readonly role: SourceRole
  readonly blockedUntilMs: number | null
  readonly stoppedBy: string | null
  /** Stretches that it cannot bring. */
  readonly unreached: number
}

export interface SourceChoice {
  readonly offers: readonly BackfillOffer[]
  /** The setting `sources` of the exchange and interval, the best first; empty where it says nothing. */
  readonly declared: readonly string[]
  readonly stateOf: (connector: string) => SourceState | undefined
  readonly nowMs: number
  /** How long a source may be blocked and still be waited for. */
  readonly patienceMs: number
}

/**
 * Who is asked for what is missing, in which order: as the setting `sources` declares; where it says nothing, who can bring
 * most, of those who takes the shortest under its limits, of those who sends the fewest bytes. Who cannot be asked stands
 * behind, with the reason.
 */
export function chooseSources({ offers, declared, stateOf, nowMs, patienceMs }: SourceChoice): MarketSource[] {
  const star = declared.indexOf('*')
  const others = star === -1 ? declared.length : star
  const placeOf = (connector: string) => {
    const place = declared.indexOf(connector)
    return place === -1 ? others : place
  }
  const sources = offers
    .map((offer) => sourceOf(offer, stateOf(offer.connector), nowMs + patienceMs))
    .sort((a, b) => {
      if (isUsable(a) !== isUsable(b)) return isUsable(a) ? -1 : 1
      return (
        placeOf(a.connector) - placeOf(b.connector) ||
        a.unreached - b.unreached ||
        a.durationMs - b.durationMs ||
        a.bytes - b.bytes ||
        (a.connector < b.connector ? -1 : 1)
      )
    })
  return sources.map((source, index) => (index === 0 && isUsable(source) ? { ...source, role: 'first' } : source))
}

export function isUsable({ role }: Pick<MarketSource, 'role'>): boolean {
  return role === 'first' || role === 'fall-back'
}

function sourceOf(
  { connector, canRun, isUncounted = false, plans, unreached, estimates }: BackfillOffer,
  { blockedUntilMs, stoppedBy }: SourceState = { blockedUntilMs: null, stoppedBy: null },
  bearableUntilMs: number,
): MarketSource {
  const slowest = estimates.toSorted((a, b) => b.durationMs - a.durationMs)[0]
  // Plans of one connector share its limits, so that one waits for the other.
  const sum = (pick: (estimate: Estimate) => number) => estimates.reduce((all, estimate) => all + pick(estimate), 0)
  const role: SourceRole = !canRun
    ? 'no-credential'
    : stoppedBy !== null
      ? 'stopped'
      : blockedUntilMs !== null && blockedUntilMs > bearableUntilMs
        ? 'blocked'
        : sum(({ requests }) => requests) === 0
          ? isUncounted
            ? 'uncounted'
            : 'nothing'
          : 'fall-back'
  return {
    connector,
    plans,
    role,
    blockedUntilMs,
    stoppedBy,
    unreached,
    requests: sum(({ requests }) => requests),
    bytes: sum(({ bytes }) => bytes),
    durationMs: sum(({ durationMs }) => durationMs),
    bindingLimit: slowest?.bindingLimit ?? null,
  }
}
