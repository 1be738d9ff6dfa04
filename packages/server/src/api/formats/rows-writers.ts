import { BarkeepError } from '@barkeep/core'
import { protobufRows } from './protobuf-rows.js'
import type { RowMessage } from './protobuf-schema.js'
import { type LineFormat, newline, type RowsWriter } from './rows-writer.js'
import { xmlRows } from './xml-rows.js'

export interface Written {
  readonly columns: readonly string[]
  /** What the server understood of the request; absent where JSON comes without an envelope. */
  readonly params?: object | undefined
  /** What a row is in Protobuf. */
  readonly message?: RowMessage | undefined
}

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
