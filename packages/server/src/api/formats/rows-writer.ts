import { BarkeepError, type Format } from '@barkeep/core'
import { protobufRows } from './protobuf-rows.js'
import type { RowMessage } from './protobuf-schema.js'
import { xmlRows } from './xml-rows.js'

/** Makes one answer out of the JSON lines of its rows. */
export interface RowsWriter {
  readonly head: Uint8Array
  /** The bytes of whole lines, which it may write into. */
  rows(lines: Uint8Array): readonly Uint8Array[]
  /** What stands behind the rows. */
  tail(ending: Ending): Uint8Array
}

/** What is known only when the rows are through; in formats without an envelope headers tell it. */
export interface Ending {
  readonly next: string | null | undefined
  readonly total: number | undefined
  readonly links: Readonly<Record<string, string>>
}

export interface Written {
  readonly columns: readonly string[]
  /** What the server understood of the request; absent where JSON comes without an envelope. */
  readonly params?: object | undefined
  /** What a row is in Protobuf. */
  readonly message?: RowMessage | undefined
}

/** Formats that are made of JSON lines here; the others are made by the engine. */
export type LineFormat = Exclude<Format, 'csv' | 'arrow' | 'parquet'>
export const isLineFormat = (format: Format): format is LineFormat =>
  format !== 'csv' && format !== 'arrow' && format !== 'parquet'

/** The writer of a format, for one answer. Throws NOT_ACCEPTABLE for Protobuf of rows whose message is not published. */
export function rowsWriter(format: LineFormat, { columns, params, message }: Written): RowsWriter {
  if (format === 'ndjson') return plainLines
  if (format === 'xml') return xmlRows(columns)
  if (format === 'json') return jsonArray(params)
  if (message !== undefined) return protobufRows(columns, message)
  throw new BarkeepError('NOT_ACCEPTABLE', {
    message: 'Rows of this kind have no Protobuf message. Ask for json, ndjson, csv, xml, arrow or parquet.',
  })
}

const nothing = new Uint8Array()
const plainLines: RowsWriter = { head: nothing, rows: (lines) => [lines], tail: () => nothing }

const newline = 0x0a
const comma = Buffer.from(',')

function jsonArray(params: object | undefined): RowsWriter {
  let isFirst = true
  return {
    head: Buffer.from(params === undefined ? '[' : `{"request":{"params":${JSON.stringify(params)}},"data":[`),
    rows(lines) {
      const values = lines.subarray(0, lines.byteLength - 1)
      // A line break never stands inside a JSON value, so each one is a comma of the array.
      for (let at = values.indexOf(newline); at !== -1; at = values.indexOf(newline, at + 1)) values[at] = comma[0] ?? 0
      const parts = isFirst ? [values] : [comma, values]
      isFirst = false
      return parts
    },
    tail({ next, total, links }) {
      if (params === undefined) return Buffer.from(']')
      return Buffer.from(`],${JSON.stringify({ next_cursor: next, total, links }).slice(1)}`)
    },
  }
}

/** Bytes that are turned into XML or Protobuf in one go: everybody else waits meanwhile. */
const PIECE_BYTES_MAX = 131_072

/** The same bytes cut at line breaks, into pieces that the writer of a format is done with soon. */
export function piecesFor(format: LineFormat, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const isSlow = format === 'xml' || format === 'protobuf'
  return wholeLines(chunks, isSlow ? PIECE_BYTES_MAX : Number.POSITIVE_INFINITY)
}

/** The same bytes cut at line breaks; more than `bytesMax` come only where one line is longer. */
export async function* wholeLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(newline) + 1
    if (end === 0) {
      rest.push(Buffer.from(chunk))
      continue
    }
    const lines = rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...rest, chunk.subarray(0, end)])
    yield* cutLines(lines, bytesMax)
    rest = end === chunk.byteLength ? [] : [Buffer.from(chunk.subarray(end))]
  }
  if (rest.length > 0) yield* cutLines(Buffer.concat([...rest, Buffer.from('\n')]), bytesMax)
}

function* cutLines(lines: Uint8Array, bytesMax: number): Generator<Uint8Array> {
  let from = 0
  while (lines.byteLength - from > bytesMax) {
    const before = lines.lastIndexOf(newline, from + bytesMax - 1) + 1
    const end = before > from ? before : lines.indexOf(newline, from) + 1
    yield lines.subarray(from, end)
    from = end
  }
  if (from < lines.byteLength) yield lines.subarray(from)
}
