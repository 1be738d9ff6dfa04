import { type Client, createClient } from '@barkeep/client'
import { type Config, loadConfig, readOwner, readOwnerKey, startServer } from '@barkeep/server'
import type { Flags } from './setting-flags.js'

export function readConfig(flags: Flags): Config {
  return loadConfig({ flags, environment: process.env, file: 'barkeep.config.json' })
}

/** Hosts that stand for all addresses of a machine. */
const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Runs the server until it is told to stop. */
export async function serve(flags: Flags): Promise<void> {
  const config = readConfig(flags)
  const server = await startServer(config, { level: 'warn' })
  const elsewhere = everyAddress.has(config.host) ? ', and at every other address of this machine' : ''
  console.log(`Barkeep answers at ${server.url}${elsewhere}. Ctrl-C stops it.`)
  await untilStopped(server)
}

/** Waits for Ctrl-C or a polite kill, then closes in order; a second one gives up waiting. */
export function untilStopped(server: { close(): Promise<void> }): Promise<void> {
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
 * Works with the server at `elsewhere`, or else with the one that owns the data directory, or with one in this process when
 * there is none: either way all goes through the same routes.
 */
export function withClient<Result>(
  flags: Flags,
  work: (client: Client, url: string) => Promise<Result>,
  elsewhere?: string,
): Promise<Result> {
  if (elsewhere !== undefined) {
    const key = process.env[keyVariable]
    return work(createClient({ url: elsewhere, ...(key !== undefined && { key }) }), elsewhere)
  }
  return withServer(flags, ({ url, key }) => work(createClient({ url, ...(key !== undefined && { key }) }), url))
}

/** Where a server answers, and a key that it knows. */
export interface ServerAccess {
  readonly url: string
  readonly key: string | undefined
}

/** The same, for what the client has no method for. */
export async function withServer<Result>(
  flags: Flags,
  work: (access: ServerAccess) => Promise<Result>,
): Promise<Result> {
  const config = readConfig(flags)
  const running = readOwner(config.data)?.url
  if (running !== undefined && running !== null) {
    return work({ url: running, key: process.env[keyVariable] ?? readOwnerKey(config.data) })
  }
  // For this command alone, so for no other machine, whatever the settings of the server say.
  const server = await startServer({ ...config, host: '127.0.0.1', port: 0, 'tls.cert': '', 'tls.key': '' })
  try {
    return await work({ url: server.url, key: server.ownerKey })
  } finally {
    await server.close()
  }
}

/** The key that commands send; `--key` is another way to set it. Without it, that of the data directory's owner. */
export const keyVariable = 'BARKEEP_KEY'
