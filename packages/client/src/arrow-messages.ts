import { BarkeepError } from '@barkeep/core'

/** A message opens with four bytes of ones, then the length of its metadata as an Int32. */
const PREFIX_BYTES = 8
const CONTINUATION = 0xffffffff
/** What every runtime can hold in one buffer; a message that claims more is refused before anything is set aside. */
const MESSAGE_BYTES_MAX = 2 ** 31 - 1
/** Value of a message's header type that marks rows; all others (schema, dictionaries) are needed to read them. */
const RECORD_BATCH = 3

export interface ArrowMessage {
  /** True for a batch of rows, false for a schema or a dictionary. */
  readonly isBatch: boolean
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Cuts an Arrow stream into its messages, each in a buffer of its own, whatever the size of the chunks it comes in.
 * So a table may be larger than the largest buffer of the runtime, and its columns are aligned without a second copy.
 * Throws CONNECTION_FAILED when the stream ends within a message, RangeError when it is no Arrow stream.
 */
export async function* arrowMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArrowMessage, void, undefined> {
  let stage: 'prefix' | 'metadata' | 'body' = 'prefix'
  let buffer = new Uint8Array(PREFIX_BYTES)
  let filled = 0
  const grow = (byteLength: number) => {
    if (byteLength > MESSAGE_BYTES_MAX) throw new RangeError('not an Arrow stream')
    const larger = new Uint8Array(byteLength)
    larger.set(buffer)
    buffer = larger
  }
  const startMessage = () => {
    stage = 'prefix'
    buffer = new Uint8Array(PREFIX_BYTES)
    filled = 0
  }
  /** Called when the buffer is full: goes on to the next stage, and gives the message once its body is there. */
  const advance = (): ArrowMessage | undefined => {
    if (stage === 'prefix') {
      const metadataBytes = metadataBytesOf(buffer)
      if (metadataBytes === 0)
        startMessage() // end of stream; another may follow
      else {
        stage = 'metadata'
        grow(PREFIX_BYTES + metadataBytes)
      }
      return undefined
    }
    if (stage === 'metadata') {
      stage = 'body'
      grow(buffer.byteLength + headOf(buffer).bodyBytes)
      if (filled < buffer.byteLength) return undefined
    }
    const message = { isBatch: headOf(buffer).type === RECORD_BATCH, bytes: buffer }
    startMessage()
    return message
  }
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength; ) {
      const piece = chunk.subarray(offset, offset + buffer.byteLength - filled)
      buffer.set(piece, filled)
      filled += piece.byteLength
      offset += piece.byteLength
      const message = filled === buffer.byteLength ? advance() : undefined
      if (message !== undefined) yield message
    }
  }
  if (filled > 0)
    throw new BarkeepError('CONNECTION_FAILED', { message: 'The Arrow stream ends within a message. Ask again.' })
}

function metadataBytesOf(prefix: Uint8Array): number {
  const view = new DataView(prefix.buffer)
  const metadataBytes = view.getInt32(4, true)
  if (view.getUint32(0, true) !== CONTINUATION || metadataBytes < 0) throw new RangeError('not an Arrow stream')
  return metadataBytes
}

/** Header type and body length of the flatbuffer table Message, its second and fourth field; one that is zero is left out. */
function headOf(message: Uint8Array): { type: number; bodyBytes: number } {
  const view = new DataView(message.buffer, PREFIX_BYTES)
  const table = view.getUint32(0, true)
  const vtable = table - view.getInt32(table, true)
  const offsetOf = (slot: number) => (slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0)
  const [type, body] = [offsetOf(6), offsetOf(10)]
  const bodyBytes = body === 0 ? 0 : Number(view.getBigInt64(table + body, true))
  if (bodyBytes < 0) throw new RangeError('not an Arrow stream')
  return { type: type === 0 ? 0 : view.getUint8(table + type), bodyBytes }
}
