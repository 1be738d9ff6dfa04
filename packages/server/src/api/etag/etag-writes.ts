import { randomUUID } from 'node:crypto'
import type { Store } from '../../store/store.js'

/** Tells whether tables that answers are tagged by may have changed. */
export interface WriteCounts {
  /** Of this start alone: counts begin anew with each. */
  readonly start: string
  /** Another text after every write to a table, and after every start. */
  version(table: string): string
}

const tables = /\b(?:bars_1[mhd]|instruments|adjustments|coverage|crawls|raw_pages)\b/g

/**
 * Watches the writes to the store's own tables that go through a store. A write counts when it is done, well or not: who reads
 * just before sees the old count, perhaps already with new rows, and is only asked to read once more.
 */
export function countWrites(store: Store): { readonly store: Store; readonly writes: WriteCounts } {
  const start = randomUUID()
  const counts = new Map<string, number>()
  const counted = async <Result>(text: string, write: () => Promise<Result>): Promise<Result> => {
    try {
      return await write()
    } finally {
      for (const [table] of text.matchAll(tables)) counts.set(table, (counts.get(table) ?? 0) + 1)
    }
  }
  return {
    store: {
      ...store,
      command: (sql, params) => counted(sql, () => store.command(sql, params)),
      insert: (request) => counted(request.table, () => store.insert(request)),
      insertRows: (table, rows) => counted(table, () => store.insertRows(table, rows)),
      async spool(body, bytesMax) {
        const spooled = await store.spool(body, bytesMax)
        return { ...spooled, insert: (request) => counted(request.table, () => spooled.insert(request)) }
      },
    },
    writes: { start, version: (table) => `${start}.${counts.get(table) ?? 0}` },
  }
}
