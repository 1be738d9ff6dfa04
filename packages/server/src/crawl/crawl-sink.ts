import {
  type Adjustment,
  type Bar,
  type BarFault,
  barFault,
  type Connector,
  type Coverage,
  type DatasetDeclaration,
  type Exchange,
  type Instrument,
  isAbsence,
  type JsonObject,
  type KeptInterval,
  keptIntervals,
  parseInstrument,
  type Refusal,
  sessionDateOf,
  type TaskResult,
} from '@barkeep/core'
import { withoutRepeated } from '../store/bars/repeated-bars.js'
import { type ToldSessions, withdrawUnfinished } from '../store/bars/unfinished-bars.js'
import type { Catalog } from '../store/catalog.js'
import type { Contents } from '../store/contents.js'
import type { Store } from '../store/store.js'
import type { CrawlTables } from '../store/tasks/crawl-tables.js'
import { dateAfter } from './gaps/gaps-calendar.js'
import { GroupCommit } from './group-commit.js'
import type { RawPage, TaskOutcome } from './run-task.js'

/** Outcomes that are written in one group. */
const GROUP_MAX = 100
/** Bars that began since may have been told before: their session is under way, or was over a moment ago. */
const RECENT_MS = 86_400_000
/** Of older sessions nothing is left that was told while they were under way, so that nobody looks for it. */
const SETTLING_MS = 7 * 86_400_000

export interface CommitReport {
  readonly bars: number
  readonly rows: number
  /** What the page had and could not be kept, with the reason. */
  readonly refused: readonly Refusal[]
}

/** Where outcomes go. */
export interface CrawlSink {
  /** Resolves when everything of the outcome is kept and can be read. */
  commit(outcome: TaskOutcome): Promise<CommitReport>
  /** Keeps the pages of a task that failed. */
  archive(pages: readonly RawPage[]): Promise<void>
}

/**
 * Keeps outcomes in the store: pages as they came, then instruments, bars, rows and adjustments, coverage last.
 * A crash in between leaves a task that is asked for again and replaces what it had brought.
 */
