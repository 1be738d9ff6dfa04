import type { TaskFile } from '../child.js'
import { openDuckDb } from '../duckdb.js'

export const duckDbColumns: TaskFile<{ sql: string; rows: number }, { seconds: number; rows: number }> = {
  file: 'duckdb-columns',
}

/** DuckDB in this process: a query of numeric columns into one typed array for each. */
export async function task({ sql, rows }: { sql: string; rows: number }): Promise<{ seconds: number; rows: number }> {
  const connection = await openDuckDb()
  if (connection === undefined) throw new Error('DuckDB is not installed.')
  const startMs = performance.now()
  const result = await connection.stream(sql)
  const columns: (Float64Array | BigInt64Array | Uint32Array)[] = []
  let done = 0
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (let column = 0; column < chunk.columnCount; column++) {
      const { items } = chunk.getColumnVector(column)
      columns[column] ??= arrayLike(items, rows)
      // The array was made with the type of the first chunk, and the type of a column stays.
      ;(columns[column] as Float64Array | undefined)?.set(items as Float64Array, done)
    }
    done += chunk.rowCount
  }
  return { seconds: (performance.now() - startMs) / 1_000, rows: done }
}

function arrayLike(items: Float64Array | BigInt64Array | Uint32Array, length: number) {
  if (items instanceof BigInt64Array) return new BigInt64Array(length)
  return items instanceof Uint32Array ? new Uint32Array(length) : new Float64Array(length)
}
