import { BarkeepError, type LiveBar, type Topic, topicIntervals } from '@barkeep/core'
import { type BarsOptions, barsRequest } from './bars.js'
import type { HttpSettings } from './http.js'
import { requestEnvelope } from './json.js'

/** Rows of a page: enough to outweigh what a request costs, few enough to be parsed between two messages. */
const PAGE_ROWS = 20_000
/** Names in one request, so that its URL stays short. */
const INSTRUMENTS_A_REQUEST = 250

const columns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const
const liveColumns = [...columns, 'final', 'source', 'known_at'] as const

export interface HistoryWish {
  readonly topic: Topic
  /** All unless named. */
  readonly instruments: readonly string[] | undefined
  /** A session date, or an instant with an offset. */
  readonly start: string
  /** False also gives bars that are still building up. */
  readonly final: boolean
}

/** A page of history, or the place to go on from after it; undefined after the last. */
export interface HistoryPage {
  readonly bars: readonly LiveBar[]
  readonly next: HistoryPlace | undefined
}

export interface HistoryPlace {
  readonly instruments: readonly string[] | undefined
  /** Instruments of later requests. */
  readonly rest: readonly string[]
  readonly cursor: string | undefined
}

/** One request for history. Whoever it fails can repeat it with the same place. */
export type LoadPage = (wish: HistoryWish, place: HistoryPlace, signal: AbortSignal) => Promise<HistoryPage>

/** Where history begins. */
export function historyStart(instruments: readonly string[] | undefined): HistoryPlace {
  if (instruments === undefined) return { instruments, rest: [], cursor: undefined }
  return placeOf(instruments)
}

/** Pages over HTTP. Throws as `client.bars`, but knows no unknown instrument: its first bar may be yet to come. */
export function httpHistory(settings: HttpSettings): LoadPage {
  return async ({ topic, start, final }, { instruments, rest, cursor }, signal) => {
    if (instruments?.length === 0) return { bars: [], next: rest.length === 0 ? undefined : placeOf(rest) }
    const options: BarsOptions = {
      interval: topicIntervals[topic],
      start,
      final,
      columns: liveColumns,
      limit: PAGE_ROWS,
    }
    const request = barsRequest(instruments, { ...options, signal })
    if (cursor !== undefined) request.params?.set('cursor', cursor)
    try {
      const { data, next_cursor: next } = await requestEnvelope<LiveBar[]>(settings, request)
      if (typeof next === 'string') return { bars: data, next: { instruments, rest, cursor: next } }
      return { bars: data, next: rest.length === 0 ? undefined : placeOf(rest) }
    } catch (error) {
      const unknown = unknownInstrument(error)
      if (unknown === undefined || instruments === undefined) throw error
      const known = instruments.filter((instrument) => instrument !== unknown)
      if (known.length === instruments.length) throw error
      return { bars: [], next: { instruments: known, rest, cursor } }
    }
  }
}

function placeOf(instruments: readonly string[]): HistoryPlace {
  const [now, rest] = [instruments.slice(0, INSTRUMENTS_A_REQUEST), instruments.slice(INSTRUMENTS_A_REQUEST)]
  return { instruments: now, rest, cursor: undefined }
}

function unknownInstrument(error: unknown): string | undefined {
  if (!(error instanceof BarkeepError) || error.code !== 'NOT_FOUND') return undefined
  return error.errors.find(({ parameter }) => parameter === 'instruments')?.value
}
