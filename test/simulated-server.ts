import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { keptIntervals } from '@barkeep/core'
import { loadConfig, startServer } from '@barkeep/server'

const SEED = 1

export interface SimulatedServer {
  readonly url: string
  /** A key with every scope. */
  readonly ownerKey: string
  /** Ascending, `YYYY-MM-DD`. */
  readonly sessionDates: readonly string[]
  /** How many instruments of the simulated exchange there are, from SIM:1001 on. */
  readonly instruments: number
  /** Stops the server and removes its data. */
  close(): Promise<void>
}

/** A real server in this process that holds three instruments of the simulated exchange over a week. */
export async function startSimulatedServer(settings: Readonly<Record<string, string>> = {}): Promise<SimulatedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-simulated-'))
  const server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...settings } }))
  const instruments = simulatedInstruments(SEED).slice(0, 3)
  const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 7 / 365 })
  const client = createClient({ url: server.url })
  await client.createInstruments(instruments)
  for (const interval of keptIntervals) {
    const csv = [...simulatedCsv({ seed: SEED, interval, sessionDates, instruments })].join('')
    await client.createBars(interval, csv, { contentType: 'text/csv', source: 'simulated' })
  }
  return {
    url: server.url,
    ownerKey: server.ownerKey,
    sessionDates,
    instruments: instruments.length,
    async close() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
