import { createClient } from '@barkeep/client'
import type { TaskFile } from '../child.js'

export interface LoadInput {
  readonly url: string
  /** Instruments to load; all when absent. */
  readonly instruments?: readonly string[]
  /** Also joins the batches of each column into one array. */
  readonly isJoined: boolean
}

export const loadBars: TaskFile<LoadInput, { seconds: number; rows: number }> = { file: 'load-bars' }

/** What a backtest does first: all minute bars as typed columns, with the SDK. */
export async function task({ url, instruments, isJoined }: LoadInput): Promise<{ seconds: number; rows: number }> {
  const client = createClient({ url, retriesMax: 0 })
  const startMs = performance.now()
  const table = await client.loadBars({ interval: '1m', ...(instruments !== undefined && { instruments }) })
  if (isJoined) {
    for (const name of table.names.filter((column) => column !== 'instrument')) {
      if (table.getChild(name)?.toArray().length !== table.numRows) throw new Error(`The column ${name} is not whole.`)
    }
  }
  return { seconds: (performance.now() - startMs) / 1_000, rows: table.numRows }
}
