import { startWorker } from '@barkeep/server'
import { keyVariable, readConfig, untilStopped } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Works on crawls of a server until it is told to stop. */
export async function worker(server: string, flags: Flags): Promise<void> {
  const key = process.env[keyVariable]
  let told = ''
  const running = await startWorker(readConfig(flags), server, {
    ...(key !== undefined && { key }),
    onFailure({ code, message }) {
      if (message !== told)
        console.error(`${code}: ${message} Results wait in this worker until the server takes them.`)
      told = message
    },
  })
  console.log(`Works for ${running.url}. Ctrl-C stops it.`)
  await untilStopped(running)
}
