import { Readable } from 'node:stream'
import type { Format } from '@barkeep/core'
import { type BarsRead, barsQuery, boundaryQuery } from '../store/bars-sql.js'
import type { Catalog } from '../store/catalog.js'
import type { OutputFormat, Store } from '../store/store.js'
import { arrowBatches, arrowEnd, arrowHead } from './arrow-framing.js'
import { writeCursor } from './bars-request.js'

/** Formats that bars are answered in. */
export const barsFormats = ['json', 'ndjson', 'csv', 'arrow'] as const satisfies readonly Format[]
export type BarsFormat = (typeof barsFormats)[number]

const engineFormats: Readonly<Record<BarsFormat, OutputFormat>> = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSV',
  arrow: 'ArrowStream',
}

const byName = "dictGet('instrument_names', 'instrument', toUInt64(bar.id))"
const newline = 0x0a
const comma = 0x2c

/** The bars of a read as the engine makes them: memory does not grow with the answer. */
export async function barsStream(
  store: Store,
  catalog: Catalog,
  read: BarsRead,
  format: BarsFormat,
  signal: AbortSignal,
) {
  if (read.parts.length === 0) return nothing()
  const isArrow = format === 'arrow'
  const { sql, params } = isArrow
    ? barsQuery(read, 'bar.id', "toDateTime64(bar.t, 3, 'UTC')")
    : barsQuery(read, byName, 'bar.t')
  const chunks = store.stream(sql, params, engineFormats[format], signal)
  if (!isArrow) return startNow(chunks)
  // Numbers index the dictionary directly, so it holds all names; they are few beside the bars.
  const names = catalog.instruments.map(({ instrument }) => instrument)
  return startNow(arrowAnswer(chunks, arrowHead(read.columns, names)))
}

/** Where the page of a read ends: the cursor of the next page, or null when this is the last. */
export async function nextCursor(store: Store, read: BarsRead, limit: number): Promise<string | null> {
  if (read.parts.length === 0) return null
  const { sql, params } = boundaryQuery(read, limit)
  const [last, following] = await store.rows<{ instrument: number; ts: number }>(sql, params)
  return last === undefined || following === undefined ? null : writeCursor(last.instrument, last.ts)
}

/** Rows of JSON lines as the elements of an array, between a head and a tail. */
export async function* jsonAnswer(lines: AsyncIterable<Uint8Array>, head: string, tail: () => Promise<string>) {
  yield Buffer.from(head)
  let held: Uint8Array | undefined
  for await (const chunk of lines) {
    if (held !== undefined) yield held
    // A line break never stands inside a JSON value, so each one is a comma of the array; the last is cut off below.
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) chunk[at] = comma
    held = chunk
  }
  if (held !== undefined) yield held.subarray(0, held.byteLength - 1)
  yield Buffer.from(await tail())
}

export async function* csvAnswer(lines: AsyncIterable<Uint8Array>, columns: readonly string[]) {
  yield Buffer.from(`${columns.join(',')}\n`)
  yield* lines
}

/** A body that Fastify can send; the query stops when the reader goes away. */
export function bodyOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false })
}

async function* arrowAnswer(chunks: AsyncIterable<Uint8Array>, head: Uint8Array) {
  yield head
  for await (const chunk of chunks) yield* arrowBatches(chunk)
  yield arrowEnd
}

/** Waits for the first chunk, so that a query the engine refuses becomes an error and not half an answer. */
async function startNow(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  return (async function* () {
    try {
      if (first.done !== true) yield first.value
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  })()
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