export function createStoreSink(parts: {
  readonly store: Store
  readonly contents: Contents
  readonly tables: CrawlTables
  readonly connectors: readonly Connector[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): CrawlSink {
  const { store, contents, tables, connectors, now } = parts
  const declared = new Map(connectors.flatMap(({ datasets }) => datasets).map((dataset) => [dataset.name, dataset]))
  const reports = new WeakMap<TaskOutcome, CommitReport>()
  const group = new GroupCommit<TaskOutcome>(GROUP_MAX, async (outcomes) => {
    await tables.archive(outcomes.flatMap(({ pages }) => pages))
    const gathered = gather(outcomes, declared, (code) => contents.catalog.exchange(code))
    for (const [outcome, report] of gathered.reports) reports.set(outcome, report)
    await contents.catalog.save(
      gathered.instruments.map((told) => knowingMore(told, contents.catalog.instrument(told.instrument))),
    )
    for (const told of sessionsTold(gathered.coverage, contents.catalog, now() - SETTLING_MS)) {
      await withdrawUnfinished(store, told)
    }
    for (const interval of keptIntervals) {
      for (const [source, bars] of gathered.bars[interval]) {
        const told = { interval, source, bars: [...bars.values()] }
        // Only what is asked for again and again is looked up: pages of history would pay for nothing.
        const isRecent = told.bars.some(({ ts }) => Date.parse(ts) > now() - RECENT_MS)
        const news = isRecent ? await withoutRepeated(store, contents.catalog, told) : told.bars
        if (news.length > 0) await contents.ingest.append({ ...told, bars: news })
      }
    }
    for (const [name, rows] of gathered.rows) {
      const declaration = declared.get(name)
      if (contents.datasets.find(name) === undefined && declaration !== undefined) {
        await contents.datasets.create(declaration)
      }
      await contents.datasetIngest.store({
        name,
        format: 'JSONEachRow',
        body: lines([...rows.values()]),
        bytesMax: Number.POSITIVE_INFINITY,
      })
    }
    await tables.saveAdjustments(gathered.adjustments)
    await tables.saveCoverage(gathered.coverage)
  })
  return {
    async commit(outcome) {
      await group.add(outcome)
      return reports.get(outcome) ?? { bars: 0, rows: 0, refused: [] }
    },
    archive: (pages) => tables.archive(pages),
  }
}

/** Sessions whose bars within the day pages have told to the last, of instruments and since an instant in milliseconds. */
function sessionsTold(coverage: readonly CoverageOutcome[], catalog: Catalog, sinceMs: number): ToldSessions[] {
  const told = new Map<string, ToldSessions & { readonly ids: number[] }>()
  for (const { scope, of, start, end, outcome } of coverage) {
    const interval = keptIntervals.find((one) => one === of)
    const known = catalog.instrument(scope)
    const isTold = outcome === 'page' && interval !== undefined && interval !== '1d' && Date.parse(end) > sinceMs
    if (!isTold || known === undefined) continue
    const exchange = catalog.exchange(parseInstrument(scope).exchange)
    const key = [exchange.code, of, start, end].join(' ')
    const sessions = told.get(key) ?? { interval, exchange, start, end, ids: [] }
    told.set(key, sessions)
    sessions.ids.push(known.id)
  }
  return [...told.values()]
}

/** A page that does not tell a date or an ISIN takes none away. */
function knowingMore(told: Instrument, known: Instrument | undefined): Instrument {
  if (known === undefined) return told
  const { isin, listed, delisted } = known
  return { ...told, isin: told.isin ?? isin, listed: told.listed ?? listed, delisted: told.delisted ?? delisted }
}

export interface CoverageOutcome extends Coverage {
  readonly connector: string
  readonly outcome: string
}

interface Gathered {
  readonly reports: Map<TaskOutcome, CommitReport>
  readonly instruments: Instrument[]
  /** By interval and source; a bar that two pages brought is there once, the later one. */
  readonly bars: Record<KeptInterval, Map<string, Map<string, Bar>>>
  readonly rows: Map<string, Map<string, JsonObject>>
  readonly adjustments: (Adjustment & { readonly source: string })[]
  readonly coverage: CoverageOutcome[]
}

type Declarations = ReadonlyMap<string, DatasetDeclaration>

type FindExchange = (code: string) => Exchange

function gather(outcomes: readonly TaskOutcome[], declared: Declarations, exchange: FindExchange): Gathered {
  const gathered: Gathered = {
    reports: new Map(),
    instruments: [],
    bars: { '1m': new Map(), '1h': new Map(), '1d': new Map() },
    rows: new Map(),
    adjustments: [],
    coverage: [],
  }
  for (const outcome of outcomes)
    gathered.reports.set(outcome, addOutcome(gathered, outcome.result, declared, exchange))
  return gathered
}

function addOutcome(
  gathered: Gathered,
  { task: { connector }, data }: TaskResult,
  declared: Declarations,
  exchange: FindExchange,
): CommitReport {
  const outcome = isAbsence(data) ? data.absence : 'page'
  const covers = data.covers.map((cover): CoverageOutcome => ({ ...cover, connector, outcome }))
  if (isAbsence(data)) {
    gathered.coverage.push(...covers)
    return { bars: 0, rows: 0, refused: [] }
  }
  const refused = [...(data.refused ?? [])]
  let bars = 0
  for (const page of data.bars ?? []) {
    const bySource = gathered.bars[page.interval]
    const kept = bySource.get(connector) ?? new Map<string, Bar>()
    for (const bar of page.bars) {
      const fault = barFault(bar)
      if (fault !== undefined) refused.push(refusalOf(bar, page.interval, fault, exchange))
      else kept.set(`${bar.instrument} ${bar.ts}`, bar)
      bars += fault === undefined ? 1 : 0
    }
    if (kept.size > 0) bySource.set(connector, kept)
  }
  let rows = 0
  for (const page of data.rows ?? []) {
    const kept = gathered.rows.get(page.dataset) ?? new Map<string, JsonObject>()
    const key = declared.get(page.dataset)?.key ?? []
    for (const row of page.rows) kept.set(JSON.stringify(key.map((name) => row[name])), row)
    rows += page.rows.length
    if (kept.size > 0) gathered.rows.set(page.dataset, kept)
  }
  gathered.instruments.push(...(data.instruments ?? []))
  gathered.adjustments.push(...(data.adjustments ?? []).map((one) => ({ ...one, source: connector })))
  const missing = refusedBars(refused, connector)
  gathered.coverage.push(...covers.filter((cover) => !missing.has(placeOf(cover))), ...missing.values())
  return { bars, rows, refused }
}

function refusalOf(bar: Bar, interval: KeptInterval, reason: string, exchange: FindExchange): Refusal {
  const { instrument, ts } = bar
  const row = JSON.stringify(bar)
  try {
    const date = sessionDateOf(exchange(parseInstrument(instrument).exchange), Date.parse(ts))
    return { row, reason, bar: { instrument, interval, date } }
  } catch {
    // Neither an instrument of a known exchange nor a time: then there is no day on which it is missing.
    return { row, reason }
  }
}

/** Days of which a bar was told that could not be kept: the page does not speak for them. By `placeOf`. */
function refusedBars(refused: readonly Refusal[], connector: string): Map<string, CoverageOutcome> {
  const missing = new Map<string, CoverageOutcome>()
  for (const { bar, reason } of refused) {
    if (bar === undefined) continue
    const outcome = reason === ('a price is zero' satisfies BarFault) ? 'zeros' : 'refused'
    const cover = {
      scope: bar.instrument,
      of: bar.interval,
      start: bar.date,
      end: dateAfter(bar.date),
      connector,
      outcome,
    }
    missing.set(placeOf(cover), cover)
  }
  return missing
}

/** What one row of coverage is told from others by, within a connector. */
function placeOf({ scope, of, start, end }: Coverage): string {
  return [scope, of, start, end].join(' ')
}

async function* lines(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
