import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { simulatedSessionDates } from '@barkeep/connectors'
import { barsQuery } from '../bars-table.js'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { fillStore } from '../filled-store.js'
import { writeCopies, writeMarket } from '../market.js'
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
const DAY_MS = 86_400_000
const OPEN_HOUR_MS = 3_600_000
const SESSION_SECONDS_MAX = 28_800

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
      const asked = questions(instrumentsMax, copies)
      const seconds: Record<string, number[]> = { JSON: [], Arrow: [], 'engine alone': [] }
      for (let round = 0; round < rounds; round++) {
        for (const format of ['JSON', 'Arrow']) {
          const urls = asked.map(
            ({ name, date, nextDate }) =>
              `${server.url}/v1/bars?instruments=${name}&interval=1m&start=${date}&end=${nextDate}&format=${format.toLowerCase()}`,
          )
          const { output } = await runTask(requests, { urls })
          seconds[format]?.push(...output.slice(WARM_UP).map((answer) => answer.seconds))
        }
        const { output } = await runTask(engine, {
          directory: store.engineDirectory,
          statements: asked.map(({ number, date }) => ({ sql: engineQuery(number, date), isStreamed: true })),
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

/** Days and stocks all over the store, always the same ones. */
function questions(instrumentsMax: number, copies: number) {
  const dates = simulatedSessionDates({ until: '2026-11-19', years: 1 })
  return Array.from({ length: WARM_UP + QUERIES }, (_, at) => {
    const [copy, symbol] = [(at * 7) % copies, (at * 11) % instrumentsMax]
    const number = copy * 100 + symbol
    const date = dates[(at * 37) % dates.length] ?? ''
    return { name: `SIM:${1001 + number}`, number: copy * instrumentsMax + symbol, date, nextDate: dayAfter(date) }
  })
}

const dayAfter = (date: string) => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10)

/** The server numbers instruments in the order they came. */
function engineQuery(number: number, date: string): string {
  const startSeconds = (Date.parse(date) + OPEN_HOUR_MS) / 1_000
  const endSeconds = startSeconds + SESSION_SECONDS_MAX
  return barsQuery(
    'bars_1m',
    `instrument = ${number} AND ts >= toDateTime(${startSeconds}) AND ts < toDateTime(${endSeconds})`,
  )
}
