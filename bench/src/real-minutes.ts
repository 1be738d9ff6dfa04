import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { readBars, shippedFormats } from '@barkeep/connectors'
import { builtInExchanges } from '@barkeep/core'
import { barStructure } from './market.js'

const folder = new URL('../../../shared/data/lean/minute/', import.meta.url).pathname

/** SQL that gives real minute bars of US stocks in the order of the store, or undefined where the data is missing. */
export async function realMinutes(directory: string): Promise<string | undefined> {
  if (!existsSync(folder)) {
    console.warn(`SKIPPED, real data is missing: ${folder}`)
    return undefined
  }
  const path = join(directory, 'real.csv')
  const format = shippedFormats.find(({ id }) => id === 'lean')
  if (format === undefined) throw new Error('The format lean is not shipped any more.')
  const file = createWriteStream(path)
  for await (const { csv, interval } of readBars([folder], format, {
    exchanges: builtInExchanges,
    exchange: 'NYSE',
  })) {
    if (interval === '1m' && !file.write(csv)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
  return `SELECT toUInt32(dense_rank() OVER (ORDER BY instrument)) AS instrument, toDateTime(ts, 'UTC') AS ts, open, high, low, close, volume, turnover, trades
    FROM file('${path}', 'CSV', $$${barStructure}$$) ORDER BY instrument, ts`
}
