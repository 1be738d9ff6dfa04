/**
 * The data of server-sent events, one text an event, out of the text of their stream as it comes in parts. Comments, which
 * are signs of life alone, give the empty text.
 */
export async function* eventData(parts: AsyncIterable<Uint8Array>, charactersMax: number): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  for await (const part of parts) {
    const lines = `${rest}${decoder.decode(part, { stream: true })}`.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    if (rest.length > charactersMax) throw new RangeError(`A line of the stream is longer than ${charactersMax}.`)
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n')
        data = []
      } else if (line.startsWith(':')) yield ''
      else if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''))
    }
  }
}
