import type { Store } from '../store.js'
import {
  type DatasetRead,
  placedRowsQuery,
  placeMark,
  placeOf,
  placeText,
  type RowPosition,
  type RowValue,
} from './dataset-sql.js'

/** Rows of a list that follow each other, held as JSON lines, each with its place in the list. */
export interface Block {
  /** The place after which the block begins, as text; empty at the beginning of the list. */
  readonly after: string
  /** How many rows of the list stand before the block, where that is known. */
  readonly offset: number | undefined
  readonly rows: number
  /** Whether the list ends with this block. */
  readonly isLast: boolean
  readonly bytes: number
  /** The number of rows up to and with the one at a place; undefined for a place outside the block. */
  indexAfter(place: string): number | undefined
  /** Rows `[start, end)` as JSON lines; not to be written to. */
  lines(start: number, end: number): Uint8Array
  /** The place of a row. */
  placeAt(index: number): RowPosition
  /** The row that has these texts in columns that tell it from all others; undefined where it may still be one of the store. */
  find(columns: readonly string[], texts: readonly string[]): BlockRow | undefined
}

/** A row as JSON has it. */
export type BlockRow = Readonly<Record<string, unknown>>

const newline = 0x0a
const brace = Buffer.from('}')
/** What a row takes in memory beside its text, found by place and by key. */
const ROW_OVERHEAD_BYTES = 200

/**
 * Reads up to `rowsMax` rows, after `read.after` or `read.offset`. Resolves to undefined where they have more than
 * `bytesMax` bytes as text: too many to hold them for rows that nobody may ask for.
 */
export async function readBlock(
  store: Store,
  read: DatasetRead,
  { rowsMax, bytesMax, offset }: { rowsMax: number; bytesMax: number; offset: number | undefined },
): Promise<Block | undefined> {
  // One row more tells whether the list goes on.
  const { sql, params } = placedRowsQuery({ ...read, limit: rowsMax + 1 })
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of store.stream(sql, params, 'JSONEachRow')) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) return undefined
    // The engine may use the memory of a chunk again.
    chunks.push(Buffer.from(chunk))
  }
  return blockOf(Buffer.concat(chunks), read, rowsMax, offset)
}

function blockOf(text: Buffer, read: DatasetRead, rowsMax: number, offset: number | undefined): Block {
  const mark = Buffer.from(`,"${placeMark(read)}":`)
  const parts: Buffer[] = []
  const ends: number[] = []
  const places: string[] = []
  let bytes = 0
  for (let start = 0; start < text.byteLength; ) {
    const end = text.indexOf(newline, start)
    // Inside a string of JSON a quote is escaped, so this cannot be part of a value.
    const cut = text.indexOf(mark, start)
    const place = placeOf(JSON.parse(`{${text.toString('utf8', cut + 1, end)}`) as Record<string, RowValue>, read) // as placedRowsQuery selects
    places.push(placeText(place))
    const line = [text.subarray(start, cut), brace, text.subarray(end, end + 1)]
    parts.push(...line)
    bytes += cut - start + brace.byteLength + 1
    ends.push(bytes)
    start = end + 1
  }
  const isLast = ends.length <= rowsMax
  const lines = Buffer.concat(parts)
  const indexOf = new Map(places.map((place, index) => [place, index + 1]))
  const linesOf = (start: number, end: number) => lines.subarray(ends[start - 1] ?? 0, ends[end - 1] ?? 0)
  // Made for the first who asks for a row, as most readers of pages never do.
  let indexOfKey: ReadonlyMap<string, number> | undefined
  return {
    after: read.after === undefined ? '' : placeText(read.after),
    offset,
    rows: ends.length,
    isLast,
    bytes: lines.byteLength + ends.length * ROW_OVERHEAD_BYTES + places.reduce((sum, { length }) => sum + length, 0),
    indexAfter: (place) => indexOf.get(place),
    lines: linesOf,
    placeAt: (index) => JSON.parse(places[index] ?? '[]') as RowPosition, // written above
    find(columns, texts) {
      indexOfKey ??= indexByKey(
        columns,
        ends.map((_, index) => rowOf(linesOf(index, index + 1))),
      )
      const index = indexOfKey.get(JSON.stringify(texts))
      return index === undefined ? undefined : rowOf(linesOf(index, index + 1))
    },
  }
}

function rowOf(line: Uint8Array): BlockRow {
  return JSON.parse(Buffer.from(line).toString()) as BlockRow // a line is an object of the engine
}

/** Only texts that cannot mean another row: what JSON has rounded, or writes in another way, is left to the store. */
function indexByKey(columns: readonly string[], rows: readonly BlockRow[]): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>()
  for (const [index, row] of rows.entries()) {
    const values = columns.map((name) => row[name])
    if (values.every((value) => typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)))
      indexes.set(JSON.stringify(values.map(String)), index)
  }
  return indexes
}
