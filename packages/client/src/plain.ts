import { type HttpRequest, type HttpSettings, send } from './http.js'
import { abortOnReturn } from './link-abort.js'
import { unreadableAnswer } from './problem.js'
import { queryOf, segmentOf } from './query.js'

export interface PlainOptions {
  /** Rows to pass over. */
  readonly start?: number
  /** Rows a page; the server may give fewer, and as many as it likes unless told. */
  readonly take?: number
  /** Pages that are asked for before they are needed; none unless told. */
  readonly prefetch?: number
  readonly signal?: AbortSignal
}

/** Rows of the plain paged API, in the order of the dataset. Leaving the loop cancels what is on its way. */
export interface PlainRows<Row> extends AsyncIterable<Row> {
  /** Number of rows of the dataset, asked for without any. Throws NOT_FOUND. */
  total(): Promise<number>
}

/**
 * The rows of `/api/{dataset}?$start&$take`: a page is asked for when its first row is needed, or `prefetch` pages before.
 * The end is told by X-DATAINFO-TOTAL; of a server that does not say it, by a page without rows.
 */
export function createPlainRows<Row>(settings: HttpSettings, dataset: string, options: PlainOptions): PlainRows<Row> {
  const { start = 0, take, prefetch = 0, signal } = options
  const path = `/api/${segmentOf('dataset', dataset)}`
  const pages = (abort: AbortSignal) =>
    followNumbers(
      (at) => askPage<Row>(settings, { path, params: queryOf({ $start: at, $take: take }), signal: abort }),
      {
        start,
        prefetch,
      },
    )
  return {
    [Symbol.asyncIterator]: () =>
      abortOnReturn(signal, async function* (abort) {
        for await (const rows of pages(abort)) yield* rows
      }),
    async total() {
      const total = await send(settings, { path, method: 'HEAD', signal }, async ({ headers }) =>
        numberIn(headers, 'total'),
      )
      if (total === undefined) throw unreadableAnswer('one of the plain paged API: X-DATAINFO-TOTAL is missing')
      return total
    },
  }
}

interface PlainPage<Row> {
  readonly rows: readonly Row[]
  /** Rows of the dataset, where the server says. */
  readonly total: number | undefined
  /** Rows that a page has at most. */
  readonly take: number | undefined
}

async function* followNumbers<Row>(
  ask: (start: number) => Promise<PlainPage<Row>>,
  { start, prefetch }: { readonly start: number; readonly prefetch: number },
): AsyncGenerator<readonly Row[], void, undefined> {
  let page = await ask(start)
  const step = page.take ?? page.rows.length
  const coming: Promise<PlainPage<Row>>[] = []
  let at = start + step
  let total = Number.POSITIVE_INFINITY
  const askAhead = (pages: number) => {
    for (; coming.length < pages && at < total; at += step) {
      const next = ask(at)
      // Who leaves the loop never looks at it.
      next.catch(() => {})
      coming.push(next)
    }
  }
  while (page.rows.length > 0) {
    total = page.total ?? total
    askAhead(prefetch)
    yield page.rows
    askAhead(Math.max(prefetch, 1))
    const next = coming.shift()
    if (next === undefined) return
    page = await next
  }
}

function askPage<Row>(settings: HttpSettings, request: HttpRequest): Promise<PlainPage<Row>> {
  return send(settings, request, async (response) => {
    const rows = await readArray<Row>(response)
    return { rows, total: numberIn(response.headers, 'total'), take: numberIn(response.headers, 'take') }
  })
}

async function readArray<Row>(response: Response): Promise<Row[]> {
  const text = await response.text()
  try {
    const rows: unknown = JSON.parse(text)
    if (Array.isArray(rows)) return rows // the server is trusted for what is in it
  } catch (cause) {
    throw unreadableAnswer('JSON', cause)
  }
  throw unreadableAnswer('a list of rows')
}

function numberIn(headers: Headers, name: 'total' | 'take'): number | undefined {
  const value = headers.get(`x-datainfo-${name}`)
  return value === null || !/^\d{1,15}$/.test(value) ? undefined : Number(value)
}
