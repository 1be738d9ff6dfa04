import type { Format } from '@barkeep/core'
import type { BlockRow } from '../../store/datasets/dataset-block.js'
import { noRow } from '../../store/datasets/dataset-changes.js'
import type { DatasetPages } from '../../store/datasets/dataset-pages.js'
import type { RowSource } from '../../store/datasets/dataset-source.js'
import {
  columnarRowsQuery,
  type DatasetRead,
  placeOf,
  type RowValue,
  rowBoundaryQuery,
  rowsQuery,
} from '../../store/datasets/dataset-sql.js'
import type { Store } from '../../store/store.js'
import { oneArrowStream } from '../formats/arrow-framing.js'
import { engineFormats } from '../formats/rows-answer.js'
import { readKey, writeRowCursor } from './dataset-request.js'

/** The rows of a read as the engine makes them in a format: memory does not grow with the answer. */
export function rowsStream(
  store: Store,
  read: DatasetRead,
  format: Format,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const isColumnar = format === 'arrow' || format === 'parquet'
  const { sql, params } = isColumnar ? columnarRowsQuery(read) : rowsQuery(read)
  const chunks = store.stream(sql, params, engineFormats[format], signal)
  return format === 'arrow' ? oneArrowStream(chunks) : chunks
}

/** The row with a key, out of what is held where it is. Throws NOT_FOUND, INVALID_PARAMETER. */
export async function heldRow(pages: DatasetPages, source: RowSource, key: string): Promise<BlockRow> {
  const row = await pages.row(readKey(key, source))
  if (row === undefined) throw noRow(source.dataset, key)
  return row
}

/** The row with a key as the store has it now, for who has just written it. Throws NOT_FOUND, INVALID_PARAMETER. */
export async function readRow(store: Store, source: RowSource, key: string): Promise<Record<string, unknown>> {
  const { sql, params } = rowsQuery(readKey(key, source))
  const [row] = await store.rows<Record<string, unknown>>(sql, params)
  if (row === undefined) throw noRow(source.dataset, key)
  return row
}

/** Where the page of a read ends: the cursor of the next page, or null when this is the last. */
export async function nextRowCursor(store: Store, read: DatasetRead, limit: number): Promise<string | null> {
  const { sql, params } = rowBoundaryQuery(read, limit)
  const [last, following] = await store.rows<Record<string, RowValue>>(sql, params)
  return last === undefined || following === undefined ? null : writeRowCursor(placeOf(last, read))
}
