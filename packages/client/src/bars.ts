import { type Bar, type BarColumn, type Format, formats, type Interval, type KeptInterval } from '@barkeep/core'
import { bodyChunks } from './body-chunks.js'
import { type HttpRequest, type HttpSettings, send } from './http.js'
import { abortOnReturn } from './link-abort.js'
import { cancelledRequest, connectionFailed } from './problem.js'
import { queryOf } from './query.js'

/** A bar with every column; which of them a row carries is told by `columns`. */
export interface FullBar extends Bar {
  readonly interval: string
  readonly end?: string
  readonly partial: boolean
  readonly final: boolean
  readonly source: string
  readonly known_at: string
}

export interface BarsOptions<Column extends BarColumn = BarColumn> {
  readonly interval: Interval
  /** First moment, and the first moment no longer meant: a session date, or an instant with an offset. */
  readonly start?: string
  readonly end?: string
  readonly columns?: readonly Column[]
  /** `previous` gives each bar start of a session without a trade the last close. */
  readonly fill?: 'none' | 'previous'
  /**
   * `split` puts prices and volumes on one basis over splits, `all` prices over dividends, too; as traded unless told.
   */
  readonly adjust?: 'none' | 'split' | 'all'
  /** Session date on whose basis all prices are; that of the latest bar of each instrument unless told. */
  readonly adjustAsOf?: string
  /** What this source said, also where the bars of another are kept; the kept bars unless told. */
  readonly source?: string
  /** False also gives bars that are still changing. */
  readonly final?: boolean
  /** The kept interval to derive from. */
  readonly base?: KeptInterval
  /** Rows a page. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

/** The request for bars of `instruments`, or of all; `format` names another than JSON. */
export function barsRequest(
  instruments: readonly string[] | undefined,
  options: BarsOptions,
  format?: Format,
): HttpRequest {
  const { signal, interval, start, end, columns, fill, adjust, adjustAsOf, source, final, base, limit } = options
  return {
    path: '/v1/bars',
    params: queryOf({
      ...{ instruments, interval, start, end, columns, fill, adjust, adjust_as_of: adjustAsOf, source },
      ...{ final: finality(final), base, limit, format },
    }),
    accept: formats[format ?? 'json'],
    isLong: format !== undefined,
    signal,
  }
}

/** In the words of the API, where `any` is the opposite of `true`. */
function finality(final: boolean | undefined): 'true' | 'any' | undefined {
  return final === undefined ? undefined : final ? 'true' : 'any'
}

/** The body of an answer, chunk by chunk as it arrives. A connection that breaks midway throws CONNECTION_FAILED. */
export function streamBody(settings: HttpSettings, request: HttpRequest): AsyncIterableIterator<Uint8Array> {
  return abortOnReturn(request.signal, async function* (signal) {
    const response = await send(settings, { ...request, signal }, async (answer) => answer)
    try {
      yield* bodyChunks(response, signal)
    } catch (cause) {
      throw signal.aborted ? cancelledRequest(signal.reason) : connectionFailed(settings.origin, cause)
    }
  })
}
