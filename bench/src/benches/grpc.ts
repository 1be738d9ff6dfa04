import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Window } from '../bars-service.js'
import type { Bench } from '../bench.js'
import { runTask, startService } from '../child.js'
import { fillStore } from '../filled-store.js'
import { writeCopies, writeMarket } from '../market.js'
import { meterOf } from '../meter.js'
import { questions } from '../questions.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { type Contestant, type Measurement, quantile, sideBySide } from '../side-by-side.js'
import { readGrpc } from '../tasks/read-grpc.js'
import { type ReadOutput, readRest } from '../tasks/read-rest.js'
import { serveGrpc } from '../tasks/serve-grpc.js'

const INSTRUMENTS = 10
const FIRST_SYMBOL = 1_001
const PAGES = 200
/** Requests before those that count. */
const WARM_UP = 30
const SECONDS_MAX = 4_294_967_295
const ROWS_PAGE_MAX = 10_000_000

const rest = { 'REST, JSON': 'json', 'REST, Protobuf': 'protobuf', 'REST, Arrow': 'arrow' } as const
const grpc = { 'gRPC, batches of bars': 'Rows', 'gRPC, Arrow in messages': 'Columns' } as const

export const bench: Bench = {
  name: 'grpc',
  summary: 'bars over REST from Barkeep, beside a bare gRPC service on the same engine: a page, and all at once',
  async run({ report, rounds, directory }) {
    const csv = await writeMarket(join(directory, 'market.csv'), { instrumentsMax: INSTRUMENTS })
    const store = await fillStore(directory, await writeCopies(csv, directory, 1))
    // JSON comes in pages; here one page is to hold all.
    await writeFile(join(store.data, 'barkeep.config.json'), JSON.stringify({ 'api.rowsPerPageMax': ROWS_PAGE_MAX }))
    const server = await startServerProcess(store.data)
    const service = await startService(serveGrpc, { database: store.engineDirectory, directory })
    const overRest = (format: (typeof rest)[keyof typeof rest], urls: readonly string[]) =>
      meterBoth(server.pid, () => runTask(readRest, { format, urls, directory }))
    const overGrpc = (method: 'Page' | 'Rows' | 'Columns', windows: readonly Window[]) =>
      meterBoth(service.pid, () => runTask(readGrpc, { address: service.output, method, windows, directory }))

    const asked = questions(WARM_UP + PAGES, INSTRUMENTS, 1)
    const urls = asked.map(
      ({ instrument, date, nextDate }) =>
        `${server.url}/v1/bars?interval=1m&instruments=${instrument}&start=${date}&end=${nextDate}`,
    )
    const windows = asked.map(({ number, startSeconds, endSeconds }) => ({
      first: number,
      end: number + 1,
      start_seconds: startSeconds,
      end_seconds: endSeconds,
    }))
    const pageWays = [
      ...Object.entries(rest).map(([name, format]) => ({ name, run: () => overRest(format, urls) })),
      { name: 'gRPC, one batch of bars', run: () => overGrpc('Page', windows) },
    ].map((way) => ({ ...way, runs: [] as Both[] }))
    for (let round = 0; round < rounds; round++) {
      for (const way of round % 2 === 0 ? pageWays : pageWays.toReversed()) way.runs.push(await way.run())
    }
    report.table(
      'A page: one stock, one day of minutes',
      ['way', 'rows', 'min ms', 'p50 ms', 'p99 ms', 'CPU ms, both sides'],
      pageWays.map(({ name, runs }) => {
        const sorted = runs.flatMap(({ output }) => output.seconds.slice(WARM_UP)).sort((a, b) => a - b)
        const cpu = Math.min(...runs.map(({ cpuSeconds = Number.NaN }) => cpuSeconds)) / urls.length
        const milliseconds = [...[0, 0.5, 0.99].map((part) => quantile(sorted, part)), cpu].map((value) =>
          rounded(value * 1_000),
        )
        return [name, runs[0]?.output.rows ?? 0, ...milliseconds]
      }),
    )

    for (const count of [1, INSTRUMENTS]) {
      const names = Array.from({ length: count }, (_, at) => `SIM:${FIRST_SYMBOL + at}`).join(',')
      const url = `${server.url}/v1/bars?interval=1m&instruments=${names}`
      const window = { first: 0, end: count, start_seconds: 0, end_seconds: SECONDS_MAX }
      const ways: Contestant[] = [
        ...Object.entries(rest).map(([name, format]) => ({
          name,
          // A page first, for what only the first request of a process costs.
          run: () => overRest(format, [...urls.slice(0, 1), format === 'json' ? `${url}&limit=${ROWS_PAGE_MAX}` : url]),
        })),
        ...Object.entries(grpc).map(([name, method]) => ({
          name,
          run: () => overGrpc(method, [...windows.slice(0, 1), window]),
        })),
      ]
      const results = await sideBySide(ways, rounds)
      const rows = results[0]?.rows.toLocaleString('en')
      report.results(`${rows} bars, until they are read; CPU of both sides, memory of the reader`, results)
    }
    await service.stop()
    await server.stop()
  },
}

interface Both extends Measurement {
  readonly output: ReadOutput
}

/** Measures reads: the seconds of the last, and the processor time of all, of the reader and of the server that it asks. */
async function meterBoth(
  pid: number,
  read: () => Promise<{ readonly output: ReadOutput; readonly peakBytes: number }>,
): Promise<Both> {
  let finished: Awaited<ReturnType<typeof read>> | undefined
  const { seconds, rows, cpuSeconds } = await meterOf(pid, async () => {
    finished = await read()
    return { seconds: finished.output.seconds.at(-1) ?? Number.NaN, rows: finished.output.rows }
  })
  if (finished === undefined) throw new Error('The reader gave nothing.')
  const { output, peakBytes } = finished
  // The first request of a process also loads what it asks with.
  const ofReader = output.cpuSeconds.slice(1).reduce((sum, one) => sum + one, 0)
  return { output, seconds, rows, peakBytes, cpuSeconds: cpuSeconds === undefined ? undefined : cpuSeconds + ofReader }
}
