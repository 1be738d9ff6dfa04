import {
  BarkeepError,
  barFault,
  type Exchange,
  formatInstant,
  type KeptInterval,
  parseTimeBound,
  sessionDateOf,
  sessionOf,
} from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import { rowsAtOnceMax, type TableRow } from '../store.js'
import type { BarsAppend } from './bars-append.js'

const MS_PER_MINUTE = 60_000
const TRADES_MAX = 4_294_967_295
const instantShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Bars as rows of `bars_<interval>`, when they are few enough and each surely keeps the rules; else undefined. What is refused here
 * may be sound all the same: then the rules in SQL decide (`bar-rules.ts`), and name what is wrong. Never may
 * something pass here that they refuse; bars-append.test.ts holds the two together.
 */
export function soundRows(
  { interval, bars, source }: Pick<BarsAppend, 'interval' | 'bars' | 'source'>,
  catalog: Catalog,
  knownAtMs: number,
): TableRow[] | undefined {
  if (bars.length > rowsAtOnceMax) return undefined
  const knownAt = new Date(knownAtMs).toISOString()
  const starts = new Starts(interval, catalog)
  const rows: TableRow[] = []
  for (const bar of bars) {
    const known = catalog.instrument(bar.instrument)
    const start = known === undefined ? undefined : starts.read(bar.ts, known.exchange)
    if (known === undefined || start === undefined || barFault(bar) !== undefined) return undefined
    const { open, high, low, close, volume, turnover, trades, final = true } = bar
    if (!Number.isSafeInteger(volume) || (trades ?? 0) > TRADES_MAX) return undefined
    rows.push([known.id, start, open, high, low, close, volume, turnover, trades, source, final, knownAt])
  }
  return rows
}

/** Starts of bars as they were told. Bars that come together have few between them. */
class Starts {
  readonly #interval: KeptInterval
  readonly #catalog: Catalog
  readonly #read = new Map<string, string | undefined>()

  constructor(interval: KeptInterval, catalog: Catalog) {
    this.#interval = interval
    this.#catalog = catalog
  }

  /** The instant as the engine reads it, or undefined when it may be none of a bar. */
  read(ts: string, exchange: string): string | undefined {
    // Only days start at an hour of their exchange.
    const key = this.#interval === '1d' ? `${exchange} ${ts}` : ts
    if (!this.#read.has(key)) this.#read.set(key, this.#readNow(ts, this.#catalog.exchange(exchange)))
    return this.#read.get(key)
  }

  #readNow(ts: string, exchange: Exchange): string | undefined {
    const ms = instantOf(ts)
    if (ms === undefined) return undefined
    const starts = this.#interval === '1d' ? sessionOf(exchange, sessionDateOf(exchange, ms)).openMs === ms : true
    return starts && ms % MS_PER_MINUTE === 0 ? formatInstant(ms) : undefined
  }
}

/** Milliseconds since the epoch, or undefined where anything about the text is unusual. */
function instantOf(ts: string): number | undefined {
  if (!instantShape.test(ts)) return undefined
  try {
    const bound = parseTimeBound(ts, 'ts')
    return bound.kind === 'instant' && bound.ms >= 0 ? bound.ms : undefined
  } catch (error) {
    if (error instanceof BarkeepError) return undefined
    throw error
  }
}
