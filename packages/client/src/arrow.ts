import { type BarColumn, BarkeepError } from '@barkeep/core'
import { type Table, tableFromIPC } from '@uwdata/flechette'
import { type ArrowMessage, arrowMessages } from './arrow-messages.js'
import type { FullBar } from './bars.js'
import { bodyChunks } from './body-chunks.js'
import { type HttpRequest, type HttpSettings, send } from './http.js'
import { abortOnReturn } from './link-abort.js'
import { numberColumns } from './number-columns.js'
import { cancelledRequest, connectionFailed, unreadableAnswer } from './problem.js'

/**
 * Bars as columns: `ts`, `end` and `known_at` in milliseconds since the epoch, UTC.
 * Numbers come as typed arrays; a column that holds a null, as a plain array.
 */
export type BarsTable<Name extends BarColumn = BarColumn> = Table<Pick<BarValues, Name>>

type BarValues = { [Name in BarColumn]: Name extends 'ts' | 'end' | 'known_at' ? number : FullBar[Name] }

/** A table of a stream is given out once its messages have this many bytes: enough to outweigh what each table costs. */
const TABLE_BYTES_MIN = 16 * 1_024 * 1_024

/** Downloads an Arrow stream into one table. Apart from the core entry because it brings the Arrow reader. */
export function loadTable<Name extends BarColumn>(
  settings: HttpSettings,
  request: HttpRequest,
): Promise<BarsTable<Name>> {
  return send(settings, request, async (response, signal) => {
    const messages: ArrowMessage[] = []
    for await (const message of messagesOf(response, signal)) messages.push(message)
    return tableOf<Name>(messages)
  })
}

/** The tables of an Arrow stream as they arrive, each of whole record batches; a stream without rows gives none. */
export function streamTables<Name extends BarColumn>(
  settings: HttpSettings,
  request: HttpRequest,
  bytesMin: number = TABLE_BYTES_MIN,
): AsyncIterableIterator<BarsTable<Name>, void, undefined> {
  return abortOnReturn(request.signal, async function* (signal) {
    const response = await send(settings, { ...request, signal }, async (answer) => answer)
    try {
      for await (const group of groupMessages(messagesOf(response, signal), bytesMin)) yield tableOf<Name>(group)
    } catch (cause) {
      if (signal.aborted) throw cancelledRequest(signal.reason)
      throw cause instanceof BarkeepError ? cause : connectionFailed(settings.origin, cause)
    }
  })
}

async function* messagesOf(response: Response, signal: AbortSignal): AsyncGenerator<ArrowMessage, void, undefined> {
  try {
    yield* arrowMessages(bodyChunks(response, signal))
  } catch (error) {
    // A length that no buffer can have means a wrong format; all else is the connection's.
    throw error instanceof RangeError ? unreadableAnswer('an Arrow stream', error) : error
  }
}

/** Cuts a stream after record batches, and opens each part with the schema and dictionaries that came before it. */
async function* groupMessages(messages: AsyncIterable<ArrowMessage>, bytesMin: number): AsyncGenerator<ArrowMessage[]> {
  const heads: ArrowMessage[] = []
  let group: ArrowMessage[] = []
  let bytes = 0
  for await (const message of messages) {
    group.push(message)
    if (!message.isBatch) heads.push(message)
    else bytes += message.bytes.byteLength
    if (bytes < bytesMin) continue
    yield group
    group = [...heads]
    bytes = 0
  }
  if (bytes > 0 || heads.length === 0) yield group
}

/** The messages' bytes become the memory of the columns. */
function tableOf<Name extends BarColumn>(messages: readonly ArrowMessage[]): BarsTable<Name> {
  if (messages.length === 0) throw unreadableAnswer('an Arrow stream: it is empty')
  try {
    const buffers = messages.map(({ bytes }) => bytes)
    // The server is trusted to answer the columns that were asked for.
    return numberColumns(tableFromIPC(buffers, { useBigInt: false })) as unknown as BarsTable<Name>
  } catch (cause) {
    throw unreadableAnswer('an Arrow stream', cause)
  }
}
