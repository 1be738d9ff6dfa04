import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { barsTable } from '../bars-table.js'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { barStructure, instrumentNumber, writeCopies, writeMarket } from '../market.js'
import { meterOf } from '../meter.js'
import { startServerProcess } from '../server-process.js'
import { type Contestant, sideBySide } from '../side-by-side.js'
import { engine } from '../tasks/engine.js'
import { postFile } from '../tasks/post-file.js'

const FEW_INSTRUMENTS = 2

const formats = {
  Arrow: { type: 'application/vnd.apache.arrow.stream', engine: 'ArrowStream' },
  CSV: { type: 'text/csv', engine: 'CSVWithNames' },
} as const

export const bench: Bench = {
  name: 'ingest',
  summary: 'minute bars by POST until they can be read, beside the engine alone with the same file',
  async run({ report, rounds, directory }) {
    for (const instrumentsMax of [FEW_INSTRUMENTS, undefined]) {
      const csv = await writeMarket(
        join(directory, 'market.csv'),
        instrumentsMax === undefined ? {} : { instrumentsMax },
      )
      const [arrow = ''] = await writeCopies(csv, directory, 1)
      for (const [name, format] of Object.entries(formats)) {
        const path = name === 'CSV' ? csv : arrow
        const ways = [overHttp(directory, path, format.type), engineAlone(directory, path, format.engine)]
        const results = await sideBySide(ways, rounds)
        report.results(`${name}, ${results[0]?.rows.toLocaleString('en')} rows`, results)
      }
    }
  },
}

/** Each time into an empty store, by a server that runs already. */
function overHttp(directory: string, path: string, type: string): Contestant {
  return {
    name: 'POST /v1/bars/1m',
    async run() {
      const data = join(directory, 'data')
      await mkdir(data)
      const server = await startServerProcess(data)
      const measurement = await meterOf(server.pid, async () => {
        return (await runTask(postFile, { url: server.url, path, type })).output
      })
      await server.stop()
      await rm(data, { recursive: true })
      return measurement
    },
  }
}

function engineAlone(directory: string, path: string, format: string): Contestant {
  return {
    name: 'engine alone, INSERT … SELECT FROM file()',
    async run() {
      const database = join(directory, 'engine')
      const statements = [
        barsTable('bars'),
        `INSERT INTO bars SELECT ${instrumentNumber}, ts, open, high, low, close, volume, turnover, trades, 'file', true, now64(3)
          FROM file('${path}', '${format}', $$${barStructure}$$)`,
        'SELECT count() FROM bars',
      ]
      const { output, peakBytes } = await runTask(engine, {
        directory: database,
        statements: statements.map((sql) => ({ sql })),
      })
      await rm(database, { recursive: true })
      const { seconds = Number.NaN, cpuSeconds } = output[1] ?? {}
      return { seconds, cpuSeconds, rows: Number(output[2]?.text), peakBytes }
    },
  }
}
