import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { barsQuery } from '../bars-table.js'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { fillStore } from '../filled-store.js'
import { writeCopies, writeMarket } from '../market.js'
import { type Question, questions } from '../questions.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { quantile } from '../side-by-side.js'
import { engine } from '../tasks/engine.js'
import { requests } from '../tasks/requests.js'

/** About 1, 10 and 30 million rows: instruments of one market, then copies of it. */
const sizes = [
  { instrumentsMax: 9, copies: 1 },
  { instrumentsMax: 20, copies: 5 },
  { instrumentsMax: 20, copies: 14 },
]
const QUERIES = 300
/** Requests before those that count: the first ones meet a cold server. */
const WARM_UP = 30

export const bench: Bench = {
  name: 'point-query',
  summary: 'one stock, one day of minutes, over HTTP as JSON and Arrow, beside the engine alone',
  async run({ report, rounds, directory: parent }) {
    const rows: (string | number)[][] = []
    for (const { instrumentsMax, copies } of sizes) {
      const directory = join(parent, `copies-${copies}`)
      await mkdir(directory)
      const csv = await writeMarket(join(directory, 'market.csv'), { instrumentsMax })
      const store = await fillStore(directory, await writeCopies(csv, directory, copies))
      const server = await startServerProcess(store.data)
      const asked = questions(WARM_UP + QUERIES, instrumentsMax, copies)
      const seconds: Record<string, number[]> = { JSON: [], Arrow: [], 'engine alone': [] }
      for (let round = 0; round < rounds; round++) {
        for (const format of ['JSON', 'Arrow']) {
          const urls = asked.map(
            ({ instrument, date, nextDate }) =>
              `${server.url}/v1/bars?instruments=${instrument}&interval=1m&start=${date}&end=${nextDate}&format=${format.toLowerCase()}`,
          )
          const { output } = await runTask(requests, { urls })
          seconds[format]?.push(...output.slice(WARM_UP).map((answer) => answer.seconds))
        }
        const { output } = await runTask(engine, {
          directory: store.engineDirectory,
          statements: asked.map((question) => ({ sql: engineQuery(question), isStreamed: true })),
        })
        seconds['engine alone']?.push(...output.slice(WARM_UP).map((outcome) => outcome.seconds))
      }
      await server.stop()
      await rm(directory, { recursive: true })
      for (const [way, unsorted] of Object.entries(seconds)) {
        const sorted = unsorted.sort((a, b) => a - b)
        rows.push([
          way,
          store.rows,
          sorted.length,
          ...[0, 0.5, 0.99].map((part) => rounded(quantile(sorted, part) * 1_000)),
        ])
      }
    }
    report.table('One stock, one day of minutes', ['way', 'rows kept', 'queries', 'min ms', 'p50 ms', 'p99 ms'], rows)
  },
}

function engineQuery({ number, startSeconds, endSeconds }: Question): string {
  return barsQuery(
    'bars_1m',
    `instrument = ${number} AND ts >= toDateTime(${startSeconds}) AND ts < toDateTime(${endSeconds})`,
  )
}
