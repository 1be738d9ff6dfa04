import type { BarColumn } from '@barkeep/core'
import {
  bool,
  type Column,
  columnFromArray,
  type DataType,
  dictionary,
  float64,
  TimeUnit,
  tableFromColumns,
  tableToIPC,
  timestamp,
  uint32,
  uint64,
  utf8,
} from '@uwdata/flechette'
import { readMessage } from '../../store/engine/arrow-messages.js'

/**
 * Every chunk of the engine is a complete Arrow stream. The answer is one stream: a schema of ours, in which the
 * instrument is a dictionary of names over the engine's bare numbers, then the engine's record batches as they are.
 */
const columnTypes: Readonly<Record<BarColumn, () => DataType>> = {
  instrument: () => dictionary(utf8(), uint32()),
  ts: () => timestamp(TimeUnit.MILLISECOND, 'UTC'),
  open: float64,
  high: float64,
  low: float64,
  close: float64,
  volume: uint64,
  turnover: float64,
  trades: uint32,
  interval: utf8,
  end: () => timestamp(TimeUnit.MILLISECOND, 'UTC'),
  partial: bool,
  final: bool,
  source: utf8,
  known_at: () => timestamp(TimeUnit.MILLISECOND, 'UTC'),
}

/** Marks the end of an Arrow stream. */
export const arrowEnd: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

/** The schema message, and the dictionary message with the names that the engine's numbers point to. */
export function arrowHead(columns: readonly BarColumn[], names: readonly string[]): Uint8Array {
  const rows = names.length
  const made: [string, Column<unknown>][] = columns.map((column) => {
    const type = columnTypes[column]()
    if (column === 'instrument') return [column, columnFromArray([...names], type)]
    return [
      column,
      columnFromArray(
        Array.from({ length: rows }, () => null),
        type,
      ),
    ]
  })
  const bytes = tableToIPC(tableFromColumns(made), { format: 'stream' })
  if (bytes === null) throw new Error('The Arrow writer gave no bytes.')
  const end = [...messages(bytes)].find(({ kind }) => kind === 'batch')?.start ?? bytes.byteLength - arrowEnd.byteLength
  return bytes.subarray(0, end)
}

/** One Arrow stream out of chunks that each may be a complete one: the first schema, all record batches, one end. */
export async function* oneArrowStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let begun = false
  for await (const chunk of chunks) {
    for (const { kind, start, end } of messages(chunk)) {
      if (kind === 'batch' || (kind === 'schema' && !begun)) yield chunk.subarray(start, end)
    }
    begun = true
  }
  yield arrowEnd
}

/** The record batches of a complete Arrow stream, without its schema and end. */
export function arrowBatches(stream: Uint8Array): Uint8Array[] {
  return [...messages(stream)]
    .filter(({ kind }) => kind === 'batch')
    .map(({ start, end }) => stream.subarray(start, end))
}

interface MessageSpan {
  readonly kind: 'schema' | 'dictionary' | 'batch'
  readonly start: number
  readonly end: number
}

/** Walks the messages of an Arrow stream: a continuation mark, the length of the metadata, metadata, body. */
function* messages(stream: Uint8Array): Generator<MessageSpan> {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  let start = 0
  while (start + 8 <= stream.byteLength) {
    const metadataLength = view.getInt32(start + 4, true)
    if (metadataLength === 0) return
    const { headerType, bodyBytes } = readMessage(view, start + 8)
    const end = start + 8 + metadataLength + bodyBytes
    const kind = headerType === 1 ? 'schema' : headerType === 2 ? 'dictionary' : 'batch'
    yield { kind, start, end }
    start = end
  }
}
