import type { Limit, LimitStatus } from './limiter.js'

/**
 * Where slots are counted: in this process or in Redis. Every call is one atomic step. A request is in flight from the
 * step that granted it until the step that releases it, then it is spent, and counts for one window more.
 */
export interface Ledger {
  ask(asking: Asking): Promise<Answer>
  /** Moves the end of the lease to `leaseMs` from now. */
  renew(id: string, limits: readonly Limit[], leaseMs: number): Promise<void>
  /** From in flight to spent. What is not known to be in flight is spent all the same: state may have been lost. */
  release(id: string, limits: readonly Limit[], bytes: number): Promise<void>
  /** Nobody waits or sends under this id any more, and nothing was sent. Never rejects. */
  forget(id: string, limits: readonly Limit[]): Promise<void>
  pause(key: string, delayMs: number): Promise<void>
  /** Ends the pause of `key`, also where other processes know of it. */
  resume(key: string): Promise<void>
  status(limit: Limit): Promise<LimitStatus>
  /** Steps are no longer tried again. */
  close(): void
}

export interface Asking {
  /** Names the request; asking again with the id of a granted request is answered with the same grant. */
  readonly id: string
  readonly limits: readonly Limit[]
  /** A request whose lease ran out counts as answered at that moment. */
  readonly leaseMs: number
  /** Place in the queue: `none` asks without queueing, `last` queues behind all, a number is the place given before. */
  readonly place: 'none' | 'last' | number
}

export type Answer =
  | { readonly granted: true }
  | {
      readonly granted: false
      /** Nothing can be granted before that, unless somebody ahead gives up. */
      readonly waitMs: number
      /** 0 when asked without queueing. */
      readonly place: number
      /** The limit that binds. */
      readonly limit: Limit
    }

/** The times by which the books of a limit are kept, in whole microseconds. */
export interface BookTimes {
  readonly windowUs: number
  /** What is added to the window before a slot is free again. */
  readonly marginUs: number
  /** What is spent within one step is kept as one entry, freed at the end of the step. */
  readonly stepUs: number
  /** Who is held up by another limit comes back for this one at most so often, and claims its place by so much too early. */
  readonly lookUs: number
}

/** Clocks of two machines are not the same: a clock that is being corrected runs up to 500 ppm too fast. */
const clockDriftMax = 1 / 1_000

/** Timers of both sides, and upstreams that still count an arrival which is exactly one window old. */
const boundaryMs = 5

const stepsPerWindow = 1_000

/** While another limit's slots are in flight the moment of a grant moves on with the clock, so looks need a distance. */
const looksPerWindow = 16

export function bookTimes({ perMs }: Limit): BookTimes {
  return {
    windowUs: microseconds(perMs),
    marginUs: microseconds(boundaryMs + perMs * clockDriftMax),
    stepUs: microseconds(perMs / stepsPerWindow),
    lookUs: microseconds(perMs / looksPerWindow),
  }
}

/** Rounded up, because no window may become shorter. */
export function microseconds(durationMs: number): number {
  return Math.ceil(durationMs * 1_000)
}

/** How many spent entries are looked at to tell a waiter's moment; beyond that it is told to ask again by then. */
export const forecastEntriesMax = 64

/** Names the books of a limit. */
export function bookName(limit: Limit): string {
  return `${limit.key}/${limit.perMs}`
}

/** Joins limits that share their books into one, the stricter figure of each; a request counts once in a book. */
export function mergeLimits(limits: readonly Limit[]): readonly Limit[] {
  const merged = new Map<string, Limit>()
  for (const limit of limits) {
    const name = bookName(limit)
    const other = merged.get(name)
    const requests = smaller(limit.requests, other?.requests)
    const bytes = smaller(limit.bytes, other?.bytes)
    merged.set(name, {
      key: limit.key,
      perMs: limit.perMs,
      ...(requests === undefined ? {} : { requests }),
      ...(bytes === undefined ? {} : { bytes }),
    })
  }
  return [...merged.values()]
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
