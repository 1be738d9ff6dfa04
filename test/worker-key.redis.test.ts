import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer, startWorker } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type RedisServer,
  redisMissing,
  startRedis,
} from '../packages/server/src/crawl/limiter/redis-server.contract.js'
import { type HistoryUpstream, startHistoryUpstream } from './worker-upstream.js'

/** The command as it is built; `npm test` builds before it tests. */
const barkeep = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url))
const environment = { ...process.env, UV_THREADPOOL_SIZE: '32', BARKEEP_KEY: '' }

let directory: string
let redis: RedisServer
let upstream: HistoryUpstream
let closers: (() => unknown)[] = []

const settings = () => ({
  'redis.url': `redis://127.0.0.1:${redis.port}`,
  'connectors.worldtradingdata.baseUrl': upstream.url,
  'connectors.worldtradingdata.limits': JSON.stringify([{ requests: 100, perMs: 100 }]),
  'connectors.worldtradingdata.credentials': JSON.stringify({ main: { token: 'main' } }),
})

describe.skipIf(redisMissing)('work that is shared over Redis', () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-worker-key-'))
    upstream = await startHistoryUpstream(() => 0.5, 1)
  })
  afterEach(async () => {
    for (const close of closers.toReversed()) await close()
    closers = []
  })
  afterAll(async () => {
    await upstream?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  async function openRedis(): Promise<void> {
    redis = await startRedis()
    closers.push(() => redis.stop())
  }

  async function openServer(name: string, more: Record<string, string> = {}): Promise<RunningServer> {
    const flags = { ...settings(), data: join(directory, name), port: '0', 'crawl.worksHere': 'false', ...more }
    return startServer(loadConfig({ flags }))
  }

  const order = (symbols: readonly string[]) => ({
    connector: 'worldtradingdata',
    plan: 'history',
    instruments: symbols.map((symbol) => `NYSE:${symbol}`),
    start: '2019-03-01',
    end: '2019-04-01',
  })

  test('the help of a worker shows where Redis is told', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [barkeep, 'worker', '--help'], { env: environment })
    expect(stdout).toMatch(/--redis\.url <value>/)
    expect(stdout).toMatch(/--server <url>/)
    expect(stdout).toMatch(/--key <key>/)
    expect(stdout).not.toMatch(/--api\./)
  })

  test('a server beyond loopback takes results of a worker that has a key, and of no other', async () => {
    await openRedis()
    const inside = await openServer('beyond')
    const asOwner = { authorization: `Bearer ${inside.ownerKey}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'worker', scopes: ['write'] })
    const made = await fetch(`${inside.url}/v1/keys`, { method: 'POST', headers: asOwner, body })
    const { data } = await made.json()
    await inside.close()

    const server = await openServer('beyond', { host: '0.0.0.0' })
    closers.push(() => server.close())
    const client = createClient({ url: server.url, key: server.ownerKey })
    const { id } = await client.crawl(order(['T0001', 'T0002']))

    const stranger = startCommand(server.url)
    closers.push(() => stop(stranger.child))
    expect(await stranger.error).toMatch(/^UNAUTHORIZED_ACCESS: .* Results wait in this worker/)
    expect((await client.crawlStatus(id)).tasks).toMatchObject({ done: 0, dead: 0 })
    // It gives back what it holds.
    await stop(stranger.child)

    const known = startCommand(server.url, '--key', data.key)
    closers.push(() => stop(known.child))
    for await (const { state, tasks } of client.followCrawl(id)) {
      if (state === 'done') expect(tasks).toEqual({ waiting: 0, active: 0, done: 2, dead: 0 })
    }
    const bars = await client.bars(['NYSE:T0001', 'NYSE:T0002'], { interval: '1d', start: '2019-01-01' }).toArray()
    expect(bars).toEqual([...upstream.truth('T0001'), ...upstream.truth('T0002')])
  })

  test.each([
    ['and was noticed to be', true],
    ['and nobody has noticed yet', false],
  ])('a server and a worker close while Redis is away, %s', async (_, isNoticed) => {
    await openRedis()
    const server = await openServer(`away-${isNoticed}`, { 'crawl.worksHere': 'true' })
    const config = loadConfig({ flags: settings() })
    const worker = await startWorker(config, server.url, { key: server.ownerKey })
    // Enough that both are in the middle of asking and keeping when Redis goes.
    const symbols = Array.from({ length: 400 }, (_, index) => `T${1_000 + index}`)
    const before = upstream.arrivals.length
    await createClient({ url: server.url }).crawl(order(symbols))
    await until(() => upstream.arrivals.length > before + 20)
    await redis.kill()
    // By the time of an answer the connections have ended, and are being opened anew.
    if (isNoticed) await expect(fetch(`${server.url}/healthz`)).resolves.toMatchObject({ status: 200 })
    await Promise.all([worker.close(), server.close()])
  })

  test('a server whose queue is empty closes while Redis is away', async () => {
    await openRedis()
    const server = await openServer('idle', { 'crawl.worksHere': 'true' })
    await redis.kill()
    await server.close()
  })

  function startCommand(url: string, ...more: string[]): { child: ChildProcess; error: Promise<string> } {
    const flags = Object.entries(settings()).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(process.execPath, [barkeep, 'worker', '--server', url, ...flags, ...more], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const error = once(createInterface(child.stderr), 'line').then(([line]) => String(line))
    error.catch(() => undefined)
    return { child, error }
  }
})

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10))
}
