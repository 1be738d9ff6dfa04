import { formatInstant, instantOfWallClock, wallClockOfInstant } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchesOf, read, shipped, useFolder, zipOf } from './file-reading.contract.js'
import { minuteText } from './minute-text.js'
import { parseNumber, readDecimal } from './parse-number.js'
import { createCsvSplitter } from './split-csv.js'
import { instantOfWall } from './wall-clock.js'

const { put } = useFolder()
const format = shipped('generic')
const header = 'instrument,ts,open,high,low,close,volume,turnover,trades'
const rowAt = (minute: number, instrument = 'TWSE:2330') =>
  `${instrument},${formatInstant(Date.UTC(2026, 10, 20, 1, minute))},1,1,1,1,1,,`

describe('a batch', () => {
  it('never holds more lines than it may, however large the file', async () => {
    const lines = Array.from({ length: 25_000 }, (_, minute) => rowAt(minute))
    const path = await put('bars.csv', `${header}\n${lines.join('\n')}\n`)
    const batches = await batchesOf([path], format, { interval: '1m', linesPerBatch: 1_000 })
    expect(batches.map(({ linesRead }) => linesRead)).toEqual(Array(25).fill(1_000))
    expect(batches.flatMap(({ csv }) => csv.trimEnd().split('\n'))).toEqual(lines)
  })

  it('holds no bar twice: a file that begins before the last one ended begins another batch', async () => {
    const paths = [
      await put('a.csv', `${header}\n${rowAt(0)}\n${rowAt(1)}`),
      await put('b.csv', `${header}\n${rowAt(1)}\n${rowAt(0, 'TWSE:2409')}`),
      await put('c.csv', `${header}\n${rowAt(2)}`),
    ]
    const batches = await batchesOf(paths, format, { interval: '1m' })
    expect(batches.map(({ csv }) => csv.trimEnd().split('\n'))).toEqual([
      [rowAt(0), rowAt(1)],
      [rowAt(1), rowAt(0, 'TWSE:2409'), rowAt(2)],
    ])
  })

  it('knows file and line of each of its rows', async () => {
    const first = await put('a.csv', `${header}\n${rowAt(0)}\nnonsense\n${rowAt(1)}`)
    const second = await put('b.zip', zipOf({ 'x.csv': `${header}\n${rowAt(2)}`, 'y.csv': `${header}\n\n${rowAt(3)}` }))
    const [batch] = await batchesOf([first, second], format, { interval: '1m' })
    expect([0, 1, 2, 3].map((row) => batch?.originOf(row))).toEqual([
      { file: first, line: 2 },
      { file: first, line: 4 },
      { file: `${second}/x.csv`, line: 2 },
      { file: `${second}/y.csv`, line: 3 },
    ])
  })

  it('tells how many bytes of all files were consumed, up to all of them', async () => {
    const entry = `${header}\n${Array.from({ length: 5_000 }, (_, minute) => rowAt(minute)).join('\n')}`
    const zip = zipOf({ 'x.csv': entry, 'y.csv': entry.replaceAll('2330', '2409') })
    const text = Buffer.from(`${header}\n${rowAt(0, 'TWSE:1101')}`)
    const paths = [await put('a.zip', zip), await put('b.csv', text)]
    const batches = await batchesOf(paths, format, { interval: '1m', linesPerBatch: 1_000 })
    const bytes = batches.map(({ bytesRead }) => bytesRead)
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
    expect(bytes[4]).toBeGreaterThan(zip.length * 0.4)
    expect(bytes[4]).toBeLessThan(zip.length * 0.6)
    expect(bytes.at(-1)).toBe(zip.length + text.length)
    expect(new Set(batches.map(({ bytesTotal }) => bytesTotal))).toEqual(new Set([zip.length + text.length]))
  })
})

describe('a zip with two entries', () => {
  it('gives the rows of both, each entry with a header of its own', async () => {
    const zip = zipOf({ 'x.csv': `${header}\n${rowAt(0)}`, 'folder/y.csv': `${header}\n${rowAt(1)}` })
    const { rows } = await read([await put('bars.zip', zip)], format, { interval: '1m' })
    expect(rows).toEqual([rowAt(0), rowAt(1)])
  })
})

describe('law:', () => {
  it('a decimal is read where it stands just as from a text of its own', () => {
    const decimals = fc.oneof(
      fc.stringMatching(/^\d{1,17}(?:\.\d{0,6})?$/),
      fc.string({ unit: fc.constantFrom(...'0123456789.,-+eE x'), maxLength: 8 }),
    )
    fc.assert(
      fc.property(decimals, fc.string(), fc.string(), (text, before, after) => {
        const read = readDecimal(before + text + after, before.length, before.length + text.length)
        if (read !== undefined) expect(read).toBe(parseNumber(text))
        if (/^\d{1,15}$/.test(text)) expect(read).toBe(Number(text))
      }),
    )
  })

  it('values that are quoted as RFC 4180 has it come out as they went in', () => {
    const values = fc.array(fc.string({ unit: fc.constantFrom(...'ab",; 1') }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(values, fc.constantFrom(',', ';'), (written, delimiter) => {
        const line = written.map((value) => `"${value.replaceAll('"', '""')}"`).join(delimiter)
        const split = createCsvSplitter(delimiter)(line)
        const texts = Array.from({ length: split?.count() ?? 0 }, (_, position) => split?.textAt(position))
        expect(texts).toEqual(written.map((value) => value.trim()))
      }),
    )
  })

  it('values without quotes are what lies between the delimiters', () => {
    const split = createCsvSplitter(',')
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab, 1.') }), (line) => {
        const values = split(line)
        const texts = Array.from({ length: values?.count() ?? 0 }, (_, position) => values?.textAt(position))
        expect(texts).toEqual(line.split(',').map((value) => value.trim()))
      }),
    )
  })

  it('a minute is written as core writes instants', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 70_000_000 }), (minute) => {
        expect(minuteText(minute * 60_000)).toBe(formatInstant(minute * 60_000))
      }),
    )
  })

  it('a wall clock means the instant that core finds, unless the clock skips it', () => {
    const minutes = fc.integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2027, 0, 1) / 60_000 })
    // Around the changes of clocks in New York and London, and anywhere.
    const changes = [Date.UTC(2026, 2, 8), Date.UTC(2026, 10, 1), Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25)]
    const near = fc
      .tuple(fc.constantFrom(...changes), fc.nat(2_880))
      .map(([day, minute]) => day / 60_000 + minute - 720)
    const zones = fc.constantFrom('America/New_York', 'Europe/London', 'Asia/Taipei', 'Australia/Lord_Howe')
    fc.assert(
      fc.property(zones, fc.oneof(minutes, near), (zone, minute) => {
        const wallMs = minute * 60_000
        const expected = instantOfWallClock(zone, wallMs)
        expect(instantOfWall(zone, wallMs)).toBe(wallClockOfInstant(zone, expected) === wallMs ? expected : undefined)
      }),
      { numRuns: 1_000 },
    )
  })
})
