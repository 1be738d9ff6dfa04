import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runTask } from './child.js'
import { startServerProcess } from './server-process.js'
import { engine } from './tasks/engine.js'
import { postFile } from './tasks/post-file.js'

export interface FilledStore {
  /** The data directory of a server that is not running. */
  readonly data: string
  /** A copy of its tables, for the engine alone: one process owns a directory. */
  readonly engineDirectory: string
  readonly rows: number
}

/** Sends Arrow files to a server, merges the parts as time would, and stops it. */
export async function fillStore(directory: string, arrowPaths: readonly string[]): Promise<FilledStore> {
  const data = join(directory, 'data')
  await mkdir(data, { recursive: true })
  const server = await startServerProcess(data)
  let rows = 0
  for (const path of arrowPaths) {
    rows += (await runTask(postFile, { url: server.url, path, type: 'application/vnd.apache.arrow.stream' })).output
      .rows
  }
  await server.stop()
  await runTask(engine, { directory: join(data, 'db'), statements: [{ sql: 'OPTIMIZE TABLE bars_1m FINAL' }] })
  const engineDirectory = join(directory, 'engine')
  await cp(join(data, 'db'), engineDirectory, { recursive: true })
  return { data, engineDirectory, rows }
}
