import type { ProtobufWriter } from './protobuf-writer.js'

/** Writes any object of JSON as `google.protobuf.Struct`, field by field, into the message that is open. */
export function writeStruct(writer: ProtobufWriter, value: object): void {
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue
    // An entry of a map: its key is field 1, its value field 2.
    writer.message(1, () => {
      writer.text(1, name)
      writer.message(2, () => writeValue(writer, field))
    })
  }
}

/** The same of any value, as `google.protobuf.Value`. */
export function writeValue(writer: ProtobufWriter, value: unknown): void {
  if (value === null || value === undefined) writer.integer(1, 0)
  else if (typeof value === 'number') writer.double(2, value)
  else if (typeof value === 'string') writer.text(3, value)
  else if (typeof value === 'boolean') writer.boolean(4, value)
  else if (Array.isArray(value)) {
    writer.message(6, () => {
      for (const item of value) writer.message(1, () => writeValue(writer, item))
    })
  } else writer.message(5, () => writeStruct(writer, Object(value)))
}
