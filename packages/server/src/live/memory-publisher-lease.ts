import { type Topic, topics } from '@barkeep/core'
import {
  type LeaseEvent,
  type LeaseState,
  type LeaseTerm,
  leaseHeld,
  leaseLost,
  leaseTransitions,
  type PublisherLease,
} from './publisher-lease.js'

interface Lease extends LeaseTerm {
  readonly state: LeaseState
}

/** Leases of the publishers that come to this process. */
export class MemoryPublisherLease implements PublisherLease {
  readonly #leases = new Map<Topic, Lease>(topics.map((topic) => [topic, { state: 'free', token: 0, expiresMs: 0 }]))
  readonly #now: () => number
  readonly #leaseMs: number

  /** `now` gives milliseconds since the epoch; a term lasts `leaseMs`. */
  constructor({ now, leaseMs }: { readonly now: () => number; readonly leaseMs: number }) {
    this.#now = now
    this.#leaseMs = leaseMs
  }

  /** Whether a token is that of the last term, and the term was not given back. */
  holds(topic: Topic, token: number): boolean {
    const lease = this.#look(topic)
    return lease.token === token && lease.state !== 'free'
  }

  async acquire(topic: Topic, { takeover = false }: { readonly takeover?: boolean } = {}): Promise<LeaseTerm> {
    const lease = this.#look(topic)
    if (lease.state === 'held' && !takeover) throw leaseHeld(topic, lease.expiresMs - this.#now())
    // The clock makes it larger than the tokens of a process before this one.
    return this.#pass(topic, takeover ? 'takeover' : 'acquire', Math.max(lease.token + 1, this.#now()))
  }

  async renew(topic: Topic, token: number): Promise<LeaseTerm> {
    if (!this.holds(topic, token)) throw leaseLost(topic, token)
    return this.#pass(topic, 'renew', token)
  }

  async leave(topic: Topic, token: number): Promise<void> {
    if (this.holds(topic, token)) this.#pass(topic, 'leave', token)
  }

  async release(topic: Topic, token: number): Promise<void> {
    if (this.holds(topic, token)) this.#pass(topic, 'release', token)
  }

  #look(topic: Topic): Lease {
    const lease = this.#leases.get(topic) ?? { state: 'free', token: 0, expiresMs: 0 }
    const isOver = lease.state === 'held' && this.#now() >= lease.expiresMs
    return isOver ? { ...lease, state: leaseTransitions[lease.state].expire } : lease
  }

  #pass(topic: Topic, event: LeaseEvent, token: number): LeaseTerm {
    const state = leaseTransitions[this.#look(topic).state][event]
    const next = { state, token, expiresMs: this.#now() + this.#leaseMs }
    this.#leases.set(topic, next)
    return next
  }
}
