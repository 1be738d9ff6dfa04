import { BarkeepError } from '@barkeep/core'

/** JSON lines as objects, held in memory. Throws REQUEST_TOO_COMPLEX when they have more bytes than allowed. */
export async function readJsonRows<Row>(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Row[]> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) {
      throw new BarkeepError('REQUEST_TOO_COMPLEX', {
        message: `An answer that is held in memory has more than ${bytesMax} bytes. Ask for less at once.`,
      })
    }
    text += decoder.decode(chunk, { stream: true })
  }
  // The caller names the row's shape beside its own SQL.
  return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Row[])
}
