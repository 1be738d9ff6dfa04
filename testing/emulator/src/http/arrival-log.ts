/** One request as the upstream saw it. */
export interface Arrival {
  /** When its head arrived, ms since the epoch with a fraction, by the emulator's own clock. */
  readonly atMs: number
  readonly method: string
  /** Path and query, with the fields of a form that came as the body. */
  readonly path: string
  /** What the caller is told apart by: its credential, or its address. */
  readonly credential: string
  /** Whether it found the window of a limit full. */
  readonly overLimit: boolean
  /** Whether it was refused, for that reason or within a ban. */
  readonly refused: boolean
  /** Kind of the fault done to the answer, if any. */
  readonly fault: string | null
  /** Status that was sent; 0 when the connection was dropped. */
  readonly status: number
}

/** Older arrivals are forgotten. */
const ARRIVALS_MAX = 1_000_000

export interface ArrivalLog {
  add(arrival: Arrival): void
  /** In the order of their coming. */
  all(): readonly Arrival[]
  clear(): void
}

export function createArrivalLog(): ArrivalLog {
  let arrivals: Arrival[] = []
  return {
    add(arrival) {
      if (arrivals.length >= ARRIVALS_MAX) arrivals = arrivals.slice(ARRIVALS_MAX / 2)
      arrivals.push(arrival)
    },
    all: () => [...arrivals],
    clear() {
      arrivals = []
    },
  }
}
