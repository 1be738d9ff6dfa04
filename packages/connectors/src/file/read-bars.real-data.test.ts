import { existsSync } from 'node:fs'
import { builtInExchanges } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { readBars, shippedFormats } from './index.js'

// From the root of the repository, where vitest runs.
const data = '../shared/data'

async function countLines(id: string, path: string) {
  const format = shippedFormats.find((known) => known.id === id)
  if (format === undefined) throw new Error(`no format ${id}`)
  const counted = { lines: 0, rows: 0, refused: 0, csvLines: 0, reasons: {} as Record<string, number> }
  for await (const batch of readBars([path], format, { exchanges: builtInExchanges })) {
    counted.lines += batch.linesRead
    counted.rows += batch.rows
    counted.refused += batch.refused.length
    counted.csvLines += batch.csv.split('\n').length - 1
    for (const { reason } of batch.refused) counted.reasons[reason] = (counted.reasons[reason] ?? 0) + 1
  }
  return counted
}

function dataIsThere(folder: string): boolean {
  const there = existsSync(`${data}/${folder}`)
  if (!there && process.env.CI === 'true') throw new Error(`${data}/${folder} is missing, and in CI it must be there.`)
  if (!there) console.warn(`LEFT OUT: ${data}/${folder} is missing, so the readers were not tried on real files.`)
  return there
}

describe.skipIf(!dataIsThere('twse-tpex-daily'))('seventeen years of Taiwan', () => {
  it('are kept or refused to the last of 465,773 lines', async () => {
    const counted = await countLines('taiwan-daily', `${data}/twse-tpex-daily`)
    expect(counted).toEqual({
      lines: 465_773,
      rows: 460_562,
      refused: 5_211,
      csvLines: 460_562,
      reasons: { 'no trade': 4_008, 'volume without a price': 1_077, 'a price is zero': 126 },
    })
  })
})

describe.skipIf(!dataIsThere('lean'))('the zips of Lean', () => {
  it('give all 11,746 minute lines, though most lack a final line end', async () => {
    const counted = await countLines('lean', `${data}/lean/minute`)
    expect(counted).toMatchObject({ lines: 11_746, rows: 11_746, refused: 0 })
  })

  it('are told apart from factor and map files when the whole folder is read', async () => {
    expect(await countLines('lean', `${data}/lean`)).toMatchObject({ lines: 105_107, rows: 105_107, refused: 0 })
  })
})
