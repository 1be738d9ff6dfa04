import type { TaskFile } from '../child.js'

export interface EngineInput {
  readonly directory: string
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly sql: string
  /** Reads the answer chunk by chunk and counts its bytes, in Arrow unless `format` says otherwise; else it is text. */
  readonly isStreamed?: boolean
  readonly format?: 'ArrowStream' | 'CSV' | 'JSONEachRow'
}

export interface Outcome {
  readonly seconds: number
  /** Processor time, all threads. */
  readonly cpuSeconds: number
  /** The answer as CSV; empty where it was streamed. */
  readonly text: string
  readonly bytes: number
}

/** The settings of the server's sessions that bear on speed. */
const settings = [
  "date_time_input_format = 'best_effort'",
  "date_time_output_format = 'iso'",
  'output_format_json_quote_64bit_integers = 0',
  'preferred_block_size_bytes = 8388608',
  "output_format_arrow_compression_method = 'none'",
  'do_not_merge_across_partitions_select_final = 1',
  'engine_file_truncate_on_insert = 1',
].join(', ')

export const engine: TaskFile<EngineInput, Outcome[]> = { file: 'engine' }

/** The engine alone, in this process and without a server: statements one after the other. */
export async function task({ directory, statements }: EngineInput): Promise<Outcome[]> {
  // Only the process that runs the task loads the engine.
  const { Session } = await import('chdb')
  const session = new Session(directory)
  session.query(`SET ${settings}`)
  const outcomes: Outcome[] = []
  for (const { sql, isStreamed = false, format = 'ArrowStream' } of statements) {
    const startMs = performance.now()
    const cpuBefore = process.cpuUsage()
    let bytes = 0
    let text = ''
    if (isStreamed) {
      for await (const chunk of session.queryStream(sql, { format })) bytes += chunk.raw().byteLength
    } else text = session.query(sql)
    const seconds = (performance.now() - startMs) / 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    outcomes.push({ seconds, cpuSeconds: (user + system) / 1e6, text, bytes })
  }
  session.close()
  return outcomes
}
