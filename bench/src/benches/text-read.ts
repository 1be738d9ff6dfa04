import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { simulatedSessionDates } from '@barkeep/connectors'
import { barsQuery, inText } from '../bars-table.js'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { type FilledStore, fillStore } from '../filled-store.js'
import { writeCopies, writeMarket } from '../market.js'
import { meterOf } from '../meter.js'
import { startServerProcess } from '../server-process.js'
import { type Contestant, sideBySide } from '../side-by-side.js'
import { countBytes } from '../tasks/count-bytes.js'
import { engine } from '../tasks/engine.js'

const INSTRUMENTS = 10
const FIRST_SYMBOL = 1_001
/** About 100,000 minute bars of one instrument. */
const SESSIONS = 370
/** Instruments that are read: 100,000 bars and ten times as many. */
const reads = [1, INSTRUMENTS]
const ROWS_PAGE_MAX = 10_000_000

const formats = { CSV: 'CSV', NDJSON: 'JSONEachRow', JSON: 'JSONEachRow' } as const

export const bench: Bench = {
  name: 'text-read',
  summary: '100,000 bars and ten times as many as CSV, NDJSON and JSON, beside the engine alone',
  async run({ report, rounds, directory }) {
    const csv = await writeMarket(join(directory, 'market.csv'), { instrumentsMax: INSTRUMENTS })
    const store = await fillStore(directory, await writeCopies(csv, directory, 1))
    // JSON comes in pages; here one page is to hold all.
    await writeFile(join(store.data, 'barkeep.config.json'), JSON.stringify({ 'api.rowsPerPageMax': ROWS_PAGE_MAX }))
    const server = await startServerProcess(store.data)
    const end = simulatedSessionDates({ until: '2026-11-20', years: 2 })[SESSIONS] ?? ''
    for (const count of reads) {
      const names = Array.from({ length: count }, (_, at) => `SIM:${FIRST_SYMBOL + at}`).join(',')
      const where = `instrument < ${count} AND ts < toDateTime('${end} 00:00:00', 'Asia/Taipei')`
      const rows = await countRows(store, where)
      for (const [name, format] of Object.entries(formats)) {
        const page = name === 'JSON' ? `&limit=${ROWS_PAGE_MAX}` : ''
        const url = `${server.url}/v1/bars?interval=1m&instruments=${names}&end=${end}&format=${name.toLowerCase()}${page}`
        const overHttp = (way: string, acceptEncoding: string): Contestant => ({
          name: way,
          run: () =>
            meterOf(server.pid, async () => {
              const { output } = await runTask(countBytes, { url, acceptEncoding })
              return { seconds: output.seconds, rows }
            }),
        })
        const { output } = await runTask(countBytes, { url, acceptEncoding: 'identity' })
        const results = await sideBySide(
          [
            overHttp('GET /v1/bars; CPU and memory of the server', 'identity'),
            engineAlone(store, where, format, rows),
            overHttp('the same, packed with gzip', 'gzip'),
          ],
          rounds,
        )
        report.results(
          `${name}, ${rows.toLocaleString('en')} rows of ${Math.round(output.bytes / rows)} bytes`,
          results,
        )
      }
    }
    await server.stop()
  },
}

async function countRows({ engineDirectory }: FilledStore, where: string): Promise<number> {
  const sql = `SELECT count() FROM bars_1m FINAL WHERE ${where}`
  const { output } = await runTask(engine, { directory: engineDirectory, statements: [{ sql }] })
  return Number(output[0]?.text)
}

function engineAlone(
  { engineDirectory }: FilledStore,
  where: string,
  format: 'CSV' | 'JSONEachRow',
  rows: number,
): Contestant {
  return {
    name: 'engine alone, the same query',
    async run() {
      const statement = { sql: barsQuery('bars_1m', where, inText), isStreamed: true, format }
      const { output, peakBytes } = await runTask(engine, { directory: engineDirectory, statements: [statement] })
      const { seconds = Number.NaN, cpuSeconds } = output[0] ?? {}
      return { seconds, cpuSeconds, rows, peakBytes }
    },
  }
}
