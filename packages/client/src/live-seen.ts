import type { LiveBar } from '@barkeep/core'

/** What a bar is to one who knows those before: `same` or older, `later` than a final one, or else `new`. */
export type Novelty = 'new' | 'later' | 'same'

/** What a start costs beside its bars, in bars. */
const START_COST = 16

/**
 * The latest version of each bar that was given, in bounded memory: the oldest starts are forgotten first. For each start
 * a row of numbers, one for each instrument, because a market has all its bars at the same starts.
 */
export class SeenBars {
  readonly #barsMax: number
  readonly #indexes = new Map<string, number>()
  /** Start in milliseconds → `known_at` in milliseconds by instrument: negative for a bar not final, 0 for none. */
  readonly #starts = new Map<number, Float64Array>()
  #cost = 0
  #floorMs = Number.NEGATIVE_INFINITY
  #lastTs = ''
  #lastTsMs = 0

  constructor(barsMax: number) {
    this.#barsMax = barsMax
  }

  /** Of bars that start before, nothing is known: milliseconds since the epoch, minus infinity while nothing was forgotten. */
  get floorMs(): number {
    return this.#floorMs
  }

  /** Tells what a bar is, and remembers it unless it is the same. */
  note({ instrument, ts, final, known_at: knownAt }: LiveBar): Novelty {
    const startMs = this.#msOf(ts)
    if (startMs < this.#floorMs) return 'new'
    const knownMs = Date.parse(knownAt)
    const index = this.#indexOf(instrument)
    const row = this.#rowOf(startMs, index)
    const before = row[index] ?? 0
    if (knownMs <= Math.abs(before)) return 'same'
    row[index] = final ? knownMs : -knownMs
    if (this.#cost > this.#barsMax) this.#forget()
    return before > 0 ? 'later' : 'new'
  }

  #rowOf(startMs: number, index: number): Float64Array {
    const row = this.#starts.get(startMs)
    if (row !== undefined && row.length > index) return row
    const next = new Float64Array(Math.max(this.#indexes.size, 2 * (row?.length ?? 0)))
    if (row !== undefined) next.set(row)
    this.#starts.set(startMs, next)
    this.#cost += row === undefined ? next.length + START_COST : next.length - row.length
    return next
  }

  /** A quarter at once, so that it is done seldom. */
  #forget(): void {
    for (const startMs of [...this.#starts.keys()].sort((a, b) => a - b)) {
      this.#floorMs = startMs
      if (this.#cost <= (this.#barsMax * 3) / 4 || this.#starts.size === 1) return
      this.#cost -= (this.#starts.get(startMs)?.length ?? 0) + START_COST
      this.#starts.delete(startMs)
    }
  }

  #indexOf(instrument: string): number {
    const known = this.#indexes.get(instrument)
    if (known !== undefined) return known
    this.#indexes.set(instrument, this.#indexes.size)
    return this.#indexes.size - 1
  }

  /** The bars of a message have one start. */
  #msOf(ts: string): number {
    if (ts !== this.#lastTs) {
      this.#lastTs = ts
      this.#lastTsMs = Date.parse(ts)
    }
    return this.#lastTsMs
  }
}
