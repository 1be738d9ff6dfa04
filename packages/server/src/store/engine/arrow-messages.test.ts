import { tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { oneArrowStream, readArrow, rowsOfChunks } from './arrow-chunks.contract.js'
import { wholeArrowMessages } from './arrow-messages.js'

const batchRows = 2_000
const batch = tableToIPC(
  tableFromArrays(
    {
      n: Float64Array.from({ length: batchRows }, (_, n) => n),
      name: Array.from({ length: batchRows }, (_, n) => `row ${n}`),
    },
    { types: { name: utf8() } },
  ),
  { format: 'stream' },
)
if (batch === null) throw new Error('the Arrow writer gave no bytes')
const stream = oneArrowStream([batch, batch, batch])
const rows = 3 * batchRows

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    if (at < bytes.byteLength) yield bytes.subarray(at, at + size)
    at += size
  }
  if (at < bytes.byteLength) yield bytes.subarray(at)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

describe('the messages of an Arrow stream', () => {
  test('come whole, however the bytes were cut', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60_000 })), {
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => {
        const chunks = await collect(wholeArrowMessages(cut(stream, cuts)))
        expect(Buffer.concat(chunks).equals(stream)).toBe(true)
        expect(rowsOfChunks(chunks)).toBe(rows)
        // Every chunk begins with the mark of a message.
        expect(chunks.every((chunk) => Buffer.from(chunk).readUInt32LE(0) === 0xffffffff)).toBe(true)
      }),
    )
    expect(readArrow([stream]).numRows).toBe(rows)
  })

  test('that break off are passed on for the reader to refuse', async () => {
    const half = stream.subarray(0, stream.byteLength - 100)
    expect(Buffer.concat(await collect(wholeArrowMessages(cut(half, [])))).equals(half)).toBe(true)
  })

  test('are not looked for in text', async () => {
    const text = Buffer.from('<html>an error page of a proxy</html>')
    await expect(collect(wholeArrowMessages(cut(text, [])))).rejects.toMatchObject({ name: 'EngineError' })
  })
})
