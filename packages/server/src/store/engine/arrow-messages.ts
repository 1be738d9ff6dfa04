import { EngineError } from '../store.js'

/** Bytes before the metadata of a message: the continuation mark, then the metadata's length. */
const prefixBytes = 8

/** A block of rows is some megabytes; what claims more is no message of Arrow. */
const messageBytesMax = 1_073_741_824

/**
 * Cuts the bytes of one Arrow stream into chunks of whole messages, in the sizes in which they arrive.
 * A message is held in memory until it is whole; the engine makes them of a block of rows each.
 * Throws EngineError where the bytes are no Arrow.
 */
export async function* wholeArrowMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  /** Bytes that must be there before looking again is worth it, so that a long message is joined once. */
  let neededBytes = prefixBytes
  for await (const chunk of chunks) {
    held.push(chunk)
    heldBytes += chunk.byteLength
    if (heldBytes < neededBytes) continue
    const joined = held.length === 1 ? chunk : Buffer.concat(held)
    const { wholeBytes, nextBytes } = measure(joined)
    if (wholeBytes > 0) yield joined.subarray(0, wholeBytes)
    const rest = joined.subarray(wholeBytes)
    held = rest.byteLength === 0 ? [] : [rest]
    heldBytes = rest.byteLength
    neededBytes = nextBytes
  }
  // What breaks off inside a message is passed on as it is, for the reader of Arrow to refuse.
  if (heldBytes > 0) yield Buffer.concat(held)
}

/** How many bytes at the start are whole messages, and how many the one after them needs to be looked at or whole. */
function measure(bytes: Uint8Array): { wholeBytes: number; nextBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let wholeBytes = 0
  while (wholeBytes + prefixBytes <= bytes.byteLength) {
    const metadataBytes = view.getInt32(wholeBytes + 4, true)
    const bodyStart = prefixBytes + metadataBytes
    refuseLength(metadataBytes)
    if (wholeBytes + bodyStart > bytes.byteLength) return { wholeBytes, nextBytes: bodyStart }
    const bodyBytes = metadataBytes === 0 ? 0 : readMessage(view, wholeBytes + prefixBytes).bodyBytes
    refuseLength(bodyBytes)
    const messageBytes = bodyStart + bodyBytes
    if (wholeBytes + messageBytes > bytes.byteLength) return { wholeBytes, nextBytes: messageBytes }
    wholeBytes += messageBytes
  }
  return { wholeBytes, nextBytes: prefixBytes }
}

function refuseLength(bytes: number): void {
  if (bytes < 0 || bytes > messageBytesMax) throw new EngineError('The answer of the store is not an Arrow stream.')
}

/** Reads two fields of the flatbuffer `Message` at a place: the type of its header (field 1) and the length of its body (field 3). */
export function readMessage(view: DataView, at: number): { headerType: number; bodyBytes: number } {
  const table = at + view.getInt32(at, true)
  const fields = table - view.getInt32(table, true)
  const fieldsLength = view.getUint16(fields, true)
  const offsetOf = (field: number) => (4 + field * 2 < fieldsLength ? view.getUint16(fields + 4 + field * 2, true) : 0)
  const [header, body] = [offsetOf(1), offsetOf(3)]
  return {
    headerType: header === 0 ? 0 : view.getUint8(table + header),
    bodyBytes: body === 0 ? 0 : Number(view.getBigInt64(table + body, true)),
  }
}
