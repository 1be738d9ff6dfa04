import { EngineError } from '../store.js'

/** A server writes an exception of at most 16 KiB behind an answer, and its frame. */
const heldBytesMin = 20_480

const marker = '__exception__'

/**
 * Passes the answer of a ClickHouse server on, but never past an exception that the server wrote behind it after
 * the status 200 had left. Newer servers frame it with a tag that they announce in a header; older ones write
 * the bare text. So the end is held back until it is known to be data.
 * Throws EngineError for such an exception, also when the answer breaks off after it; else what the answer throws.
 */
export async function* answerUntilException(
  chunks: AsyncIterable<Uint8Array>,
  tag: string | undefined,
): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = []
  let heldBytes = 0
  let brokeOff: { readonly error: unknown } | undefined
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    while (true) {
      const next = await iterator.next().catch((error: unknown) => {
        brokeOff = { error }
        return { done: true, value: undefined } as const
      })
      if (next.done === true) break
      held.push(next.value)
      heldBytes += next.value.byteLength
      for (let [first] = held; first !== undefined && heldBytes - first.byteLength >= heldBytesMin; [first] = held) {
        held.shift()
        heldBytes -= first.byteLength
        yield first
      }
    }
  } finally {
    await iterator.return?.()
  }
  const end = Buffer.concat(held)
  const exception = tag === undefined ? bareException(end) : taggedException(end, tag)
  if (exception !== undefined) throw new EngineError(exception)
  if (brokeOff !== undefined) throw brokeOff.error
  if (end.byteLength > 0) yield end
}

/** `\r\n__exception__\r\n<tag>\r\n<message>\n<length> <tag>\r\n__exception__\r\n` at the end of an answer. */
function taggedException(end: Buffer, tag: string): string | undefined {
  const head = `\r\n${marker}\r\n${tag}`
  const start = end.lastIndexOf(head)
  if (start === -1) return undefined
  const text = end.subarray(start + head.length).toString()
  return text.replace(new RegExp(`\\s*\\d+ ${tag}\\s*${marker}\\s*$`), '').trim()
}

/** `Code: 241. DB::Exception: … (version 24.3.1.1 (official build))` at the end of an answer. */
function bareException(end: Buffer): string | undefined {
  const text = end.toString('latin1')
  const start = /Code: \d+\. DB::(?:\w+)?Exception: (?:(?!Code: \d+\. DB::).)*\(version [\d.]+[^\n]*\)\s*$/s.exec(text)
  return start === null ? undefined : end.subarray(start.index).toString().trim()
}
