import { BarkeepError } from '@barkeep/core'
import type { HttpRequest, HttpSettings } from './http.js'
import { type CountedEnvelope, requestEnvelope } from './json.js'
import { abortOnReturn } from './link-abort.js'
import { unreadableAnswer } from './problem.js'

/**
 * Rows that the server answers in pages. Nothing is asked for until the list is awaited or iterated:
 * `await` gives the rows of the first page, `for await` all rows, one request a page and none ahead of need.
 * The end is told by the cursor, never by a short page. `break` cancels the request in flight.
 */
export interface List<Row> extends PromiseLike<Row[]>, AsyncIterable<Row> {
  /** All pages, each an array of rows; a page can be short or empty before the end. */
  pages(): AsyncIterableIterator<Row[], void, undefined>
  /** All rows in one array, or the first `limit`. */
  toArray(options?: { readonly limit?: number }): Promise<Row[]>
  /** Number of rows over all pages. Datasets tell it; for other lists it throws NOT_FOUND. */
  total(): Promise<number>
}

/** The list behind a path; `request.params` are those of the first page. */
export function createList<Row>(settings: HttpSettings, request: HttpRequest): List<Row> {
  const ask = (cursor: string | undefined, signal = request.signal) => askPage<Row>(settings, request, cursor, signal)
  const pages = () => abortOnReturn(request.signal, (signal) => followCursor(ask, signal))
  let first: Promise<CountedEnvelope<Row[]>> | undefined
  const firstPage = () => {
    first ??= ask(undefined)
    return first
  }
  return {
    // biome-ignore lint/suspicious/noThenProperty: a list is awaitable by design, for its first page.
    then: (onFulfilled, onRejected) =>
      firstPage()
        .then(({ data }) => data)
        .then(onFulfilled, onRejected),
    pages,
    [Symbol.asyncIterator]: () => abortOnReturn(request.signal, (signal) => eachRow(followCursor(ask, signal))),
    toArray: ({ limit = Number.POSITIVE_INFINITY } = {}) => collect(pages, limit),
    async total() {
      const { total } = await firstPage()
      if (typeof total === 'number') return total
      throw new BarkeepError('NOT_FOUND', {
        message: `${request.path} does not tell a total. Datasets do; count other lists with toArray().`,
      })
    },
  }
}

type AskPage<Row> = (cursor: string | undefined, signal: AbortSignal) => Promise<CountedEnvelope<Row[]>>

async function* followCursor<Row>(ask: AskPage<Row>, signal: AbortSignal): AsyncGenerator<Row[], void, undefined> {
  let cursor: string | undefined
  for (;;) {
    const { data, next_cursor: next } = await ask(cursor, signal)
    yield data
    if (next === null || next === undefined) return
    // A keyset cursor always moves on; one that does not would loop for ever.
    if (next === cursor) throw unreadableAnswer(`a page after the cursor ${cursor}, but the same cursor again`)
    cursor = next
  }
}

async function* eachRow<Row>(pages: AsyncIterable<Row[]>): AsyncGenerator<Row, void, undefined> {
  for await (const page of pages) yield* page
}

async function askPage<Row>(
  settings: HttpSettings,
  request: HttpRequest,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
): Promise<CountedEnvelope<Row[]>> {
  const params = new URLSearchParams(request.params)
  if (cursor !== undefined) params.set('cursor', cursor)
  const envelope = await requestEnvelope<Row[]>(settings, { ...request, params, signal })
  if (!Array.isArray(envelope.data)) throw unreadableAnswer('a list: `data` is not an array')
  return envelope
}

async function collect<Row>(pages: () => AsyncIterable<Row[]>, limit: number): Promise<Row[]> {
  const rows: Row[] = []
  if (limit <= 0) return rows
  for await (const page of pages()) {
    // One by one: spreading a page of 100,000 rows into push() overflows the stack.
    for (const row of page) {
      rows.push(row)
      if (rows.length >= limit) return rows
    }
  }
  return rows
}
