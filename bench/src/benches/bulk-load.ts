import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { barsQuery } from '../bars-table.js'
import type { Bench, BenchContext } from '../bench.js'
import { runTask, startService } from '../child.js'
import { openDuckDb } from '../duckdb.js'
import { fillStore } from '../filled-store.js'
import { writeCopies, writeMarket } from '../market.js'
import { meterOf } from '../meter.js'
import { startServerProcess } from '../server-process.js'
import { type Contestant, type Measurement, sideBySide } from '../side-by-side.js'
import { countBytes } from '../tasks/count-bytes.js'
import { duckDbColumns } from '../tasks/duckdb-columns.js'
import { engine } from '../tasks/engine.js'
import { type LoadInput, loadBars } from '../tasks/load-bars.js'
import { serveBytes } from '../tasks/serve-bytes.js'

/** About 3 and 30 million rows. */
const COPIES_OF_MARKET = [1, 14]

export const bench: Bench = {
  name: 'bulk-load',
  summary: 'all minute bars from the server into columns of the SDK, beside DuckDB on Parquet and bare bytes over HTTP',
  async run(context) {
    const csv = await writeMarket(join(context.directory, 'market.csv'))
    for (const copies of COPIES_OF_MARKET) {
      const directory = join(context.directory, `copies-${copies}`)
      await measure({ ...context, directory }, csv, copies)
    }
  },
}

async function measure({ report, rounds, directory }: BenchContext, csv: string, copies: number): Promise<void> {
  await mkdir(directory)
  const paths = await writeCopies(csv, directory, copies)
  const store = await fillStore(directory, paths)
  const parquet = await writeParquet(directory, store.engineDirectory)
  const server = await startServerProcess(store.data)
  const raw = await startService(serveBytes, {})
  const url = `${server.url}/v1/bars?interval=1m&format=arrow`
  const { bytes } = (await runTask(countBytes, { url })).output
  const load = async (input: LoadInput): Promise<Measurement> => {
    const { output, peakBytes, cpuSeconds } = await runTask(loadBars, input)
    return { ...output, peakBytes, cpuSeconds }
  }
  const count = async (from: string): Promise<Measurement> => {
    const { output, peakBytes, cpuSeconds } = await runTask(countBytes, { url: from })
    return { seconds: output.seconds, rows: store.rows, peakBytes, cpuSeconds }
  }
  const ways: Contestant[] = [
    { name: 'loadBars', run: () => load({ url: server.url, isJoined: false }) },
    { name: 'loadBars, one array a column', run: () => load({ url: server.url, isJoined: true }) },
    {
      name: 'the same request, bytes counted; CPU and memory of the server',
      run: () => meterOf(server.pid, () => count(url)),
    },
    { name: 'engine alone, the same query', run: () => engineAlone(store.engineDirectory, store.rows) },
    { name: 'bare node:http, as many bytes', run: () => count(`${raw.output}/?bytes=${bytes}`) },
  ]
  if ((await openDuckDb()) !== undefined) {
    ways.push({ name: 'DuckDB, Parquet into arrays, in process', run: () => duckDb(parquet, store.rows) })
  }
  const results = await sideBySide(ways, rounds)
  report.results(
    `${store.rows.toLocaleString('en')} rows of ${Math.round(bytes / store.rows)} bytes on the wire`,
    results,
  )
  await raw.stop()
  await server.stop()
}

async function engineAlone(directory: string, rows: number): Promise<Measurement> {
  const { output, peakBytes } = await runTask(engine, {
    directory,
    statements: [{ sql: barsQuery('bars_1m'), isStreamed: true }],
  })
  const { seconds = Number.NaN, cpuSeconds } = output[0] ?? {}
  return { seconds, cpuSeconds, rows, peakBytes }
}

/** Instruments as numbers, as the store keeps them; what is unsigned or null to the store is a plain double here. */
async function writeParquet(directory: string, database: string): Promise<string> {
  const path = join(directory, 'bars.parquet')
  const sql = `INSERT INTO FUNCTION file('${path}', 'Parquet') SELECT instrument, toUnixTimestamp64Milli(toDateTime64(ts, 3)) AS ts, open, high, low, close, volume, turnover, trades FROM bars_1m FINAL ORDER BY instrument, bars_1m.ts`
  await runTask(engine, { directory: database, statements: [{ sql }] })
  return path
}

async function duckDb(parquet: string, rows: number): Promise<Measurement> {
  const sql = `SELECT instrument, ts, open, high, low, close, volume::DOUBLE, turnover, trades::UINTEGER FROM '${parquet}'`
  const { output, peakBytes, cpuSeconds } = await runTask(duckDbColumns, { sql, rows })
  return { ...output, peakBytes, cpuSeconds }
}
