import { type Table, tableFromIPC } from '@uwdata/flechette'

const end = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

/**
 * The chunks of an Arrow answer as one stream. Each may be a stream of its own or whole messages of one:
 * what is cut away is a schema like the first one at the start, and the mark of the end.
 */
export function oneArrowStream(chunks: readonly Uint8Array[]): Buffer {
  const [first] = chunks
  if (first === undefined) return Buffer.alloc(0)
  const schema = Buffer.from(first.subarray(0, 8 + Buffer.from(first).readInt32LE(4)))
  const batches = chunks.map((chunk) => {
    const body = Buffer.from(chunk)
    const start = body.subarray(0, schema.byteLength).equals(schema) ? schema.byteLength : 0
    return body.subarray(start, body.subarray(-end.byteLength).equals(end) ? -end.byteLength : undefined)
  })
  return Buffer.concat([schema, ...batches, end])
}

/** The rows of each chunk, read on its own: it can be only when its messages are whole. */
export function rowsOfChunks(chunks: readonly Uint8Array[]): number {
  const [first] = chunks
  if (first === undefined) return 0
  const schema = first.subarray(0, 8 + Buffer.from(first).readInt32LE(4))
  return chunks.reduce((rows, chunk) => rows + readArrow([schema, chunk]).numRows, 0)
}

export function readArrow(chunks: readonly Uint8Array[]): Table {
  return tableFromIPC(oneArrowStream(chunks))
}
