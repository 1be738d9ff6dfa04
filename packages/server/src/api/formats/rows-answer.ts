import { Readable } from 'node:stream'
import { BarkeepError, type Format, formats } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { OutputFormat } from '../../store/store.js'
import { pageEnvelope } from '../schema/wire-schemas.js'
import { acceptedFormat } from './accepted-format.js'
import type { RowMessage } from './protobuf-schema.js'
import { type Ending, isLineFormat, type LineFormat, type RowsWriter } from './rows-writer.js'
import { rowsWriter } from './rows-writers.js'
import { startNow } from './start-now.js'
import { piecesFor } from './whole-lines.js'

/** Formats that rows are answered in, and what the engine calls what they are made of. */
export const engineFormats = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSV',
  arrow: 'ArrowStream',
  parquet: 'Parquet',
  xml: 'JSONEachRow',
  protobuf: 'JSONEachRow',
} as const satisfies Record<Format, OutputFormat>

const formatNames = Object.keys(formats) as Format[] // the keys of a literal
export const rowFormats: readonly [Format, ...Format[]] = ['json', ...formatNames.filter((name) => name !== 'json')]

/** Rows on their way out. */
export interface RowsAnswer {
  readonly format: Format
  /** Names of the columns, in the order of the answer. */
  readonly columns: readonly string[]
  /** What the server understood of the request; absent where JSON is to be a bare array. */
  readonly params?: object
  /** What a row is in Protobuf; absent where that is not published. */
  readonly message?: RowMessage
  /** The rows as the engine makes them in this format, Arrow as one stream. Aborted when the reader goes away. */
  rows(signal: AbortSignal): AsyncIterable<Uint8Array>
  /** The cursor of the next page, null after the last; absent where the answer is not paged. */
  nextCursor?(): Promise<string | null>
  /** Rows over all pages, where that is told. */
  total?(): Promise<number>
}

/** A page whose rows are at hand, as JSON lines, which stay as they are. */
export interface PageAnswer extends Pick<RowsAnswer, 'columns' | 'params' | 'message'> {
  readonly format: LineFormat
  readonly lines: Uint8Array
  readonly next: string | null
  readonly total?: number
}

/** How an answer of rows is described, in each of its formats. */
export function rowContent(row: TSchema, json: TSchema = pageEnvelope(row)): object {
  const text = { type: 'string' }
  const binary = { type: 'string', format: 'binary' }
  const schemas = { json, ndjson: row, csv: text, arrow: binary, parquet: binary, xml: text, protobuf: binary }
  const content = rowFormats.map((format) => [formats[format], { schema: schemas[format] }])
  return { description: 'Rows', content: Object.fromEntries(content) }
}

/** What `format=` or the Accept header wants. Throws NOT_ACCEPTABLE. */
export function chooseFormat(named: Format | undefined, request: FastifyRequest): Format {
  const format = named ?? acceptedFormat(request, rowFormats)
  if (format !== undefined) return format
  throw new BarkeepError('NOT_ACCEPTABLE', {
    message: `Rows are answered as ${rowFormats.map((name) => formats[name]).join(', ')}.`,
  })
}

/** Sends rows as they come: JSON in its envelope, the rest as it is with the next page in the Link header. */
export async function sendRows(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: RowsAnswer,
): Promise<FastifyReply> {
  const { format, columns } = answer
  reply.type(contentType(format))
  if (request.method === 'HEAD') return reply.send()
  const writer = isLineFormat(format) ? rowsWriter(format, answer) : undefined
  const abort = new AbortController()
  reply.raw.once('close', () => abort.abort())

  const rows = await startNow(answer.rows(abort.signal))
  // Asked for while the rows are on their way.
  const ending = Promise.all([answer.nextCursor?.(), answer.total?.()]).then(([next, total]) =>
    endingOf(request, next, total),
  )
  ending.catch(() => undefined)
  if (format !== 'json' || answer.params === undefined) tellEnding(reply, await ending, answer)
  if (writer !== undefined && isLineFormat(format)) {
    return reply.send(bodyOf(written(piecesFor(format, rows), writer, ending)))
  }
  return reply.send(bodyOf(format === 'csv' ? underHeader(rows, columns) : rows))
}

/** Sends a page that is at hand; byte for byte what `sendRows` makes of the same rows. */
export function sendPage(request: FastifyRequest, reply: FastifyReply, page: PageAnswer): FastifyReply {
  const { format, lines, next, total } = page
  reply.type(contentType(format))
  const writer = rowsWriter(format, page)
  const ending = endingOf(request, next, total)
  if (format !== 'json' || page.params === undefined) tellEnding(reply, ending, page)
  const rows = lines.byteLength === 0 ? [] : writer.rows(format === 'json' ? Buffer.from(lines) : lines)
  return reply.send(Buffer.concat([writer.head, ...rows, writer.tail(ending)]))
}

function contentType(format: Format): string {
  const isBinary = format === 'arrow' || format === 'parquet' || format === 'protobuf'
  return isBinary ? formats[format] : `${formats[format]}; charset=utf-8`
}

/** Headers in place of an envelope. */
function tellEnding(
  reply: FastifyReply,
  { next, total, links }: Ending,
  { format, message }: Pick<RowsAnswer, 'format' | 'message'>,
): void {
  const told = next === null || next === undefined ? [] : [`<${links.next}>; rel="next"`]
  if (format === 'protobuf' && message !== undefined) told.push(`<${message.url}>; rel="describedby"`)
  if (told.length > 0) reply.header('link', told.join(', '))
  if (total !== undefined) reply.header('x-total-count', total)
}

/** A body that can be sent; the query stops when the reader goes away. */
function bodyOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false })
}

async function* written(lines: AsyncIterable<Uint8Array>, writer: RowsWriter, ending: Promise<Ending>) {
  if (writer.head.byteLength > 0) yield writer.head
  for await (const chunk of lines) yield* writer.rows(chunk)
  const tail = writer.tail(await ending)
  if (tail.byteLength > 0) yield tail
}

async function* underHeader(lines: AsyncIterable<Uint8Array>, columns: readonly string[]) {
  yield Buffer.from(`${columns.join(',')}\n`)
  yield* lines
}

function endingOf(request: FastifyRequest, next: string | null | undefined, total: number | undefined): Ending {
  const self = request.url
  if (next === null || next === undefined) return { next, total, links: { self } }
  const [path = '', search = ''] = self.split('?')
  const params = new URLSearchParams(search)
  params.set('cursor', next)
  return { next, total, links: { self, next: `${path}?${params}` } }
}
