/** How many requests a caller may start within any window; data, so that tests can turn it. */
export interface ArrivalLimit {
  readonly requests: number
  readonly perMs: number
  /** How long a caller stays shut out after breaking the limit; 0 lets in the next one that finds room. */
  readonly banMs: number
  /** Whom it holds for, by what callers are told apart by; all of them when absent. */
  readonly holdsFor?: (caller: string) => boolean
  /** Counts only what is asked under it; everything when absent. */
  readonly path?: string
}

export interface Offence {
  readonly limit: ArrivalLimit
  /** 1 for the request that broke the limit, then one more for each that came while banned. */
  readonly count: number
  /** Until when the caller is shut out; 0 when it is not. */
  readonly untilMs: number
}

export interface Verdict {
  /** Whether this arrival found the window full. */
  readonly overLimit: boolean
  /** Present when it is refused: over the limit, or within a ban. */
  readonly offence: Offence | undefined
  /** Arrivals of the caller within the longest window, this one included. */
  readonly used: number
}

export interface ArrivalGate {
  /** Counts an arrival and says what becomes of it. Arrivals must be told in their order. */
  arrive(caller: string, atMs: number, path?: string): Verdict
}

interface Caller {
  /** Arrivals within the longest window, ascending. */
  readonly arrivals: { readonly atMs: number; readonly path: string }[]
  offence: Offence | undefined
}

const CALLERS_MAX = 10_000

/** Sliding windows over arrivals. A refused arrival counts as well: the upstream saw it. */
export function createArrivalGate(limits: readonly ArrivalLimit[]): ArrivalGate {
  const callers = new Map<string, Caller>()
  const longestMs = Math.max(0, ...limits.map(({ perMs }) => perMs))
  return {
    arrive(name, atMs, path = '') {
      const caller = callers.get(name) ?? { arrivals: [], offence: undefined }
      if (callers.size >= CALLERS_MAX) callers.clear()
      callers.set(name, caller)
      const { arrivals } = caller
      while (arrivals[0] !== undefined && arrivals[0].atMs <= atMs - longestMs) arrivals.shift()
      const broken = limits.find(({ requests, perMs, holdsFor, path: under = '' }) => {
        if (!(holdsFor?.(name) ?? true) || !path.startsWith(under)) return false
        return arrivals.filter((one) => one.atMs > atMs - perMs && one.path.startsWith(under)).length >= requests
      })
      arrivals.push({ atMs, path })
      caller.offence = nextOffence(caller.offence, broken, atMs)
      return { overLimit: broken !== undefined, offence: caller.offence, used: arrivals.length }
    },
  }
}

function nextOffence(before: Offence | undefined, broken: ArrivalLimit | undefined, atMs: number): Offence | undefined {
  if (before !== undefined && atMs < before.untilMs) return { ...before, count: before.count + 1 }
  if (broken === undefined) return undefined
  return { limit: broken, count: 1, untilMs: broken.banMs === 0 ? 0 : atMs + broken.banMs }
}
