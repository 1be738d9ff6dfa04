import { FlatJson } from './flat-json.js'
import type { MessageField, RowMessage } from './protobuf-schema.js'
import { ProtobufWriter } from './protobuf-writer.js'
import type { RowsWriter } from './rows-writer.js'

/** Rows as messages, each behind its length. */
export function protobufRows(columns: readonly string[], message: RowMessage): RowsWriter {
  const fields = columns.map((column) => message.fields.find(({ name }) => name === column))
  const writer = new ProtobufWriter()
  return {
    head: new Uint8Array(),
    rows(lines) {
      const json = new FlatJson(lines)
      while (json.nextRow()) {
        writer.delimited(() => {
          for (let index = 0; json.nextValue(); index++) {
            const field = fields[index]
            if (field !== undefined && json.kind !== 'null') writeValue(writer, field, json)
          }
        })
      }
      return [writer.take()]
    },
    tail: () => new Uint8Array(),
  }
}

function writeValue(writer: ProtobufWriter, { number, kind }: MessageField, json: FlatJson): void {
  switch (kind) {
    case 'text':
      if (json.isEscaped) writer.text(number, json.text())
      else writer.bytes(number, json.bytes, json.start, json.end)
      return
    case 'integer':
      writer.integer(number, json.ascii())
      return
    case 'number':
      writer.double(number, Number(json.ascii()))
      return
    case 'boolean':
      writer.boolean(number, json.ascii() === 'true')
      return
    case 'instant':
      writer.integer(number, Date.parse(json.ascii()))
  }
}
