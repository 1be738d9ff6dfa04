import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { startNow } from '../api/formats/start-now.js'
import type { Store } from '../store/store.js'
import type { QueryOptions } from './parse-options.js'
import type { JsonFlavour } from './preferences.js'
import { boundaryQuery, countQuery, type EntityRead, pageQuery } from './read-sql.js'
import { readSkipToken, writeSkipToken } from './skip-token.js'

export interface CollectionAnswer {
  readonly read: EntityRead
  readonly options: QueryOptions
  readonly flavour: JsonFlavour
  /** Rows of a page when no token says it. */
  readonly pageRows: number
  readonly context: string
  /** The URL of the request in full, without its query. */
  readonly url: string
}

/** Sends entities as the engine makes them, page by page: memory does not grow with the answer. */
export async function sendCollection(
  request: FastifyRequest,
  reply: FastifyReply,
  store: Store,
  answer: CollectionAnswer,
): Promise<FastifyReply> {
  const { read, options, flavour, context } = answer
  const token = options.skiptoken === undefined ? undefined : readSkipToken(options.skiptoken, read.order.length)
  const pageRows = Math.min(token?.pageRows ?? answer.pageRows, answer.pageRows)
  const { top = Number.POSITIVE_INFINITY } = options
  const skip = token === undefined ? (options.skip ?? 0) : 0
  const page = { limit: Math.min(top, pageRows), skip, ...(token !== undefined && { after: token.after }) }
  if (request.method === 'HEAD') return reply.send()

  const abort = new AbortController()
  reply.raw.once('close', () => abort.abort())
  const total = options.count === true ? countRows(store, read) : undefined
  const next =
    top <= pageRows
      ? undefined
      : boundary(store, read, page).then((position) =>
          position === undefined
            ? undefined
            : nextLink(request, answer.url, {
                skiptoken: writeSkipToken(position, (token?.rowsBefore ?? skip) + page.limit, pageRows),
                top: top - page.limit,
              }),
        )
  next?.catch(() => undefined) // awaited behind the rows
  total?.catch(() => undefined)
  const { sql, params } = pageQuery(read, page, flavour.hasLongNumbers)
  const rows = await startNow(store.stream(sql, params, 'JSONEachRow', abort.signal))
  const head = {
    ...(flavour.metadata !== 'none' && { '@odata.context': context }),
    ...(total !== undefined && { '@odata.count': flavour.hasLongNumbers ? String(await total) : await total }),
  }
  return reply.send(Readable.from(inEnvelope(head, rows, next), { objectMode: false }))
}

/** How many entities the request speaks of, over all pages. */
export async function countRows(store: Store, read: EntityRead): Promise<number> {
  const { sql, params } = countQuery(read)
  const [row] = await store.rows<{ '#n': number }>(sql, params)
  return Number(row?.['#n'] ?? 0)
}

/** What the last row of the page is ordered by; undefined where no row is behind it. */
async function boundary(
  store: Store,
  read: EntityRead,
  page: Parameters<typeof boundaryQuery>[1],
): Promise<(string | null)[] | undefined> {
  const { sql, params } = boundaryQuery(read, page)
  const [last, behind] = await store.rows<Record<string, string | null>>(sql, params)
  if (last === undefined || behind === undefined) return undefined
  return read.order.map((_, index) => last[`#v${index}`] ?? null)
}

/** The request's own URL from where this page ends; nothing else of it changes. */
function nextLink(
  request: FastifyRequest,
  url: string,
  { skiptoken, top }: { skiptoken: string; top: number },
): string {
  const kept = queryOf(request)
    .split('&')
    .filter((part) => part !== '' && !/^(?:\$|%24)?(?:skip|skiptoken|top)=/i.test(part))
  if (Number.isFinite(top)) kept.push(`$top=${top}`)
  return `${url}?${[...kept, `$skiptoken=${skiptoken}`].join('&')}`
}

/** The query string as it was sent, still percent-encoded. */
export function queryOf(request: FastifyRequest): string {
  const at = request.url.indexOf('?')
  return at === -1 ? '' : request.url.slice(at + 1)
}

const newline = 0x0a
const comma = 0x2c

async function* inEnvelope(
  head: object,
  lines: AsyncIterable<Uint8Array>,
  next: Promise<string | undefined> | undefined,
) {
  const opening = JSON.stringify(head).slice(0, -1)
  yield Buffer.from(`${opening === '{' ? opening : `${opening},`}"value":[`)
  let held: Uint8Array | undefined
  for await (const chunk of lines) {
    if (held !== undefined) yield held
    // A line break never stands inside a JSON value, so each one is a comma of the array; the last is cut off below.
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) chunk[at] = comma
    held = chunk
  }
  if (held !== undefined) yield held.subarray(0, held.byteLength - 1)
  const link = await next
  yield Buffer.from(link === undefined ? ']}' : `],"@odata.nextLink":${JSON.stringify(link)}}`)
}
