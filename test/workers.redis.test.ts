import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@barkeep/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RedisServer,
  redisMissing,
  startRedis,
} from '../packages/server/src/crawl/limiter/redis-server.contract.js'
import { mostInAnyWindow } from '../packages/server/src/crawl/limiter/simulated-upstream.contract.js'
import { type HistoryUpstream, listen, startHistoryUpstream } from './worker-upstream.js'

const script = fileURLToPath(new URL('worker-process.mjs', import.meta.url))
const seed = Number(process.env.BARKEEP_WORKERS_SEED ?? 20261122)
const WORKERS = 4
const PAGES = Number(process.env.BARKEEP_WORKERS_PAGES ?? 200)
/** What is allowed of each of two credentials. */
const limit = { requests: 9, perMs: 1_000, per: 'credential' }
const tokens = ['first', 'second']
/** Tasks of one connector and one credential at the same time. */
const CONCURRENCY = 8
const JITTER_MS = 60

/** These tests run in real time: the operating system, its kills, the network and Redis are what is tested. */
describe.skipIf(redisMissing)('four workers on Redis', () => {
  const random = randomFrom(seed)
  let directory: string
  let redis: RedisServer
  let upstream: HistoryUpstream
  let server: Process
  let workers: Process[]
  /** What workers know as the server: the one that is there now. */
  let front: Server
  let frontUrl: string

  /** What is to be closed in the end, the last first. */
  const closers: (() => unknown)[] = []

  beforeAll(async () => {
    console.info(`BARKEEP_WORKERS_SEED=${seed}`)
    directory = mkdtempSync(join(tmpdir(), 'barkeep-workers-'))
    closers.push(() => rmSync(directory, { recursive: true, force: true }))
    redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always')
    closers.push(() => redis.stop())
    upstream = await startHistoryUpstream(random, JITTER_MS)
    closers.push(() => upstream.close())
    server = await startServer()
    closers.push(() => kill(server))
    front = createServer((inside) => {
      const outside = connect(Number(new URL(server.url).port), '127.0.0.1')
      inside.on('error', () => outside.destroy())
      outside.on('error', () => inside.destroy())
      inside.pipe(outside).pipe(inside)
    })
    frontUrl = await listen(front)
    closers.push(() => front.close())
    workers = await Promise.all(Array.from({ length: WORKERS }, () => startWorker('work')))
    closers.push(() => Promise.all(workers.map(kill)))
  })

  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  const flags = () => ({
    'redis.url': `redis://127.0.0.1:${redis.port}`,
    'crawl.concurrencyMax': String(CONCURRENCY),
    'connectors.worldtradingdata.baseUrl': upstream.url,
    'connectors.worldtradingdata.limits': JSON.stringify([limit]),
    'connectors.worldtradingdata.credentials': JSON.stringify(
      Object.fromEntries(tokens.map((token) => [token, { token }])),
    ),
  })
  const startServer = () => start('serve', { ...flags(), data: directory, port: '0', 'crawl.worksHere': 'false' })
  const startWorker = (role: WorkerRole = 'hurry') => start(role, flags(), frontUrl)

  async function send(method: string, path: string, body?: object) {
    const answer = await fetch(server.url + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return answer.json()
  }

  async function order(symbols: readonly string[]): Promise<number> {
    const { data } = await send('POST', '/v1/crawls', {
      connector: 'worldtradingdata',
      plan: 'history',
      instruments: symbols.map((symbol) => `NYSE:${symbol}`),
      start: '2019-03-01',
      end: '2019-04-01',
    })
    return data.id
  }

  /** Asks until nothing of the crawl is left to do; a server that is being started again is asked later. */
  async function ended(id: number): Promise<object> {
    for (;;) {
      const crawl = await send('GET', `/v1/crawls/${id}`).catch(() => undefined)
      if (crawl?.data.state === 'done') return crawl.data.tasks
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  const allDone = (done: number) => ({ waiting: 0, active: 0, done, dead: 0 })

  /** Why tasks are dead. */
  async function errors(): Promise<string[]> {
    const { data } = await send('GET', '/v1/dead-tasks')
    return data.map(({ error }: { error: string }) => error)
  }

  async function rowsOf(symbols: readonly string[]): Promise<object[]> {
    const wanted = new Set(symbols.map((symbol) => `NYSE:${symbol}`))
    const client = createClient({ url: server.url })
    const bars = await client.bars(undefined, { interval: '1d', start: '2019-01-01', end: '2020-01-01' }).toArray()
    return bars
      .filter(({ instrument }) => wanted.has(instrument))
      .toSorted((a, b) => (a.instrument + a.ts < b.instrument + b.ts ? -1 : 1))
  }

  const truthOf = (symbols: readonly string[]) => symbols.flatMap((symbol) => upstream.truth(symbol))

  function expectLimitsHeld(): void {
    for (const token of tokens) {
      const arrivalsMs = upstream.arrivals.filter((arrival) => arrival.token === token).map(({ atMs }) => atMs)
      const most = mostInAnyWindow(arrivalsMs, limit.perMs)
      console.info(`credential ${token}: ${arrivalsMs.length} arrivals, at most ${most} in any ${limit.perMs} ms`)
      expect(most).toBeLessThanOrEqual(limit.requests)
    }
  }

  test('ask for each page once when nothing goes wrong, though two crawls want it', async () => {
    const symbols = symbolsFrom(1, 40)
    const ids = await Promise.all([order(symbols), order(symbols)])
    for (const id of ids) expect([await ended(id), await errors()]).toEqual([allDone(40), []])
    expect(upstream.arrivals.map(({ symbol }) => symbol).toSorted()).toEqual(symbols)
    expect(await rowsOf(symbols)).toEqual(truthOf(symbols))
    expectLimitsHeld()
    // From here on some are killed, and nobody wants to wait for their leases.
    await Promise.all(workers.map(kill))
    workers = await Promise.all(Array.from({ length: WORKERS }, () => startWorker()))
  })

  test('put a task aside that cannot succeed, and take it up again when told to', async () => {
    const symbols = symbolsFrom(51, 3)
    upstream.broken.add('T0052')
    const id = await order(symbols)
    expect(await ended(id)).toMatchObject({ done: 2, dead: 1 })
    const { data } = await send('GET', '/v1/dead-tasks')
    expect(data).toEqual([
      expect.objectContaining({
        crawl: id,
        handler: 'history',
        params: expect.objectContaining({ instrument: 'NYSE:T0052' }),
        attempts: 1,
        error: expect.stringContaining('UPSTREAM_CHANGED'),
      }),
    ])
    upstream.broken.clear()
    await send('POST', '/v1/connectors/worldtradingdata', { revive: true })
    expect(await ended(id)).toMatchObject({ done: 3, dead: 0 })
    expect(await rowsOf(symbols)).toEqual(truthOf(symbols))
  })

  test('go on when Redis is killed and comes back with its data', async () => {
    const symbols = symbolsFrom(101, 40)
    const before = upstream.arrivals.length
    const id = await order(symbols)
    await arrived(before + 20)
    await redis.restart()
    expect([await ended(id), await errors()]).toEqual([allDone(40), []])
    expect(await rowsOf(symbols)).toEqual(truthOf(symbols))
    const asked = upstream.arrivals.filter(({ symbol }) => symbols.includes(symbol)).length
    console.info(`40 pages, Redis killed once, ${asked} asked for`)
    expect(asked).toBeLessThanOrEqual(40 + WORKERS * CONCURRENCY * tokens.length)
    expectLimitsHeld()
  })

  test('lose no page, keep none twice and never send a tenth, though workers and server are killed', async () => {
    const symbols = symbolsFrom(1_000, PAGES)
    const before = upstream.arrivals.length
    const id = await order(symbols)
    const end = ended(id)
    const kills = { workers: 0, server: 0 }
    // A kill after so many further arrivals: every two seconds, at this limit.
    for (let next = before + 20; next < before + PAGES - 20; next += 20 + Math.floor(random() * 20)) {
      await arrived(next)
      if (kills.workers % 4 === 3 && kills.server < 3) {
        kills.server += 1
        await kill(server)
        server = await startServer()
      }
      kills.workers += 1
      const victim = Math.floor(random() * WORKERS)
      await kill(workers[victim])
      workers[victim] = await startWorker()
    }
    expect([await end, await errors()]).toEqual([allDone(PAGES), []])
    const asked = upstream.arrivals.filter(({ symbol }) => symbols.includes(symbol))
    console.info(
      `${PAGES} pages, ${kills.workers} workers and ${kills.server} servers killed, ${asked.length} asked for`,
    )
    expect(await rowsOf(symbols)).toEqual(truthOf(symbols))
    expect(new Set(asked.map(({ symbol }) => symbol))).toEqual(new Set(symbols))
    expect(asked.length - PAGES).toBeLessThanOrEqual(kills.workers * CONCURRENCY * tokens.length)
    expectLimitsHeld()
  })

  async function arrived(count: number): Promise<void> {
    while (upstream.arrivals.length < count) await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

/** Short leases are of no use where nothing may be asked for twice: a busy machine holds processes up for longer. */
type WorkerRole = 'work' | 'hurry'

interface Process {
  readonly child: ChildProcess
  readonly url: string
}

/** Starts one of the processes and waits until it says where it is. */
async function start(role: 'serve' | WorkerRole, flags: object, ...more: string[]): Promise<Process> {
  const child = spawn(process.execPath, [script, role, JSON.stringify(flags), ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The process to ${role} ended with ${code}.`)
  })
  failed.catch(() => undefined)
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), failed])
  return { child, url }
}

/** `kill -9`. */
async function kill(process: Process | undefined): Promise<void> {
  if (process === undefined || process.child.exitCode !== null || process.child.signalCode !== null) return
  const gone = once(process.child, 'exit')
  process.child.kill('SIGKILL')
  await gone
}

function symbolsFrom(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `T${String(first + index).padStart(4, '0')}`)
}

/** Numbers in [0, 1) that a seed tells (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
