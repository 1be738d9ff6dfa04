import { BarkeepError, failureClassOf, type KeptInterval, type PageBars } from '@barkeep/core'
import type { Clock } from '../limiter/clock.js'

type LiveBars = PageBars['bars']

/** Between two strokes: a bar that is still building up comes many times a second, and each stroke has its price. */
const STROKE_GAP_MS = 200
/** How long the store is left alone when it refuses a stroke. */
const REST_MS = 2_000
/** Bars that wait; who brings more waits as well. */
const BARS_MAX = 50_000

export interface LiveWriterParts {
  readonly append: (stroke: {
    readonly interval: KeptInterval
    readonly source: string
    readonly bars: LiveBars
  }) => Promise<unknown>
  readonly interval: KeptInterval
  readonly source: string
  readonly clock: Clock
  readonly onKept: (bars: number) => void
  readonly onError: (error: unknown) => void
}

/** Keeps the bars of a live source in strokes: of a bar that came several times since the last one only the latest. */
export class LiveWriter {
  readonly #parts: LiveWriterParts
  readonly #waiting = new Map<string, LiveBars[number]>()
  #writing: Promise<void> | undefined

  constructor(parts: LiveWriterParts) {
    this.#parts = parts
  }

  /** Resolves when there is room for more. */
  async add(bars: LiveBars, signal: AbortSignal): Promise<void> {
    for (const bar of bars) {
      const key = `${bar.instrument} ${bar.ts}`
      this.#waiting.delete(key)
      this.#waiting.set(key, bar)
    }
    if (this.#waiting.size === 0) return
    this.#writing ??= this.#write(signal).finally(() => {
      this.#writing = undefined
    })
    if (this.#waiting.size > BARS_MAX) await this.#writing
  }

  /** Waits for what is being written. */
  async drain(): Promise<void> {
    await this.#writing
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (this.#waiting.size > 0) {
      const bars = [...this.#waiting.values()]
      this.#waiting.clear()
      const isKept = await this.#stroke(bars)
      if (!isKept) this.#putBack(bars)
      // Who closes writes what is there at once, and no more than once.
      if (signal.aborted && !isKept) return
      await clock.sleep(isKept ? STROKE_GAP_MS : REST_MS, signal).catch(() => undefined)
    }
  }

  /** False where the same stroke may succeed later. */
  async #stroke(bars: LiveBars): Promise<boolean> {
    const { append, interval, source, onKept, onError } = this.#parts
    try {
      await append({ interval, source, bars })
      onKept(bars.length)
    } catch (error) {
      onError(error)
      const isFaulty = error instanceof BarkeepError && failureClassOf(error) === 'fail'
      if (!isFaulty) return false
      // One bar with a fault must not take the others with it.
      if (bars.length > 1) for (const bar of bars) if (!(await this.#stroke([bar]))) return false
    }
    return true
  }

  /** Behind what came meanwhile, which is newer. */
  #putBack(bars: LiveBars): void {
    const newer = [...this.#waiting]
    this.#waiting.clear()
    for (const bar of bars) this.#waiting.set(`${bar.instrument} ${bar.ts}`, bar)
    for (const [key, bar] of newer) this.#waiting.set(key, bar)
  }
}
