import { formatInstant, type LeaseGrant, type PublishAck, type PublishRequest, type Topic } from '@barkeep/core'
import type { LiveDoor } from './live-door.js'
import { isLeaseLost, type LeaseTerm, leaseLost } from './publisher-lease.js'

/** One publisher, as long as its connection lasts, and the terms that it has. */
export class PublisherDesk {
  readonly #door: LiveDoor
  /** The term of each topic; `lost` bars the way until the publisher asks for a new one. */
  readonly #terms = new Map<Topic, number | 'lost'>()
  #placing: Promise<unknown> = Promise.resolve()
  #hasLeft = false

  constructor(door: LiveDoor) {
    this.#door = door
  }

  /** Throws LEASE_HELD, LEASE_LOST, and what the store throws. */
  async publish(topic: Topic, request: PublishRequest): Promise<Omit<PublishAck, 'ok'>> {
    const { bars, source = 'live', done, expects } = request
    const promise = {
      ...(done !== undefined && { doneMs: Date.parse(done) }),
      ...(expects !== undefined && { expects }),
    }
    // Its place in the line is taken in order; what is then written is not waited for by the next.
    const placed = await this.#inOrder(async () => {
      const token = await this.#tokenFor(topic, request.token)
      return {
        written: this.#noticing(topic, token, () => this.#door.publish(topic, { bars, source, token, ...promise })),
      }
    })
    const published = await placed.written
    return {
      topic,
      ...published.position,
      rows: bars.length,
      messages: published.messages,
      created_instruments: published.createdInstruments,
      lease: grantOf(published.term),
    }
  }

  /** Takes the lease, also after it was lost. Throws LEASE_HELD. */
  lease(topic: Topic, takeover: boolean): Promise<LeaseGrant> {
    return this.#inOrder(async () => {
      const known = this.#terms.get(topic)
      if (typeof known === 'number') {
        try {
          return grantOf(await this.#door.prolong(topic, known))
        } catch (error) {
          if (!isLeaseLost(error)) throw error
        }
      }
      return grantOf(await this.#acquire(topic, takeover))
    })
  }

  /** Gives the lease back. */
  unlease(topic: Topic): Promise<void> {
    return this.#inOrder(async () => {
      const token = this.#terms.get(topic)
      this.#terms.delete(topic)
      if (typeof token === 'number') await this.#door.withLease(topic, (lease) => lease.release(topic, token))
    })
  }

  /** The connection gave a sign of life. */
  async prolong(): Promise<void> {
    for (const [topic, token] of this.#terms) {
      if (typeof token === 'number') await this.#noticing(topic, token, () => this.#door.prolong(topic, token))
    }
  }

  /** The connection ended: anybody may publish, and so may this publisher when it comes back. */
  async leave(): Promise<void> {
    this.#hasLeft = true
    const terms = [...this.#terms]
    this.#terms.clear()
    for (const [topic, token] of terms) {
      if (typeof token === 'number') await this.#door.withLease(topic, (lease) => lease.leave(topic, token))
    }
  }

  async #tokenFor(topic: Topic, given: number | undefined): Promise<number> {
    const known = this.#terms.get(topic)
    if (known === 'lost') throw leaseLost(topic, given ?? 0)
    if (given !== undefined && given !== known) {
      // Made in an earlier term: fine if that is still the last one, as after a break of the connection.
      await this.#noticing(topic, given, () => this.#door.prolong(topic, given))
      this.#terms.set(topic, given)
      return given
    }
    return known ?? (await this.#acquire(topic, false)).token
  }

  async #acquire(topic: Topic, takeover: boolean): Promise<LeaseTerm> {
    const term = await this.#door.withLease(topic, (lease) => lease.acquire(topic, { takeover }))
    this.#terms.set(topic, term.token)
    // Nobody would end the term of one who went away while it waited.
    if (this.#hasLeft) await this.leave()
    return term
  }

  /** One after the other, as they came over the connection. */
  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#placing.then(work)
    this.#placing = next.catch(() => undefined)
    return next
  }

  /** Remembers a term that was lost, if it is still this publisher's. */
  async #noticing<Result>(topic: Topic, token: number, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const known = this.#terms.get(topic)
      if (isLeaseLost(error) && (known === undefined || known === token)) this.#terms.set(topic, 'lost')
      throw error
    }
  }
}

export function grantOf({ token, expiresMs }: LeaseTerm): LeaseGrant {
  return { token, expires_at: formatInstant(expiresMs) }
}
