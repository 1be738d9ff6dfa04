import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import type { Bench } from '../bench.js'
import { runTask, startService } from '../child.js'
import { cpuSecondsOf } from '../memory.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { quantile } from '../side-by-side.js'
import { requests } from '../tasks/requests.js'
import { type FixedAnswer, serveAnswers } from '../tasks/serve-answers.js'

const ROWS = 1_000
const FIRST_SYMBOL = 1_001
/** Different URLs of one kind, asked for in turn. */
const URLS = 50
const REQUESTS = 2_000
const CONNECTIONS = 16

/** Small reads of each kind; `at` makes them differ. */
const reads = {
  'one instrument': (at: number) => `/v1/instruments/SIM:${FIRST_SYMBOL + at}`,
  'one row of a dataset': (at: number) => `/v1/datasets/stations/rows/${at * 20}`,
  'five rows of the plain API': (at: number) => `/api/stations?$start=${at * 5}&$take=5`,
}

export const bench: Bench = {
  name: 'small-read',
  summary: 'small answers over connections that stay open, beside bare Fastify with the same bytes',
  async run({ report, rounds, directory }) {
    const data = join(directory, 'data')
    await mkdir(data)
    const server = await startServerProcess(data)
    await fill(server.url)
    const bare = await startService(serveAnswers, await copyAnswers(server.url))
    const rows: (string | number)[][] = []
    for (const [read, pathOf] of Object.entries(reads)) {
      const paths = Array.from({ length: REQUESTS }, (_, at) => pathOf(at % URLS))
      const ways = [
        { name: 'Barkeep', url: server.url, pid: server.pid, runs: [] as Run[] },
        { name: 'bare Fastify', url: bare.output, pid: bare.pid, runs: [] as Run[] },
      ]
      // The first round warms both up and does not count.
      for (let round = 0; round <= rounds; round++) {
        for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
          const run = await measure(way, paths)
          if (round > 0) way.runs.push(run)
        }
      }
      const bareRate = bestRate(ways[1]?.runs ?? [])
      for (const { name, runs } of ways) {
        const alone = runs.flatMap(({ aloneSeconds }) => aloneSeconds).sort((a, b) => a - b)
        rows.push([
          read,
          name,
          runs[0]?.bytes ?? 0,
          rounded(quantile(alone, 0.5) * 1_000),
          rounded(quantile(alone, 0.99) * 1_000),
          rounded(bestRate(runs)),
          rounded(bestRate(runs) / bareRate),
          rounded(Math.min(...runs.map(({ cpuSeconds }) => cpuSeconds)) * 1_000),
        ])
      }
    }
    await bare.stop()
    await server.stop()
    report.table(
      `Small reads: alone over one connection, then over ${CONNECTIONS}`,
      ['read', 'way', 'bytes', 'p50 ms', 'p99 ms', 'requests/s', 'this : bare', 'CPU ms a request'],
      rows,
    )
  },
}

interface Run {
  readonly aloneSeconds: readonly number[]
  readonly bytes: number
  /** Over all connections. */
  readonly requestsPerSecond: number
  /** Processor time of the server for one request. */
  readonly cpuSeconds: number
}

async function measure({ url, pid }: { url: string; pid: number }, paths: readonly string[]): Promise<Run> {
  const urls = paths.map((path) => `${url}${path}`)
  const before = await cpuSecondsOf(pid)
  const { output: alone } = await runTask(requests, { urls })
  const { output: shared } = await runTask(requests, { urls, connections: CONNECTIONS })
  const after = await cpuSecondsOf(pid)
  // Each connection always waits for one answer, so all their seconds together are those of the run times their number.
  const seconds = shared.reduce((sum, answer) => sum + answer.seconds, 0) / CONNECTIONS
  return {
    aloneSeconds: alone.map((answer) => answer.seconds),
    bytes: alone[0]?.bytes ?? 0,
    requestsPerSecond: urls.length / seconds,
    cpuSeconds: before === undefined || after === undefined ? Number.NaN : (after - before) / (2 * urls.length),
  }
}

function bestRate(runs: readonly Run[]): number {
  return Math.max(...runs.map(({ requestsPerSecond }) => requestsPerSecond))
}

async function fill(url: string): Promise<void> {
  const instruments = Array.from({ length: URLS }, (_, at) => ({
    instrument: `SIM:${FIRST_SYMBOL + at}`,
    name: `Company ${at}`,
    kind: 'stock',
  }))
  const answer = await fetch(`${url}/v1/instruments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(instruments),
  })
  if (answer.status !== 201) throw new Error(`Instruments were refused: ${await answer.text()}`)
  const stations = Array.from({ length: ROWS }, (_, id) => ({
    id,
    name: `Station ${id}`,
    height: (id * 37) % 3_000,
    opened: '2001-02-03',
  }))
  await createClient({ url })
    .dataset('stations')
    .insert(Buffer.from(JSON.stringify(stations)), { contentType: 'application/json', key: ['id'] })
}

/** What the server answers to every read, for another server to answer the same. */
async function copyAnswers(url: string): Promise<FixedAnswer[]> {
  const answers: FixedAnswer[] = []
  for (const pathOf of Object.values(reads)) {
    for (let at = 0; at < URLS; at++) {
      const path = pathOf(at)
      const answer = await fetch(`${url}${path}`)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
      answers.push({ path, type: answer.headers.get('content-type') ?? '', body: await answer.text() })
    }
  }
  return answers
}
