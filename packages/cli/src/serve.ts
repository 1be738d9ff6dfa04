import { type Client, createClient } from '@barkeep/client'
import { type Config, loadConfig, type RunningServer, readOwner, startServer } from '@barkeep/server'
import type { Flags } from './setting-flags.js'

export function readConfig(flags: Flags): Config {
  return loadConfig({ flags, environment: process.env, file: 'barkeep.config.json' })
}

/** Runs the server until it is told to stop. */
export async function serve(flags: Flags): Promise<void> {
  const server = await startServer(readConfig(flags), { level: 'warn' })
  console.log(`Barkeep answers at ${server.url}. Ctrl-C stops it.`)
  await untilStopped(server)
}

/** Waits for Ctrl-C or a polite kill, then closes in order; a second one gives up waiting. */
export function untilStopped(server: RunningServer): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = false
    const stop = () => {
      if (asked) process.exit(130)
      asked = true
      console.log('Stopping.')
      server.close().then(resolve, reject)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}

/**
 * Works with the server that owns the data directory, or with one in this process when there is none:
 * either way all goes through the same routes.
 */
export async function withClient<Result>(
  flags: Flags,
  work: (client: Client, url: string) => Promise<Result>,
): Promise<Result> {
  const config = readConfig(flags)
  const running = readOwner(config.data)?.url
  if (running !== undefined && running !== null) return work(createClient({ url: running }), running)
  const server = await startServer({ ...config, port: 0 })
  try {
    return await work(createClient({ url: server.url }), server.url)
  } finally {
    await server.close()
  }
}
