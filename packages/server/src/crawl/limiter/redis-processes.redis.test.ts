import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { redisMissing, startRedis } from './redis-server.contract.js'
import { mostInAnyWindow } from './simulated-upstream.contract.js'
import { startRouter } from './tcp-router.contract.js'

const requests = 9
const processes = 4
/** The mission's window, and a shorter one where many windows of quiet would only cost time. */
const second = 1_000
const shortMs = 300

/** These tests run in real time: the operating system, its kills, the network and Redis are what is tested. */
describe.skipIf(redisMissing)('four processes that share nine requests in a window', () => {
  let directory: string
  let workerPath: string

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-limiter-'))
    workerPath = join(directory, 'worker.mjs')
    // Children of the tests run JavaScript, as Node 20 cannot read TypeScript.
    await build({
      entryPoints: [fileURLToPath(new URL('./redis-worker.contract.ts', import.meta.url))],
      outfile: workerPath,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['source'],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
      logLevel: 'error',
    })
  })

  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  function startWorker(redisPort: number, upstreamUrl: string, perMs: number): ChildProcess {
    const worker = fork(workerPath, [String(redisPort), upstreamUrl, String(perMs)], { execArgv: [] })
    onTestFinished(() => {
      worker.kill('SIGKILL')
    })
    return worker
  }

  function startWorkers(redisPort: number, upstreamUrl: string, perMs: number): ChildProcess[] {
    return Array.from({ length: processes }, () => startWorker(redisPort, upstreamUrl, perMs))
  }

  test('never send a tenth, though workers are killed and replaced', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const upstream = await startUpstream()
    const workers = startWorkers(server.port, upstream.url, second)
    for (const target of [30, 60]) {
      await upstream.arrived(target)
      const victim = workers.shift()
      victim?.kill('SIGKILL')
      workers.push(startWorker(server.port, upstream.url, second))
    }
    await upstream.arrived(90)
    expect(mostInAnyWindow(upstream.arrivalsMs, second)).toBeLessThanOrEqual(requests)
  })

  test('use nearly all of what is allowed', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const upstream = await startUpstream()
    startWorkers(server.port, upstream.url, second)
    await upstream.arrived(9 * 8)
    const { arrivalsMs } = upstream
    const tookMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0)
    const utilisation = arrivalsMs.length / (requests * (1 + tookMs / second))
    console.info(`4 processes, 9 per 1 s: ${(utilisation * 100).toFixed(1)} % of what is allowed reached the upstream`)
    expect(mostInAnyWindow(arrivalsMs, second)).toBe(requests)
  })

  test('never send a tenth when Redis is killed and starts anew without its data', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const upstream = await startUpstream()
    startWorkers(server.port, upstream.url, shortMs)
    for (const target of [25, 50]) {
      await upstream.arrived(target)
      await server.restart()
    }
    await upstream.arrived(75)
    expect(mostInAnyWindow(upstream.arrivalsMs, shortMs)).toBeLessThanOrEqual(requests)
  })

  test('never send a tenth when Redis starts anew with books of a while ago', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const upstream = await startUpstream()
    startWorkers(server.port, upstream.url, second)
    await upstream.arrived(14)
    const admin = new Redis(server.port, '127.0.0.1')
    await admin.save()
    admin.disconnect()
    await upstream.arrived(32)
    await server.restart()
    await upstream.arrived(50)
    expect(mostInAnyWindow(upstream.arrivalsMs, second)).toBeLessThanOrEqual(requests)
  })

  test('never send a tenth when a replica that lags behind takes over', async () => {
    const master = await startRedis()
    const replica = await startRedis('--replicaof', '127.0.0.1', String(master.port))
    onTestFinished(() => Promise.all([master.stop(), replica.stop()]).then(() => {}))
    const admin = new Redis(replica.port, '127.0.0.1')
    onTestFinished(() => admin.disconnect())
    while (!(await admin.info('replication')).includes('master_link_status:up')) await admin.ping()
    const router = await startRouter(master.port)
    const upstream = await startUpstream()
    startWorkers(router.port, upstream.url, second)
    await upstream.arrived(20)
    // What the master does from here on never reaches the replica.
    await admin.call('REPLICAOF', 'NO', 'ONE')
    await upstream.arrived(40)
    await master.kill()
    router.moveTo(replica.port)
    await upstream.arrived(58)
    expect(mostInAnyWindow(upstream.arrivalsMs, second)).toBeLessThanOrEqual(requests)
  })
})

/** An upstream over real HTTP that notes each arrival and answers after 5 to 45 ms. */
async function startUpstream() {
  const arrivalsMs: number[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const server = createServer((_request, response) => {
    arrivalsMs.push(performance.now())
    for (const { count, resolve } of waiting) if (arrivalsMs.length >= count) resolve()
    setTimeout(() => response.end('{}'), 5 + Math.random() * 40)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    arrivalsMs,
    url: `http://127.0.0.1:${port}/`,
    arrived(count: number): Promise<void> {
      return arrivalsMs.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }))
    },
  }
}
