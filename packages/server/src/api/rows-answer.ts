import { Readable } from 'node:stream'
import { BarkeepError, type Format, formats } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { OutputFormat } from '../store/store.js'
import { pageEnvelope } from './wire-schemas.js'

/** Formats that rows are answered in, and what the engine calls them. */
export const engineFormats = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSV',
  arrow: 'ArrowStream',
  parquet: 'Parquet',
} as const satisfies Record<Format, OutputFormat>

const formatNames = Object.keys(formats) as Format[] // the keys of a literal
export const rowFormats: readonly [Format, ...Format[]] = ['json', ...formatNames.filter((name) => name !== 'json')]

/** Rows on their way out. */
export interface RowsAnswer {
  readonly format: Format
  /** Names of the columns, in the order of the answer. */
  readonly columns: readonly string[]
  /** What the server understood of the request. */
  readonly params: object
  /** The rows as the engine makes them in this format, Arrow as one stream. Aborted when the reader goes away. */
  rows(signal: AbortSignal): AsyncIterable<Uint8Array>
  /** The cursor of the next page, null after the last; absent where the answer is not paged. */
  nextCursor?(): Promise<string | null>
  /** Rows over all pages, where that is told. */
  total?(): Promise<number>
}

/** How an answer of rows is described, in each of its formats. */
export function rowContent(row: TSchema): object {
  const binary = { type: 'string', format: 'binary' }
  const schemas = { json: pageEnvelope(row), ndjson: row, csv: { type: 'string' }, arrow: binary, parquet: binary }
  const content = rowFormats.map((format) => [formats[format], { schema: schemas[format] }])
  return { description: 'Rows', content: Object.fromEntries(content) }
}

/** What `format=` or the Accept header wants. Throws NOT_ACCEPTABLE. */
export function chooseFormat(named: Format | undefined, request: FastifyRequest): Format {
  if (named !== undefined) return named
  for (const part of (request.headers.accept ?? '*/*').split(',')) {
    const type = part.split(';')[0]?.trim()
    if (type === '*/*' || type === 'application/*') return 'json'
    const format = rowFormats.find((candidate) => formats[candidate] === type)
    if (format !== undefined) return format
  }
  throw new BarkeepError('NOT_ACCEPTABLE', {
    message: `Rows are answered as ${rowFormats.map((format) => formats[format]).join(', ')}.`,
  })
}

/** Sends rows as they come: JSON in its envelope, the rest as it is with the next page in the Link header. */
export async function sendRows(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: RowsAnswer,
): Promise<FastifyReply> {
  const { format, columns } = answer
  const type = format === 'arrow' || format === 'parquet' ? formats[format] : `${formats[format]}; charset=utf-8`
  if (request.method === 'HEAD') return reply.type(type).send()
  const abort = new AbortController()
  reply.raw.once('close', () => abort.abort())

  const rows = await startNow(answer.rows(abort.signal))
  if (format === 'json') return reply.type(type).send(bodyOf(inEnvelope(rows, request, answer)))
  const [next, total] = await Promise.all([answer.nextCursor?.() ?? null, answer.total?.()])
  if (next !== null) reply.header('link', `<${linksOf(request, next).next}>; rel="next"`)
  if (total !== undefined) reply.header('x-total-count', total)
  return reply.type(type).send(bodyOf(format === 'csv' ? underHeader(rows, columns) : rows))
}

/** A body that can be sent; the query stops when the reader goes away. */
function bodyOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false })
}

const newline = 0x0a
const comma = 0x2c

async function* inEnvelope(lines: AsyncIterable<Uint8Array>, request: FastifyRequest, answer: RowsAnswer) {
  // Asked for while the rows are on their way.
  const ending = Promise.all([answer.nextCursor?.(), answer.total?.()])
  ending.catch(() => undefined)
  yield Buffer.from(`{"request":{"params":${JSON.stringify(answer.params)}},"data":[`)
  let held: Uint8Array | undefined
  for await (const chunk of lines) {
    if (held !== undefined) yield held
    // A line break never stands inside a JSON value, so each one is a comma of the array; the last is cut off below.
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) chunk[at] = comma
    held = chunk
  }
  if (held !== undefined) yield held.subarray(0, held.byteLength - 1)
  const [next, total] = await ending
  const tail = JSON.stringify({ next_cursor: next, total, links: linksOf(request, next ?? null) })
  yield Buffer.from(`],${tail.slice(1)}`)
}

async function* underHeader(lines: AsyncIterable<Uint8Array>, columns: readonly string[]) {
  yield Buffer.from(`${columns.join(',')}\n`)
  yield* lines
}

/** Waits for the first chunk, so that a query the engine refuses becomes an error and not half an answer. */
async function startNow(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  return (async function* () {
    try {
      if (first.done !== true) yield first.value
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  })()
}

function linksOf(request: FastifyRequest, next: string | null): Record<string, string> {
  const self = request.url
  if (next === null) return { self }
  const [path = '', search = ''] = self.split('?')
  const params = new URLSearchParams(search)
  params.set('cursor', next)
  return { self, next: `${path}?${params}` }
}
