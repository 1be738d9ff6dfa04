import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { runTask } from './child.js'
import { engine } from './tasks/engine.js'

const SEED = 1
const until = '2026-11-20'
const YEARS = 2

/** The columns of a bar on the wire, as the engine reads them. */
export const barStructure =
  "instrument String, ts DateTime64(3, 'UTC'), open Float64, high Float64, low Float64, close Float64, volume UInt64, turnover Nullable(Float64), trades Nullable(UInt32)"

/** Two years of minute bars of the simulated exchange as CSV: always the same, about 2.2 million rows of 20 instruments. */
export async function writeMarket(path: string, options: { readonly instrumentsMax?: number } = {}): Promise<string> {
  const chunks = simulatedCsv({
    seed: SEED,
    interval: '1m',
    sessionDates: simulatedSessionDates({ until, years: YEARS }),
    instruments: simulatedInstruments(SEED).slice(0, options.instrumentsMax),
  })
  await pipeline(Readable.from(chunks), createWriteStream(path))
  return path
}

/** The numbers of the simulated instruments start here: `SIM:1001`. */
const FIRST_SYMBOL = 1001
const SYMBOLS_PER_COPY = 100

/**
 * Several markets of other instruments with the same bars, each an Arrow stream in a file of its own.
 * Copies are as hard to compress as one, for blocks of the store are far smaller than a market.
 */
export async function writeCopies(csv: string, directory: string, copies: number): Promise<string[]> {
  const paths = Array.from({ length: copies }, (_, copy) => join(directory, `market-${copy}.arrow`))
  const first = paths[0] ?? ''
  const statements = paths.map((path, copy) => ({
    sql: `INSERT INTO FUNCTION file('${path}', 'ArrowStream') SELECT concat('SIM:', toString(toUInt32(substring(instrument, 5)) + ${copy * SYMBOLS_PER_COPY})) AS instrument, * EXCEPT instrument
      FROM file('${copy === 0 ? csv : first}', '${copy === 0 ? 'CSVWithNames' : 'ArrowStream'}', $$${barStructure}$$)`,
  }))
  await runTask(engine, { directory: join(directory, 'writer'), statements })
  return paths
}

/** SQL that makes the number of an instrument from its name. */
export const instrumentNumber = `(toUInt32(substring(instrument, 5)) - ${FIRST_SYMBOL})`
