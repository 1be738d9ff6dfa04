import { bodyChunks } from './body-chunks.js'
import { unreadableAnswer } from './problem.js'

export interface ServerSentEvent {
  /** `message` where the server names none. */
  readonly event: string
  readonly data: string
}

/** Longest event that is read, in characters; the server is not trusted with the memory of its reader. */
const EVENT_CHARS_MAX = 4_194_304

/**
 * The events of an answer in `text/event-stream` as they arrive; comments are left out, and so is an event that the end
 * of the answer cuts. Throws CANCELLED_REQUEST, INTERNAL_ERROR; a connection that breaks throws what the runtime throws.
 */
export async function* serverSentEvents(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
    throw unreadableAnswer('a stream of events')
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bodyChunks(response, signal)) {
    const text = rest + decoder.decode(chunk, { stream: true })
    const boundary = /\r?\n\r?\n/g
    // A long event comes in many chunks, and what was searched is not searched again but where a boundary may be cut.
    boundary.lastIndex = Math.max(0, rest.length - 3)
    let from = 0
    for (let match = boundary.exec(text); match !== null; match = boundary.exec(text)) {
      const event = readEvent(text.slice(from, match.index))
      from = boundary.lastIndex
      if (event !== undefined) yield event
    }
    rest = text.slice(from)
    if (rest.length > EVENT_CHARS_MAX) throw unreadableAnswer('a stream of events of a bearable size')
  }
}

function readEvent(text: string): ServerSentEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(':')
    const field = at === -1 ? line : line.slice(0, at)
    const value = at === -1 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') }
}
