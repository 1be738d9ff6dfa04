import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '@barkeep/client'
import { keptAdjustments, simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { keptIntervals } from '@barkeep/core'
import { startServer } from '@barkeep/server'
import { Progress } from './progress.js'
import { readConfig, untilStopped } from './serve.js'
import type { Flags } from './setting-flags.js'

/** One seed and a fixed last date: everyone's demonstration has the same bars. */
const SEED = 1
const until = '2026-11-20'
const YEARS = 2

/** Starts the server, fills it from the simulated exchange unless it is filled, and says what to try. */
export async function demo(flags: Flags): Promise<void> {
  const config = readConfig(flags)
  const server = await startServer(config, { level: 'warn' })
  const stopped = untilStopped(server)
  const done = join(config.data, 'demo.json')
  try {
    if (!existsSync(done)) {
      await fill(createClient({ url: server.url, key: server.ownerKey }))
      writeFileSync(done, JSON.stringify({ seed: SEED, until, years: YEARS }))
    }
    console.log(whatToTry(server.url))
  } catch (error) {
    await server.close()
    throw error
  }
  await stopped
}

async function fill(client: Client): Promise<void> {
  const instruments = simulatedInstruments(SEED)
  const sessionDates = simulatedSessionDates({ until, years: YEARS })
  await client.createInstruments(instruments)
  const adjustments = keptAdjustments(SEED, { instruments, sessionDates })
  await client.createAdjustments(adjustments, { source: 'simulated' })
  const progress = new Progress('Simulated exchange')
  let rows = 0
  for (const [index, instrument] of instruments.entries()) {
    for (const interval of keptIntervals) {
      const csv = [...simulatedCsv({ seed: SEED, interval, sessionDates, instruments: [instrument] })].join('')
      const report = await client.createBars(interval, csv, { contentType: 'text/csv', source: 'simulated' })
      rows += report.rows
    }
    progress.show((index + 1) / instruments.length, rows)
  }
}

function whatToTry(url: string): string {
  return `
Barkeep answers at ${url}. Ctrl-C stops it. Try:

  ${url}/docs   in a browser: every route, to read and to try
  curl '${url}/v1/bars?instruments=SIM:1001&interval=1h&start=2026-11-19'
  curl '${url}/v1/bars?exchange=SIM&interval=1m&format=arrow' -o bars.arrow
  curl '${url}/v1/calendar/SIM?start=2026-11-01'

  import { createClient } from '@barkeep/client'
  const barkeep = createClient({ url: '${url}' })
  const bars = await barkeep.bars(['SIM:1001'], { interval: '1d', start: '2026-11-01' })
  const table = await barkeep.loadBars({ interval: '1m', start: '2026-01-01' })
  console.log(bars.length, table.numRows)
`
}
