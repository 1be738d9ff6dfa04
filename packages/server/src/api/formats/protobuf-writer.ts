const VARINT_BYTES_MAX = 10
const BYTES_INITIAL = 1_024
const WIRE_VARINT = 0
const WIRE_FIXED64 = 1
const WIRE_BYTES = 2
const MORE = 0x80
const LOW_BITS = 0x7f
const BITS = 7
const LOW_BITS_RANGE = 128

/** Writes messages in the wire format of Protocol Buffers, one field after the other. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(BYTES_INITIAL)
  #length = 0

  /** What was written so far; the writer begins anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    // The next chunk will be about as long.
    this.#bytes = Buffer.allocUnsafe(Math.max(BYTES_INITIAL, this.#length))
    this.#length = 0
    return taken
  }

  text(field: number, value: string): void {
    const bytes = Buffer.byteLength(value)
    this.#openBytes(field, bytes)
    this.#bytes.write(value, this.#length)
    this.#length += bytes
  }

  /** Text that is there as bytes. */
  bytes(field: number, from: Uint8Array, start: number, end: number): void {
    this.#openBytes(field, end - start)
    this.#bytes.set(from.subarray(start, end), this.#length)
    this.#length += end - start
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE_FIXED64)
    this.#bytes.writeDoubleLE(value, this.#length)
    this.#length += Float64Array.BYTES_PER_ELEMENT
  }

  boolean(field: number, value: boolean): void {
    this.#tag(field, WIRE_VARINT)
    this.#varint(value ? 1 : 0)
  }

  /** A whole number as int64; of text, so that none is rounded. */
  integer(field: number, value: number | string): void {
    this.#tag(field, WIRE_VARINT)
    const number = Number(value)
    if (Number.isSafeInteger(number) && number >= 0) this.#varint(number)
    else this.#bigVarint(BigInt.asUintN(64, BigInt(Number.isInteger(number) ? value : Math.trunc(number))))
  }

  /** A message inside this one. */
  message(field: number, write: () => void): void {
    this.#tag(field, WIRE_BYTES)
    this.delimited(write)
  }

  /** A message behind its length, as it stands in a stream of messages. */
  delimited(write: () => void): void {
    const start = this.#length
    write()
    const bytes = this.#length - start
    this.#reserve(VARINT_BYTES_MAX)
    const head = varintBytes(bytes)
    // The length stands before what it tells of, and is known only now.
    this.#bytes.copyWithin(start + head, start, this.#length)
    this.#length = start
    this.#varint(bytes)
    this.#length += bytes
  }

  #openBytes(field: number, bytes: number): void {
    this.#reserve(bytes + 2 * VARINT_BYTES_MAX)
    this.#tag(field, WIRE_BYTES)
    this.#varint(bytes)
  }

  #tag(field: number, wire: number): void {
    this.#reserve(2 * VARINT_BYTES_MAX)
    this.#varint(field * 8 + wire)
  }

  #varint(value: number): void {
    let rest = value
    while (rest > LOW_BITS) {
      this.#bytes[this.#length++] = (rest % LOW_BITS_RANGE) | MORE
      rest = Math.floor(rest / LOW_BITS_RANGE)
    }
    this.#bytes[this.#length++] = rest
  }

  #bigVarint(value: bigint): void {
    let rest = value
    while (rest > LOW_BITS) {
      this.#bytes[this.#length++] = Number(rest & BigInt(LOW_BITS)) | MORE
      rest >>= BigInt(BITS)
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.byteLength) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.byteLength * 2, this.#length + bytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest > LOW_BITS; rest = Math.floor(rest / LOW_BITS_RANGE)) bytes += 1
  return bytes
}
