import { type Table, tableFromIPC } from '@uwdata/flechette'
import { splitArrowMessages } from './arrow-messages.js'
import { bodyChunks } from './body-chunks.js'
import { type HttpRequest, type HttpSettings, send } from './http.js'
import { unreadableAnswer } from './problem.js'

/** Bars as typed columns: 64-bit integers as numbers, `ts` in milliseconds since the epoch, UTC. */
export type BarsTable = Table

/** Downloads an Arrow stream into one table. Apart from the core entry because it brings the Arrow reader. */
export function loadTable(settings: HttpSettings, request: HttpRequest): Promise<BarsTable> {
  return send(settings, request, async (response, signal) => {
    const messages = await splitArrowMessages(bodyChunks(response, signal)).catch(rethrow)
    if (messages.length === 0) throw unreadableAnswer('an Arrow stream: it is empty')
    try {
      return tableFromIPC(messages, { useBigInt: false })
    } catch (cause) {
      throw unreadableAnswer('an Arrow stream', cause)
    }
  })
}

/** A length that no buffer can have means a wrong format; all else is the connection's. */
function rethrow(error: unknown): never {
  throw error instanceof RangeError ? unreadableAnswer('an Arrow stream', error) : error
}
