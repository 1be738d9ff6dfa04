import { join } from 'node:path'
import { type Client, credentials } from '@grpc/grpc-js'
import { tableFromIPC } from '@uwdata/flechette'
import { barsService, type Window } from '../bars-service.js'
import type { TaskFile } from '../child.js'
import { cpuSecondsSince } from '../memory.js'
import type { ReadOutput } from './read-rest.js'

interface Input {
  readonly address: string
  readonly method: 'Page' | 'Rows' | 'Columns'
  readonly windows: readonly Window[]
  /** Where a schema may be written. */
  readonly directory: string
}

/** The methods of the service, as the library makes them from its schema. */
interface BarsClient extends Client {
  Page(window: Window, answer: (error: Error | null, batch: { bars: readonly object[] }) => void): void
  Rows(window: Window): AsyncIterable<{ bars: readonly object[] }>
  Columns(window: Window): AsyncIterable<{ stream: Uint8Array }>
}

export const readGrpc: TaskFile<Input, ReadOutput> = { file: 'read-grpc' }

/** Asks for each window in turn and reads the answer into objects, or Arrow into columns. */
export async function task({ address, method, windows, directory }: Input): Promise<ReadOutput> {
  const Bars = await barsService(join(directory, 'client.proto'))
  const options = { 'grpc.max_receive_message_length': -1 }
  const client = new Bars(address, credentials.createInsecure(), options) as unknown as BarsClient // by its schema
  const seconds: number[] = []
  let rows = 0
  const cpuSeconds: number[] = []
  for (const window of windows) {
    const startMs = performance.now()
    const cpuBefore = process.cpuUsage()
    rows = await read[method](client, window)
    seconds.push((performance.now() - startMs) / 1_000)
    cpuSeconds.push(cpuSecondsSince(cpuBefore))
  }
  client.close()
  return { seconds, rows, cpuSeconds }
}

const read = {
  Page: (client: BarsClient, window: Window) =>
    new Promise<number>((resolve, reject) => {
      client.Page(window, (error, batch) => (error === null ? resolve(batch.bars.length) : reject(error)))
    }),
  async Rows(client: BarsClient, window: Window) {
    const all: object[] = []
    for await (const { bars } of client.Rows(window)) for (const bar of bars) all.push(bar)
    return all.length
  },
  async Columns(client: BarsClient, window: Window) {
    const tables = []
    // Inside a message the bytes stand at any address, and columns need theirs aligned: so they are copied.
    for await (const { stream } of client.Columns(window)) tables.push(tableFromIPC(new Uint8Array(stream)))
    return tables.reduce((sum, { numRows }) => sum + numRows, 0)
  },
}
