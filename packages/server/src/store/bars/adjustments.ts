import type { Adjustment } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import type { Store } from '../store.js'
import { linesOf } from '../tasks/task-table.js'

/** A split or a dividend with who told it. */
export interface ToldAdjustment extends Adjustment {
  readonly source: string
}

/**
 * Keeps splits and dividends; of one kind and date an instrument has one, the last that was told. Makes bare instruments of
 * names that are not known yet. Throws UNKNOWN_EXCHANGE, INVALID_PARAMETER.
 */
export async function saveAdjustments(
  store: Store,
  catalog: Catalog,
  adjustments: readonly ToldAdjustment[],
): Promise<void> {
  if (adjustments.length === 0) return
  await catalog.createMissing(new Set(adjustments.map(({ instrument }) => instrument)))
  const rows = adjustments.map(({ instrument, date, kind, value, source }) => ({
    id: catalog.instrument(instrument)?.id,
    date,
    kind,
    value,
    source,
  }))
  await store.insert({
    table: 'adjustments',
    select: 'id, date, kind, value, source, now64(3)',
    structure: 'id UInt32, date Date32, kind String, value Float64, source String',
    format: 'JSONEachRow',
    body: linesOf(rows),
    bytesMax: Number.POSITIVE_INFINITY,
  })
}
