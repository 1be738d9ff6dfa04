import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as zlib from 'node:zlib'
import { BarkeepError } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchesOf, read, shipped, useFolder, zipOf } from './file-reading.contract.js'

const { put } = useFolder()
const format = shipped('generic')
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}.parquet`, import.meta.url))
const hasZstd = 'zstdDecompressSync' in zlib

/** What fixtures/README.md says of the ten minutes. */
const tenMinutes = Array.from({ length: 10 }, (_, row) => {
  const [symbol, minute] = [2330 + (row % 2), Math.floor(row / 2)]
  const turnover = row % 2 === 0 ? 1_400_500 * (row + 1) : ''
  const prices = [1400.5 + row, 1401.25 + row, 1400 + row, 1401 + row]
  return `TWSE:${symbol},2026-11-20T01:0${minute}:00Z,${prices.join(',')},${1000 * (row + 1)},${turnover},${row}`
})

describe('Parquet', () => {
  it.each(['snappy', 'gzip', 'brotli', ...(hasZstd ? ['zstd'] : [])])(
    'packed with %s is read to the last row',
    async (codec) => {
      const { rows, refused } = await read([fixture(`minutes-${codec}`)], format, { interval: '1m' })
      expect(rows).toEqual(tenMinutes)
      expect(refused).toEqual([])
    },
  )

  it.each(['lz4', ...(hasZstd ? [] : ['zstd'])])(
    'packed with %s, which cannot be unpacked, is refused with the codec and the cure',
    async (codec) => {
      await expect(read([fixture(`minutes-${codec}`)], format, { interval: '1m' })).rejects.toMatchObject({
        code: 'UNREADABLE_FILE',
        message: expect.stringMatching(
          new RegExp(`'instrument' is packed with ${codec}.*Write the file with SNAPPY or GZIP`, 'i'),
        ),
      })
    },
  )

  it('gives dates as session dates, 32-bit prices without their noise, and null for columns that are not there', async () => {
    const { rows } = await read([fixture('days-date32')], format, { interval: '1d' })
    expect(rows).toEqual([
      'US:SPY,2026-11-19T14:30:00Z,168.97,169.1,168.4,168.97,800,,',
      'US:SPY,2026-11-20T14:30:00Z,168.97,169.1,168.4,168.97,800,,',
    ])
  })

  it('refuses rows with their number in the file, across row groups', async () => {
    const own = { ...format, dateStyle: 'iso-local' } as const
    const { refused } = await read([fixture('minutes-snappy')], own, { interval: '1m' })
    expect(refused).toEqual(tenMinutes.map((_, row) => `${row + 1}: unreadable date`))
  })

  it('refuses every row of a file that lacks a column', async () => {
    const { refused } = await read([fixture('no-volume')], format, { interval: '1d' })
    expect(refused).toEqual(['1: missing column: volume'])
  })

  it('tells how far it is in bytes of the file', async () => {
    const batches = await batchesOf([fixture('minutes-snappy')], format, { interval: '1m', linesPerBatch: 4 })
    const bytes = (await readFile(fixture('minutes-snappy'))).length
    expect(batches.map(({ bytesTotal }) => bytesTotal)).toEqual([bytes, bytes, bytes])
    expect(batches.at(-1)?.bytesRead).toBe(bytes)
  })

  it('within a zip is to be unpacked first', async () => {
    const path = await put('bars.zip', zipOf({ 'bars.parquet': 'PAR1' }))
    await expect(read([path], format, { interval: '1m' })).rejects.toThrow(/Unpack it first/)
  })

  it('law: a file with any of its bytes broken gives rows, refusals or UNREADABLE_FILE', async () => {
    const whole = await readFile(fixture('minutes-gzip'))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(), async (at, flip, cut) => {
        const broken = Buffer.from(cut % 4 === 0 ? whole.subarray(0, at) : whole)
        if (at < broken.length) broken.writeUInt8(broken.readUInt8(at) ^ flip, at)
        const path = await put('broken.parquet', broken)
        try {
          await read([path], format, { interval: '1m' })
        } catch (error) {
          expect(error).toBeInstanceOf(BarkeepError)
          expect(error).toMatchObject({ code: 'UNREADABLE_FILE' })
        }
      }),
      { numRuns: 300 },
    )
  })
})
