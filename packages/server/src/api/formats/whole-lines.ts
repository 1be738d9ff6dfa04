import { type LineFormat, newline } from './rows-writer.js'

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
