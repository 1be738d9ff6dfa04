import { type BookTimes, bookTimes, forecastEntriesMax } from './ledger.js'
import type { Limit } from './limiter.js'

/** The books of one limit in this process. All times are microseconds of the limiter's clock. */
export class MemoryBook {
  readonly times: BookTimes
  /** Requests in flight: id → end of the lease. In the order of those ends, as all leases are equally long. */
  readonly #inFlight = new Map<string, number>()
  /** Sums of what came back, by the moment at which it is free again; soonest first, none of them past. */
  #spent: { readonly freeAtUs: number; requests: number; bytes: number }[] = []
  #requestsSpent = 0
  #bytesSpent = 0
  /** Who waits, in the order of their places. */
  readonly #queue: { readonly place: number; readonly id: string }[] = []

  constructor(limit: Limit) {
    this.times = bookTimes(limit)
  }

  get used(): { readonly requests: number; readonly bytes: number; readonly waiting: number } {
    return {
      requests: this.#requestsSpent + this.#inFlight.size,
      bytes: this.#bytesSpent,
      waiting: this.#queue.length,
    }
  }

  /** Forgets what is one window old; leases that ran out count as answered. */
  advance(nowUs: number): void {
    for (const [id, leaseEndUs] of this.#inFlight) {
      if (leaseEndUs > nowUs) break
      this.#inFlight.delete(id)
      this.#spend(leaseEndUs, 1, 0)
    }
    let past = 0
    for (const entry of this.#spent) {
      if (entry.freeAtUs > nowUs) break
      this.#requestsSpent -= entry.requests
      this.#bytesSpent -= entry.bytes
      past += 1
    }
    if (past > 0) this.#spent.splice(0, past)
  }

  /** The earliest moment at which a request in `place` can be granted, given the figures of `limit`. */
  freeAtUs(limit: Limit, place: number, nowUs: number): number {
    const { requests = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = limit
    let requestsOver = this.#requestsSpent + this.#inFlight.size + this.#ahead(place) + 1 - requests
    let bytesOver = this.#bytesSpent + 1 - bytes
    if (requestsOver <= 0 && bytesOver <= 0) return nowUs
    let looked = 0
    for (const entry of this.#spent) {
      requestsOver -= entry.requests
      bytesOver -= entry.bytes
      looked += 1
      if ((requestsOver <= 0 && bytesOver <= 0) || looked === forecastEntriesMax) return entry.freeAtUs
    }
    // What is still in flight is free one window after its answer, and that is not before now.
    return nowUs + this.times.windowUs + this.times.marginUs
  }

  enqueue(id: string, place: number): void {
    const index = this.#ahead(place)
    if (this.#queue[index]?.id !== id) this.#queue.splice(index, 0, { place, id })
  }

  dequeue(id: string): void {
    const index = this.#queue.findIndex((waiter) => waiter.id === id)
    if (index >= 0) this.#queue.splice(index, 1)
  }

  hold(id: string, leaseEndUs: number): void {
    this.#inFlight.delete(id)
    this.#inFlight.set(id, leaseEndUs)
  }

  release(id: string, bytes: number, nowUs: number): void {
    this.#inFlight.delete(id)
    this.#spend(nowUs, 1, bytes)
  }

  forget(id: string): void {
    this.#inFlight.delete(id)
    this.dequeue(id)
  }

  #spend(atUs: number, requests: number, bytes: number): void {
    const { windowUs, marginUs, stepUs } = this.times
    const freeAtUs = Math.ceil((atUs + windowUs + marginUs) / stepUs) * stepUs
    this.#requestsSpent += requests
    this.#bytesSpent += bytes
    const index = this.#spent.findLastIndex((entry) => entry.freeAtUs <= freeAtUs)
    const entry = this.#spent[index]
    if (entry?.freeAtUs === freeAtUs) {
      entry.requests += requests
      entry.bytes += bytes
    } else {
      this.#spent.splice(index + 1, 0, { freeAtUs, requests, bytes })
    }
  }

  /** How many wait before `place`: by halving, because queues may be long. */
  #ahead(place: number): number {
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#queue[middle]?.place ?? 0) < place) low = middle + 1
      else high = middle
    }
    return low
  }
}
