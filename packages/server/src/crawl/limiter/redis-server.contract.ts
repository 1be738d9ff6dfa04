import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** True where no redis-server is installed: the tests skip, and say so; with CI=true they fail. */
export const redisMissing = spawnSync('redis-server', ['--version']).error !== undefined
if (redisMissing && process.env.CI === 'true')
  throw new Error('redis-server is missing; install it to test the limiter')
if (redisMissing) console.warn('SKIPPED, redis-server is missing: the limiter that counts in Redis is not tested')

export interface RedisServer {
  readonly port: number
  /** As `kill -9` and a new start; what was not written to disk is lost. */
  restart(): Promise<void>
  kill(): Promise<void>
  /** Ends it and removes its directory. */
  stop(): Promise<void>
}

/** A Redis of its own; it ends with this process at the latest. */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-redis-'))
  const port = await freePort()
  const all = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, ...settings]
  let child = await start(all)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  return {
    port,
    kill,
    async restart() {
      await kill()
      child = await start(all)
    },
    async stop() {
      process.off('exit', onExit)
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Resolves when the server takes connections. */
function start(settings: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', [...settings, '--save', '', '--repl-diskless-sync-delay', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let log = ''
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${log}`)))
    child.once('error', reject)
    child.stdout.on('data', (part: Buffer) => {
      log = `${log}${part}`.slice(-10_000)
      if (log.includes('Ready to accept connections')) resolve(child)
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
