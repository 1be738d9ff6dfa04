import { TextDecoder } from 'node:util'

/** No bar needs more; without a bound, a file without line ends would be held in memory whole. */
export const LINE_CHARACTERS_MAX = 1_000_000

/**
 * Lines without their ends (LF or CRLF), as many at once as a chunk held. An end after the last line begins no line.
 * A byte order mark tells the encoding, whatever `encoding` says. Throws RangeError for a line that is too long.
 */
export async function* decodeLines(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<readonly string[]> {
  let decoder: TextDecoder | undefined
  let rest = ''
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(encodingOfMark(chunk) ?? encoding)
    const text = rest + decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_CHARACTERS_MAX) {
      throw new RangeError(`a line has more than ${LINE_CHARACTERS_MAX} characters. Is it a text with line ends?`)
    }
    yield text.includes('\r') ? lines.map(withoutReturn) : lines
  }
  rest += decoder?.decode() ?? ''
  if (rest !== '') yield [withoutReturn(rest)]
}

/** Spreadsheets save "Unicode text" as UTF-16 and say so only by the mark. */
function encodingOfMark([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : undefined
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
