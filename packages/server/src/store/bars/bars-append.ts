import { randomUUID } from 'node:crypto'
import type { Bar, KeptInterval } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import { EngineError, type Store } from '../store.js'
import { nameBarFaults } from './bar-faults.js'
import type { CommittedBars } from './bars-witness.js'
import { insertSound, noId } from './insert-sound.js'
import { barKey, type KeptBars, type OutrankedBar, type ToldBars } from './kept-bars.js'
import { soundRows } from './sound-rows.js'

/** Bars as objects: few, and of a source that can be asked again. */
export interface BarsAppend {
  readonly interval: KeptInterval
  readonly bars: readonly (Bar & { readonly final?: boolean })[]
  readonly source: string
  /** Is told instead of the witness, at once when the bars can be read. */
  readonly onCommitted?: (committed: CommittedBars) => void
}

export interface AppenderParts {
  readonly store: Store
  readonly catalog: Catalog
  readonly kept: KeptBars
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Is told of what is committed where nobody else wants to be. */
  readonly witness: (committed: CommittedBars) => void
}

/**
 * Adds bars without a table of their own. Sound ones go into the store as rows; only where one may have a fault do they
 * take the way of a body, which names it.
 */
export class BarsAppender {
  readonly #parts: AppenderParts
  #last: Promise<unknown> = Promise.resolve()
  #knownAtMs = 0

  constructor(parts: AppenderParts) {
    this.#parts = parts
  }

  append(bars: BarsAppend): Promise<CommittedBars> {
    // One after the other, so that a later `known_at` is a later commit.
    const next = this.#last.then(() => this.#appendNow(bars))
    this.#last = next.catch(() => undefined)
    return next
  }

  async #appendNow(append: BarsAppend): Promise<CommittedBars> {
    const { store, catalog, kept, now, witness } = this.#parts
    const { interval, bars, source, onCommitted = witness } = append
    const names = [...new Set(bars.map(({ instrument }) => instrument))]
    const createdInstruments = names.filter((name) => catalog.instrument(name) === undefined)
    // A body that brings instruments holds the catalog while it is read.
    if (createdInstruments.length > 0) await catalog.createMissing(createdInstruments)
    const knownAtMs = Math.max(now(), this.#knownAtMs + 1)
    this.#knownAtMs = knownAtMs
    const rows = soundRows(append, catalog, knownAtMs)
    const told = { interval, source, ...this.#reachOf(bars) }
    const outranked =
      rows === undefined
        ? await this.#appendBody(append, told, knownAtMs)
        : await kept.append(told, (table) => store.insertRows(table, rows))
    const committed = { interval, source, bars: this.#without(outranked, bars), knownAtMs, createdInstruments }
    onCommitted(committed)
    return committed
  }

  async #appendBody({ interval, bars, source }: BarsAppend, told: ToldBars, knownAtMs: number) {
    const { store, catalog, kept } = this.#parts
    const spooled = await store.spool(linesOf(bars), Number.POSITIVE_INFINITY)
    const body = { interval, source, format: 'JSONEachRow' as const, spooled, knownAtMs }
    try {
      return await kept.append(told, (table) => insertSound(catalog, table, body, []))
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      return await nameBarFaults(store, catalog, body, `incoming_${randomUUID().replaceAll('-', '')}`)
    } finally {
      await spooled.dispose()
    }
  }

  /** Which instruments and starts some bars are of; those with a fault do not matter, as nothing of them is written. */
  #reachOf(bars: BarsAppend['bars']) {
    const ids = new Set(bars.map(({ instrument }) => this.#idOf(instrument)))
    let [firstSeconds, lastSeconds] = [noId, 0]
    for (const { ts } of bars) {
      const seconds = Math.floor(Date.parse(ts) / 1_000)
      if (seconds < firstSeconds) firstSeconds = seconds
      if (seconds > lastSeconds) lastSeconds = seconds
    }
    return { ids: [...ids], firstSeconds, lastSeconds }
  }

  #without(outranked: readonly OutrankedBar[], bars: BarsAppend['bars']): BarsAppend['bars'] {
    if (outranked.length === 0) return bars
    const lost = new Set(outranked.map(barKey))
    return bars.filter(({ instrument, ts }) => {
      return !lost.has(barKey({ id: this.#idOf(instrument), seconds: Date.parse(ts) / 1_000 }))
    })
  }

  #idOf(instrument: string): number {
    return this.#parts.catalog.instrument(instrument)?.id ?? noId
  }
}

async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
