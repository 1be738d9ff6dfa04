import { type Answer, type Asking, bookName, bookTimes, type Ledger, microseconds } from './ledger.js'
import type { Limit } from './limiter.js'
import { MemoryBook } from './memory-book.js'

export interface MemoryLedgerOptions {
  readonly now: () => number
  readonly quietMsMax: number
}

/** Counts slots in this process. The same rule as in admit-script.ts; a change of one is a change of both. */
export function createMemoryLedger({ now, quietMsMax }: MemoryLedgerOptions): Ledger {
  const books = new Map<string, MemoryBook>()
  const pausedUntilUs = new Map<string, number>()
  const clockUs = () => Math.round(now() * 1_000)
  let lastPlace = 0

  function open(limit: Limit, nowUs: number): MemoryBook {
    const name = bookName(limit)
    let book = books.get(name)
    if (book === undefined) {
      book = new MemoryBook(limit)
      books.set(name, book)
    }
    book.advance(nowUs)
    return book
  }

  /** The clock starts with the process. What a process before it sent is not known, and all over one window later. */
  function blockedUntilUs(limit: Limit): number {
    const { windowUs, marginUs } = bookTimes(limit)
    const quietUntilUs = limit.perMs > quietMsMax ? 0 : windowUs + marginUs
    return Math.max(pausedUntilUs.get(limit.key) ?? 0, quietUntilUs)
  }

  function ask({ id, limits, leaseMs, place }: Asking): Answer {
    const nowUs = clockUs()
    const queued = place !== 'none'
    const ownPlace = typeof place === 'number' ? place : queued ? ++lastPlace : Number.POSITIVE_INFINITY
    let freeAtUs = nowUs
    let binding: Limit | undefined
    for (const limit of limits) {
      const atUs = Math.max(blockedUntilUs(limit), open(limit, nowUs).freeAtUs(limit, ownPlace, nowUs))
      if (atUs > freeAtUs) {
        freeAtUs = atUs
        binding = limit
      }
    }
    if (binding === undefined) {
      for (const limit of limits) {
        const book = open(limit, nowUs)
        book.dequeue(id)
        book.hold(id, nowUs + microseconds(leaseMs))
      }
      return { granted: true }
    }
    let askAgainAtUs = freeAtUs
    if (queued) {
      for (const limit of limits) {
        // Whoever is held up elsewhere for longer than a slot here lasts lets others pass here until then.
        const book = open(limit, nowUs)
        const claimAtUs = freeAtUs - book.times.windowUs - book.times.marginUs
        if (claimAtUs <= nowUs + book.times.lookUs) {
          book.enqueue(id, ownPlace)
        } else {
          book.dequeue(id)
          askAgainAtUs = Math.min(askAgainAtUs, claimAtUs)
        }
      }
    }
    return { granted: false, waitMs: (askAgainAtUs - nowUs) / 1_000, place: queued ? ownPlace : 0, limit: binding }
  }

  return {
    ask: async (asking) => ask(asking),
    async renew(id, limits, leaseMs) {
      const nowUs = clockUs()
      for (const limit of limits) open(limit, nowUs).hold(id, nowUs + microseconds(leaseMs))
    },
    async release(id, limits, bytes) {
      const nowUs = clockUs()
      for (const limit of limits) open(limit, nowUs).release(id, bytes, nowUs)
    },
    async forget(id, limits) {
      const nowUs = clockUs()
      for (const limit of limits) open(limit, nowUs).forget(id)
    },
    async pause(key, delayMs) {
      pausedUntilUs.set(key, Math.max(pausedUntilUs.get(key) ?? 0, clockUs() + microseconds(delayMs)))
    },
    async resume(key) {
      pausedUntilUs.delete(key)
    },
    close() {},
    async status(limit) {
      const nowUs = clockUs()
      const { requests, bytes, waiting } = open(limit, nowUs).used
      return {
        requestsUsed: requests,
        requestsFree: limit.requests === undefined ? null : Math.max(0, limit.requests - requests),
        bytesUsed: bytes,
        bytesFree: limit.bytes === undefined ? null : Math.max(0, limit.bytes - bytes),
        waiting,
        blockedForMs: Math.max(0, blockedUntilUs(limit) - nowUs) / 1_000,
      }
    },
  }
}
