import { BarkeepError } from '@barkeep/core'

/** A message opens with four bytes of ones, then the length of its metadata as an Int32. */
const PREFIX_BYTES = 8
const CONTINUATION = 0xffffffff

/**
 * Cuts an Arrow stream into its messages, each in a buffer of its own, whatever the size of the chunks it comes in.
 * So a table may be larger than the largest buffer of the runtime, and its columns are aligned without a second copy.
 * Throws CONNECTION_FAILED when the stream ends within a message, RangeError when it is no Arrow stream.
 */
export async function splitArrowMessages(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  let stage: 'prefix' | 'metadata' | 'body' = 'prefix'
  let buffer = new Uint8Array(PREFIX_BYTES)
  let filled = 0
  const grow = (byteLength: number) => {
    const larger = new Uint8Array(byteLength)
    larger.set(buffer)
    buffer = larger
  }
  const startMessage = () => {
    stage = 'prefix'
    buffer = new Uint8Array(PREFIX_BYTES)
    filled = 0
  }
  /** Called whenever the buffer is full: goes on to the next stage. */
  const advance = () => {
    if (stage === 'prefix') {
      const metadataBytes = metadataBytesOf(buffer)
      if (metadataBytes === 0) return startMessage() // end of stream; another may follow
      stage = 'metadata'
      grow(PREFIX_BYTES + metadataBytes)
    } else if (stage === 'metadata') {
      stage = 'body'
      grow(buffer.byteLength + bodyBytesOf(buffer))
      if (filled === buffer.byteLength) advance()
    } else {
      messages.push(buffer)
      startMessage()
    }
  }
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength; ) {
      const piece = chunk.subarray(offset, offset + buffer.byteLength - filled)
      buffer.set(piece, filled)
      filled += piece.byteLength
      offset += piece.byteLength
      if (filled === buffer.byteLength) advance()
    }
  }
  if (filled > 0)
    throw new BarkeepError('CONNECTION_FAILED', { message: 'The Arrow stream ends within a message. Ask again.' })
  return messages
}

function metadataBytesOf(prefix: Uint8Array): number {
  const view = new DataView(prefix.buffer)
  const metadataBytes = view.getInt32(4, true)
  if (view.getUint32(0, true) !== CONTINUATION || metadataBytes < 0) throw new RangeError('not an Arrow stream')
  return metadataBytes
}

/** `bodyLength` of the flatbuffer table Message, its fourth field; flatbuffers leave out a field that is zero. */
function bodyBytesOf(message: Uint8Array): number {
  const view = new DataView(message.buffer, PREFIX_BYTES)
  const table = view.getUint32(0, true)
  const vtable = table - view.getInt32(table, true)
  const slot = 10
  const field = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0
  const bodyBytes = field === 0 ? 0 : Number(view.getBigInt64(table + field, true))
  if (bodyBytes < 0) throw new RangeError('not an Arrow stream')
  return bodyBytes
}
