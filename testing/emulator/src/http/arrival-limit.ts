/** How many requests a caller may start within any window; data, so that tests can turn it. */
export interface ArrivalLimit {
  readonly requests: number
  readonly perMs: number
  /** How long a caller stays shut out after breaking the limit; 0 lets in the next one that finds room. */
  readonly banMs: number
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
}

export interface ArrivalGate {
  /** Counts an arrival and says what becomes of it. Arrivals must be told in their order. */
  arrive(caller: string, atMs: number): Verdict
}

interface Caller {
  /** Arrivals within the longest window, ascending. */
  readonly arrivalsMs: number[]
  offence: Offence | undefined
}

const CALLERS_MAX = 10_000

/** Sliding windows over arrivals. A refused arrival counts as well: the upstream saw it. */
export function createArrivalGate(limits: readonly ArrivalLimit[]): ArrivalGate {
  const callers = new Map<string, Caller>()
  const longestMs = Math.max(0, ...limits.map(({ perMs }) => perMs))
  return {
    arrive(name, atMs) {
      const caller = callers.get(name) ?? { arrivalsMs: [], offence: undefined }
      if (callers.size >= CALLERS_MAX) callers.clear()
      callers.set(name, caller)
      while (caller.arrivalsMs[0] !== undefined && caller.arrivalsMs[0] <= atMs - longestMs) caller.arrivalsMs.shift()
      const broken = limits.find(
        ({ requests, perMs }) => caller.arrivalsMs.filter((earlierMs) => earlierMs > atMs - perMs).length >= requests,
      )
      caller.arrivalsMs.push(atMs)
      caller.offence = nextOffence(caller.offence, broken, atMs)
      return { overLimit: broken !== undefined, offence: caller.offence }
    },
  }
}

function nextOffence(before: Offence | undefined, broken: ArrivalLimit | undefined, atMs: number): Offence | undefined {
  if (before !== undefined && atMs < before.untilMs) return { ...before, count: before.count + 1 }
  if (broken === undefined) return undefined
  return { limit: broken, count: 1, untilMs: broken.banMs === 0 ? 0 : atMs + broken.banMs }
}
