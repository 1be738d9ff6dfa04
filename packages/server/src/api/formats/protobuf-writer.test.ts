import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtobufWriter } from './protobuf-writer.js'

const written = (write: (writer: ProtobufWriter) => void) => {
  const writer = new ProtobufWriter()
  write(writer)
  return writer.take()
}

test('what the documentation of the format shows is written so', () => {
  // https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2, a message in field 3.
  expect(written((writer) => writer.integer(1, 150)).toString('hex')).toBe('089601')
  expect(written((writer) => writer.text(2, 'testing')).toString('hex')).toBe('120774657374696e67')
  const nested = written((writer) => writer.message(3, () => writer.integer(1, 150)))
  expect(nested.toString('hex')).toBe('1a03089601')
  expect(written((writer) => writer.integer(1, -2)).toString('hex')).toBe('08feffffffffffffffff01')
})

test('every int64 is written whole, as a number or as text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const bytes = written((writer) => writer.integer(1, `${value}`))
      let read = 0n
      for (const [index, byte] of bytes.subarray(1).entries()) read |= BigInt(byte & 0x7f) << BigInt(7 * index)
      expect(BigInt.asIntN(64, read)).toBe(value)
      if (Number.isSafeInteger(Number(value))) {
        expect(written((writer) => writer.integer(1, Number(value))).equals(bytes)).toBe(true)
      }
    }),
  )
})

test('a message longer than what is held grows, and its length stands before it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 }), { maxLength: 5 }), (texts) => {
      const writeAll = (writer: ProtobufWriter) => {
        for (const text of texts) writer.text(1, text)
      }
      const bytes = written((writer) => writer.delimited(() => writeAll(writer)))
      const inner = written(writeAll)
      expect(bytes.subarray(bytes.byteLength - inner.byteLength).equals(inner)).toBe(true)
      const head = bytes.subarray(0, bytes.byteLength - inner.byteLength)
      const length = head.reduceRight((read, byte) => read * 128 + (byte & 0x7f), 0)
      expect(length).toBe(inner.byteLength)
    }),
  )
})
