/** A reader of Protocol Buffers that knows only what a published schema file says. */
export class ProtobufReader {
  readonly #messages = new Map<string, Map<number, Field>>()

  constructor(protoFile: string) {
    const file = protoFile.includes('google/protobuf/struct.proto') ? protoFile + struct : protoFile
    for (const [, name = '', body = ''] of file.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
      const fields = [...body.matchAll(fieldLine)].map(([, label, type = '', field = '', number, jsonName]) => ({
        number: Number(number),
        name: jsonName ?? field,
        isRepeated: label === 'repeated',
        type: type.replace(/^google\.protobuf\./, ''),
      }))
      if (fields.length === 0) throw new Error(`no fields in message ${name}`)
      this.#messages.set(name, new Map(fields.map((field) => [field.number, field])))
    }
  }

  /** One message; of Struct and Value what they stand for. */
  read(name: string, bytes: Buffer): unknown {
    const fields = this.#messages.get(name)
    if (fields === undefined) throw new Error(`no message ${name}`)
    const found: Record<string, unknown> = {}
    const cursor = { bytes, at: 0 }
    while (cursor.at < bytes.byteLength) {
      const tag = Number(varint(cursor))
      const field = fields.get(tag >> 3)
      if (field === undefined) throw new Error(`no field ${tag >> 3} in ${name}`)
      const value = this.#value(field, tag & 7, cursor)
      if (field.isRepeated) found[field.name] = [...((found[field.name] as unknown[]) ?? []), value]
      else found[field.name] = value
    }
    if (name === 'Struct')
      return Object.fromEntries(((found.fields as Entry[]) ?? []).map(({ key, value }) => [key, value]))
    if (name === 'ListValue') return found.values ?? []
    return name === 'Value' ? (Object.values(found)[0] ?? null) : found
  }

  /** Messages behind their lengths. */
  readAll(name: string, bytes: Buffer): unknown[] {
    const cursor = { bytes, at: 0 }
    const messages: unknown[] = []
    while (cursor.at < bytes.byteLength) messages.push(this.read(name, part(cursor)))
    return messages
  }

  #value({ type }: Field, wire: number, cursor: Cursor): unknown {
    if (type === 'double') {
      expectWire(wire, 1)
      cursor.at += 8
      return cursor.bytes.readDoubleLE(cursor.at - 8)
    }
    if (type === 'string' || this.#messages.has(type)) {
      expectWire(wire, 2)
      const bytes = part(cursor)
      return type === 'string' ? bytes.toString('utf8') : this.read(type, bytes)
    }
    expectWire(wire, 0)
    const value = varint(cursor)
    if (type === 'NullValue') return null
    return type === 'bool' ? value === 1n : BigInt.asIntN(64, value)
  }
}

interface Field {
  readonly number: number
  readonly name: string
  readonly isRepeated: boolean
  readonly type: string
}

interface Entry {
  readonly key: string
  readonly value: unknown
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

const fieldLine = /^\s+(?:(optional|repeated) )?([\w.]+) (\w+) = (\d+)(?: \[json_name = "([^"]+)"\])?;/gm

const struct = `
message Struct {
  repeated Entry fields = 1;
}
message Entry {
  string key = 1;
  Value value = 2;
}
message Value {
  NullValue null_value = 1;
  double number_value = 2;
  string string_value = 3;
  bool bool_value = 4;
  Struct struct_value = 5;
  ListValue list_value = 6;
}
message ListValue {
  repeated Value values = 1;
}
`

function part(cursor: Cursor): Buffer {
  const length = Number(varint(cursor))
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length)
  if (bytes.byteLength !== length) throw new Error('a message that breaks off')
  cursor.at += length
  return bytes
}

function varint(cursor: Cursor): bigint {
  let value = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new Error('a number that breaks off')
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
}

function expectWire(wire: number, expected: number): void {
  if (wire !== expected) throw new Error(`wire type ${wire} where the schema has ${expected}`)
}
