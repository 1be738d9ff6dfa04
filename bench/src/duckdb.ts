/** The few methods of @duckdb/node-api that the benches call; typed here because the package is optional. */
export interface DuckDbConnection {
  run(sql: string): Promise<unknown>
  stream(sql: string): Promise<{ fetchChunk(): Promise<DuckDbChunk | null> }>
}

export interface DuckDbChunk {
  readonly rowCount: number
  readonly columnCount: number
  /** Vectors of numbers hold them as a typed array. */
  getColumnVector(column: number): { readonly items: Float64Array | BigInt64Array | Uint32Array }
}

interface DuckDbModule {
  readonly DuckDBInstance: { create(): Promise<{ connect(): Promise<DuckDbConnection> }> }
}

/** An empty DuckDB in this process, or undefined when it is not installed. */
export async function openDuckDb(): Promise<DuckDbConnection | undefined> {
  const name: string = '@duckdb/node-api'
  try {
    const { DuckDBInstance } = (await import(name)) as DuckDbModule // the part of the module that is used
    return await (await DuckDBInstance.create()).connect()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error // import fails with system codes
    console.warn('SKIPPED, DuckDB is not installed: run `npm install` in bench/ to measure beside it.')
    return undefined
  }
}
