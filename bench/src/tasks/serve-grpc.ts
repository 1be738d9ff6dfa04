import { once } from 'node:events'
import { join } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js'
import { barsService, type Window } from '../bars-service.js'
import { barsQuery, inMessages } from '../bars-table.js'
import type { TaskFile } from '../child.js'

interface Input {
  /** Of the tables. */
  readonly database: string
  /** Where a schema may be written. */
  readonly directory: string
}

const BATCH_ROWS = 4_096

export const serveGrpc: TaskFile<Input, string> = { file: 'serve-grpc' }

/**
 * Bars over gRPC straight from the engine: no keys, no limits, no checks, and one caller at a time. Gives its address.
 * So it is as fast as a service of ours could be at best.
 */
export async function task({ database, directory }: Input): Promise<string> {
  const { Session } = await import('chdb')
  const session = new Session(database)
  session.query(
    "SET output_format_json_quote_64bit_integers = 0, output_format_arrow_compression_method = 'none', do_not_merge_across_partitions_select_final = 1, preferred_block_size_bytes = 8388608",
  )
  const { service } = await barsService(join(directory, 'server.proto'))

  async function* rowsOf(window: Window): AsyncGenerator<object[]> {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of session.queryStream(queryOf(window, true), { format: 'JSONEachRow' })) {
      const text = rest + decoder.decode(chunk.raw(), { stream: true })
      const end = text.lastIndexOf('\n') + 1
      rest = text.slice(end)
      const rows = JSON.parse(`[${text.slice(0, Math.max(end - 1, 0)).replaceAll('\n', ',')}]`) as object[] // of the query above
      for (let at = 0; at < rows.length; at += BATCH_ROWS) yield rows.slice(at, at + BATCH_ROWS)
    }
  }

  const server = new Server()
  server.addService(service, {
    async Page({ request }: ServerUnaryCall<Window, object>, answer: (error: Error | null, value?: object) => void) {
      const bars: object[] = []
      for await (const rows of rowsOf(request)) bars.push(...rows)
      answer(null, { bars })
    },
    async Rows(call: ServerWritableStream<Window, object>) {
      for await (const bars of rowsOf(call.request)) if (!call.write({ bars })) await once(call, 'drain')
      call.end()
    },
    async Columns(call: ServerWritableStream<Window, object>) {
      for await (const chunk of session.queryStream(queryOf(call.request, false), { format: 'ArrowStream' })) {
        if (!call.write({ stream: chunk.raw() })) await once(call, 'drain')
      }
      call.end()
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return `127.0.0.1:${port}`
}

function queryOf(window: Window, isRows: boolean): string {
  // Numbers only, by the schema.
  const where = `instrument >= ${window.first} AND instrument < ${window.end} AND ts >= toDateTime(${window.start_seconds}) AND ts < toDateTime(${window.end_seconds})`
  return isRows ? barsQuery('bars_1m', where, inMessages) : barsQuery('bars_1m', where)
}
