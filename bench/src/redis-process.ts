import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface RedisProcess {
  readonly url: string
  stop(): Promise<void>
}

/** A Redis of its own that writes nothing to disk; undefined, with a word about it, where none is installed. */
export async function startRedisProcess(): Promise<RedisProcess | undefined> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) {
    console.log('redis-server is not installed: what runs on Redis is left out.\n')
    return undefined
  }
  const port = await freePort()
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  // A bench that fails leaves no server behind.
  const kill = () => child.kill()
  process.once('exit', kill)
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('Ready to accept connections')) continue
    // A pipe that nobody reads would stop the server one day.
    child.stdout.resume()
    return {
      url: `redis://127.0.0.1:${port}`,
      async stop() {
        child.kill()
        await exited
        process.off('exit', kill)
      },
    }
  }
  throw new Error('Redis ended before it listened.')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
