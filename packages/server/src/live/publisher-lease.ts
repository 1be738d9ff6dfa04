import { BarkeepError, type Topic } from '@barkeep/core'

/** `lapsed`: its holder gave no sign of life for a term, or went away; it may still come back. */
export type LeaseState = 'free' | 'held' | 'lapsed'

/**
 * `acquire` begins a term unless another runs; `takeover` ends that one first; `renew` prolongs the last term;
 * `expire` is the end of its time, `leave` the end of the holder's connection, `release` its wish.
 */
export type LeaseEvent = 'acquire' | 'takeover' | 'renew' | 'expire' | 'leave' | 'release'

/** What follows what. The same table stands in docs/guide/live.md. */
export const leaseTransitions: Readonly<Record<LeaseState, Readonly<Record<LeaseEvent, LeaseState>>>> = {
  free: { acquire: 'held', takeover: 'held', renew: 'free', expire: 'free', leave: 'free', release: 'free' },
  // Acquiring what another holds changes nothing: it is refused.
  held: { acquire: 'held', takeover: 'held', renew: 'held', expire: 'lapsed', leave: 'lapsed', release: 'free' },
  // Nobody wrote since, so the holder goes on in the same term.
  lapsed: { acquire: 'held', takeover: 'held', renew: 'held', expire: 'lapsed', leave: 'lapsed', release: 'free' },
}

/** The right to publish a topic for a while. */
export interface LeaseTerm {
  /** Larger than that of every term before, also of those before a restart. */
  readonly token: number
  /** Milliseconds since the epoch. */
  readonly expiresMs: number
}

/** Who may publish a topic: one at a time. */
export interface PublisherLease {
  /** Begins a term. Throws LEASE_HELD while another runs, unless it is to be taken over. */
  acquire(topic: Topic, options?: { readonly takeover?: boolean }): Promise<LeaseTerm>
  /** Prolongs the last term. Throws LEASE_LOST when another one was begun, or this one was given back. */
  renew(topic: Topic, token: number): Promise<LeaseTerm>
  /** The holder went away: anybody may begin a term, or the holder go on with its own. Of another term it does nothing. */
  leave(topic: Topic, token: number): Promise<void>
  /** Gives a term back for good. Of another term it does nothing. */
  release(topic: Topic, token: number): Promise<void>
}

export function leaseHeld(topic: Topic, remainingMs: number): BarkeepError {
  return new BarkeepError('LEASE_HELD', {
    message: `Another publisher has ${topic}; its term ends in ${remainingMs} ms unless it shows that it lives. Wait, or take it over: lease_${topic} {"takeover": true}.`,
    retry: { afterMs: remainingMs },
  })
}

export function leaseLost(topic: Topic, token: number): BarkeepError {
  return new BarkeepError('LEASE_LOST', {
    message: `The term ${token} of ${topic} is over, so nothing was written. Take the lease again with lease_${topic}.`,
  })
}

export function isLeaseLost(error: unknown): boolean {
  return error instanceof BarkeepError && error.code === 'LEASE_LOST'
}
