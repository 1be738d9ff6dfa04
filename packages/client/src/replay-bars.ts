import { type BarColumn, intervalMinutes } from '@barkeep/core'
import { type BarsTable, loadTable } from './arrow.js'
import { type BarsOptions, barsRequest } from './bars.js'
import type { HttpSettings } from './http.js'
import { linkAbort } from './link-abort.js'

/** Bars of a window, as columns; what a window may hold of memory, about: 64 bytes a bar. */
const WINDOW_BARS = 500_000
const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
const WINDOW_MS_MAX = 3_660 * DAY_MS
/** How long before midnight in UTC a date begins where it begins first. */
const EARLIEST_MIDNIGHT_MS = 14 * 60 * MINUTE_MS

/** What a column of a slice is: numbers, or a plain array where there are nulls, names or truth values. */
export type SliceColumn = Float64Array | readonly unknown[]

/** All bars of one start. */
export interface BarsSlice<Column extends BarColumn = BarColumn> {
  /** Their start, milliseconds since the epoch, UTC. */
  readonly ts: number
  readonly length: number
  /** Their values, in the order of the instruments; `ts`, `end` and `known_at` in milliseconds since the epoch. */
  readonly columns: { readonly [Name in Column]: SliceColumn }
}

export type ReplayBarsOptions<Column extends BarColumn> = BarsOptions<Column> & {
  readonly instruments?: readonly string[]
  /** First moment: a session date, or an instant with an offset. */
  readonly start: string
}

/**
 * Bars in the order of time, one slice for each start. They are loaded window after window: while the loop works on one, the
 * next is on its way, so memory holds two windows however long the time is.
 */
export async function* replaySlices<Column extends BarColumn>(
  settings: HttpSettings,
  options: ReplayBarsOptions<Column> & { readonly signal: AbortSignal },
): AsyncGenerator<BarsSlice<Column>, void, undefined> {
  const { instruments, columns, ...query } = options
  // A start is needed to put the bars in order.
  const withTs = columns === undefined || (columns as readonly BarColumn[]).includes('ts')
  const names: readonly BarColumn[] | undefined = withTs ? columns : [...columns, 'ts']
  // Leaving the loop also ends the download that is ahead of it.
  const link = linkAbort(options.signal)
  const load = (window: Window) => {
    const wish: BarsOptions = { ...query, ...window.bounds, ...(names && { columns: names }), signal: link.signal }
    const loading = loadTable(settings, barsRequest(instruments, wish, 'arrow'))
    // What fails while nobody looks is told when its turn comes.
    loading.catch(() => {})
    return loading
  }
  try {
    const windows = new Windows(options, settings.now())
    let window = windows.next()
    for (let loading = window && load(window); window !== undefined && loading !== undefined; ) {
      const table = await loading
      windows.learn(window, table.numRows)
      window = windows.next()
      loading = window && load(window)
      yield* slicesOf<Column>(table, withTs)
    }
  } finally {
    link.abort()
    link.release()
  }
}

interface Window {
  readonly lengthMs: number
  readonly bounds: { readonly start: string; readonly end?: string }
}

/** Cuts a time into windows that hold about as many bars each; the first is a guess. */
class Windows {
  readonly #start: string
  readonly #end: string | undefined
  /** The last window begins before. */
  readonly #cutMs: number
  #fromMs: number
  #lengthMs: number
  #state: 'first' | 'further' | 'over' = 'first'

  constructor(
    { start, end, interval }: Pick<ReplayBarsOptions<BarColumn>, 'start' | 'end' | 'interval'>,
    nowMs: number,
  ) {
    this.#start = start
    this.#end = end
    // Text that is no time makes one window, which the server refuses.
    this.#fromMs = Date.parse(start)
    const endMs = end === undefined ? nowMs : Date.parse(end)
    this.#cutMs = end !== undefined && /^\d{4}-\d\d-\d\d$/.test(end) ? endMs - EARLIEST_MIDNIGHT_MS : endMs
    const minutes = intervalMinutes(interval)
    this.#lengthMs = (minutes ?? 300) * DAY_MS
  }

  /** The window behind the last; undefined at the end. */
  next(): Window | undefined {
    if (this.#state === 'over') return undefined
    const bounds = { start: this.#state === 'first' ? this.#start : instantOf(this.#fromMs) }
    const lengthMs = this.#lengthMs
    const untilMs = this.#fromMs + lengthMs
    if (untilMs < this.#cutMs) {
      this.#state = 'further'
      this.#fromMs = untilMs
      return { lengthMs, bounds: { ...bounds, end: instantOf(untilMs) } }
    }
    this.#state = 'over'
    return { lengthMs, bounds: { ...bounds, ...(this.#end !== undefined && { end: this.#end }) } }
  }

  /** Says how many bars a window had, so that the next is of the right length: half or twice as long at most. */
  learn({ lengthMs }: Window, rows: number): void {
    const fitting = rows === 0 ? 2 : Math.min(2, Math.max(0.5, WINDOW_BARS / rows))
    this.#lengthMs = Math.min(
      WINDOW_MS_MAX,
      Math.max(MINUTE_MS, Math.round((lengthMs * fitting) / MINUTE_MS) * MINUTE_MS),
    )
  }
}

/** Puts the bars of a window, which come instrument by instrument, in the order of time. */
function* slicesOf<Column extends BarColumn>(
  table: BarsTable,
  withTs: boolean,
): Generator<BarsSlice<Column>, void, undefined> {
  const { order, starts } = orderOf(table.getChild('ts').toArray())
  const columns = table.names
    .filter((name) => withTs || name !== 'ts')
    .map((name) => [name, gather(table.getChild(name).toArray(), order)] as const)
  for (const { ts, from, to } of starts) {
    const parts = columns.map(([name, values]) => [
      name,
      values instanceof Float64Array ? values.subarray(from, to) : values.slice(from, to),
    ])
    // The names are those that were asked for.
    yield { ts, length: to - from, columns: Object.fromEntries(parts) as BarsSlice<Column>['columns'] }
  }
}

/** Rows by their start, those of one start in the order in which they came: counted, not compared. */
function orderOf(values: ArrayLike<unknown>): {
  readonly order: Uint32Array
  readonly starts: readonly { readonly ts: number; readonly from: number; readonly to: number }[]
} {
  const counts = new Map<number, number>()
  for (let row = 0; row < values.length; row++) {
    const ts = Number(values[row])
    counts.set(ts, (counts.get(ts) ?? 0) + 1)
  }
  const places = new Map<number, number>()
  let from = 0
  const starts = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([ts, count]) => {
      places.set(ts, from)
      const start = { ts, from, to: from + count }
      from += count
      return start
    })
  const order = new Uint32Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const ts = Number(values[row])
    const place = places.get(ts) ?? 0
    order[place] = row
    places.set(ts, place + 1)
  }
  return { order, starts }
}

function gather(values: ArrayLike<unknown>, order: Uint32Array): SliceColumn {
  if (!Array.isArray(values)) return Float64Array.from(order, (row) => Number(values[row]))
  return Array.from(order, (row) => values[row])
}

/** Not the `formatInstant` of core, which would bring the reading of times along. */
function instantOf(ms: number): string {
  return new Date(ms).toISOString()
}
