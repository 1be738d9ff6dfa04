import type { Format } from '@barkeep/core'
import type { BarsRead } from '../../store/bars/bars-read.js'
import { barsQuery, boundaryQuery } from '../../store/bars/bars-sql.js'
import type { Catalog } from '../../store/catalog.js'
import type { Store } from '../../store/store.js'
import { arrowBatches, arrowEnd, arrowHead } from '../formats/arrow-framing.js'
import { engineFormats } from '../formats/rows-answer.js'
import { writeCursor } from './bars-request.js'

const milliseconds = "toDateTime64(bar.t, 3, 'UTC')"
const byName = "dictGet('instrument_names', 'instrument', toUInt64(bar.id))"

/** The bars of a read as the engine makes them: memory does not grow with the answer. */
export function barsStream(
  store: Store,
  catalog: Catalog,
  read: BarsRead,
  format: Format,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (format !== 'arrow') {
    const { sql, params } = barsQuery(read, byName, format === 'parquet' ? milliseconds : 'bar.t')
    return store.stream(sql, params, engineFormats[format], signal)
  }
  const { sql, params } = barsQuery(read, 'bar.id', milliseconds)
  // Numbers index the dictionary directly, so it holds all names; they are few beside the bars.
  const names = catalog.instruments.map(({ instrument }) => instrument)
  return arrowAnswer(store.stream(sql, params, engineFormats.arrow, signal), arrowHead(read.columns, names))
}

/** Where the page of a read ends: the cursor of the next page, or null when this is the last. */
export async function nextBarsCursor(store: Store, read: BarsRead, limit: number): Promise<string | null> {
  const { sql, params } = boundaryQuery(read, limit)
  const [last, following] = await store.rows<{ instrument: number; ts: number }>(sql, params)
  return last === undefined || following === undefined ? null : writeCursor(last.instrument, last.ts)
}

async function* arrowAnswer(chunks: AsyncIterable<Uint8Array>, head: Uint8Array) {
  let begun = false
  for await (const chunk of chunks) {
    if (!begun) yield head
    begun = true
    yield* arrowBatches(chunk)
  }
  if (!begun) yield head
  yield arrowEnd
}
