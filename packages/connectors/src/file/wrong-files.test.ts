import { gzipSync } from 'node:zlib'
import { builtInExchanges } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { LINE_CHARACTERS_MAX } from './decode-lines.js'
import { read, shipped, useFolder, zipOf } from './file-reading.contract.js'
import { type FileFormat, type ReadBarsOptions, readBars } from './index.js'
import { UNPACKED_BYTES_FREE, UNPACKED_RATIO_MAX } from './open-lines.js'

const { put } = useFolder()

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades'
const row = 'TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,1,,'
const later = 'TWSE:2330,2026-11-20T01:01:00Z,1,1,1,1,1,,'
const manyRows = Array.from({ length: 20_000 }, (_, index) => `${index % 7},${index}`).join('\n')

/** Packs to a thousandth. Long lines, for it is not the lines that are to be tried. */
const bomb = `${'x'.repeat(65_535)}\n`.repeat(UNPACKED_BYTES_FREE / 65_536 + 10)

/** A zip whose central directory says that the entry unpacks to fewer bytes than it does. */
function lyingZip(): Buffer {
  const zip = zipOf({ 'a.csv': `${header}\n${row}\n${later}\n` })
  const central = zip.indexOf('PK\x01\x02')
  zip.writeUInt32LE(10, central + 24)
  return zip
}

interface WrongFile {
  readonly what: string
  /** Of the file; `bars.csv` unless told. */
  readonly name?: string
  readonly content: string | Uint8Array
  /** `generic` unless told. */
  readonly format?: FileFormat
  readonly options?: Partial<ReadBarsOptions>
  /** Code and part of the message, or all refusals. */
  readonly answer: readonly [string, RegExp] | readonly string[]
}

const wrongFiles: readonly WrongFile[] = [
  // Files that cannot be read at all.
  { what: 'text that calls itself gzip', name: 'bars.csv.gz', content: row, answer: ['UNREADABLE_FILE', /header/] },
  {
    what: 'a gzip cut in the middle',
    name: 'bars.csv.gz',
    content: gzipSync(manyRows).subarray(0, 2_000),
    answer: ['UNREADABLE_FILE', /unexpected end of file/],
  },
  {
    what: 'a gzip with a broken checksum',
    name: 'bars.csv.gz',
    content: Buffer.concat([gzipSync(row).subarray(0, -8), Buffer.alloc(8)]),
    answer: ['UNREADABLE_FILE', /incorrect data check/],
  },
  { what: 'text that calls itself zip', name: 'bars.zip', content: row, answer: ['UNREADABLE_FILE', /bars\.zip/] },
  {
    what: 'a zip cut in the middle',
    name: 'bars.zip',
    content: zipOf({ 'a.csv': manyRows }).subarray(0, 3_000),
    answer: ['UNREADABLE_FILE', /end of central directory/i],
  },
  {
    what: 'a zip that unpacks to more than it declares',
    name: 'bars.zip',
    content: lyingZip(),
    answer: ['UNREADABLE_FILE', /too many bytes/],
  },
  {
    what: 'a gzip bomb',
    name: 'bars.csv.gz',
    content: gzipSync(bomb),
    answer: ['UNREADABLE_FILE', new RegExp(`more than ${UNPACKED_RATIO_MAX} times its size`)],
  },
  {
    what: 'a zip bomb',
    name: 'bars.zip',
    content: zipOf({ 'a.csv': bomb }),
    answer: ['UNREADABLE_FILE', new RegExp(`more than ${UNPACKED_RATIO_MAX} times its size`)],
  },
  {
    what: 'a line without an end',
    content: `${header}\n${'x'.repeat(LINE_CHARACTERS_MAX + 1)}`,
    answer: ['UNREADABLE_FILE', new RegExp(`more than ${LINE_CHARACTERS_MAX} characters`)],
  },
  {
    what: 'text that calls itself Parquet',
    name: 'a.parquet',
    content: row,
    answer: ['UNREADABLE_FILE', /a\.parquet/],
  },
  { what: 'an empty Parquet file', name: 'a.parquet', content: '', answer: ['UNREADABLE_FILE', /a\.parquet/] },
  {
    what: 'a name that the format does not know',
    name: 'bars.xlsx',
    content: '',
    answer: ['UNREADABLE_FILE', /expects \*\.csv/],
  },
  {
    what: 'a Lean minute file whose name is no date',
    name: 'minute/spy/20131399_trade.zip',
    content: '',
    format: shipped('lean'),
    answer: ['UNREADABLE_FILE', /does not fit the format 'lean'/],
  },
  {
    what: 'a path that says another interval than the caller',
    name: 'hour/spy.zip',
    content: '',
    format: shipped('lean'),
    answer: ['UNREADABLE_FILE', /its path says 1h, but the caller 1m/],
  },
  {
    what: 'an exchange that nobody knows',
    name: '2330.csv',
    content: '',
    format: shipped('taiwan-daily'),
    options: { exchange: 'MARS', interval: '1d' },
    answer: ['UNKNOWN_EXCHANGE', /'MARS' is not known/],
  },

  // Files of which some lines are kept and others not.
  { what: 'nothing', content: '', answer: [] },
  { what: 'a header and nothing else', content: `${header}\n`, answer: [] },
  { what: 'a header without its line end', content: header, answer: [] },
  {
    what: 'a column that is missing',
    content: `${header.replace('close', 'last')}\n${row}`,
    answer: ['2: missing column: close'],
  },
  { what: 'a column that is there twice', content: `${header},close\n${row},1`, answer: ['2: column twice: close'] },
  { what: 'no header at all', content: `${row}\n${later}`, answer: ['2: missing column: ts'] },
  { what: 'another delimiter', content: `${header}\n${row}`.replaceAll(',', ';'), answer: ['2: missing column: ts'] },
  { what: 'a row twice', content: `${header}\n${row}\n${row}`, answer: ['3: date repeats'] },
  { what: 'a date that goes back', content: `${header}\n${later}\n${row}`, answer: ['3: date goes back'] },
  {
    what: 'a row cut short',
    content: `${header}\n${row}\nTWSE:2330,2026-11-20T01:01:00Z,1,1`,
    answer: ['3: missing column: low'],
  },
  { what: 'a row too long', content: `${header}\n${row},9`, answer: ['2: more columns than declared'] },
  {
    what: 'thousand commas without quotes',
    content: `${header}\n${row.replace(',1,,', ',1,000,5,1')}`,
    answer: ['2: more columns than declared'],
  },
  {
    what: 'decimal commas in quotes',
    content: `${header}\n${row.replace('Z,1,', 'Z,"1,5",')}`,
    answer: ['2: unreadable number: open'],
  },
  { what: 'quotes that do not match', content: `${header}\n"${row}`, answer: ['2: unreadable quotes'] },
  { what: 'text after a closing quote', content: `${header}\n"a"b,${row}`, answer: ['2: unreadable quotes'] },
  { what: 'lines that end with CR only', content: `${header}\r${row}\r`, answer: [] },
  { what: 'an empty line', content: `${header}\n\n${row}\n`, answer: ['2: empty line'] },
  {
    what: 'a picture',
    content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0a, 0, 1, 0x0a]),
    answer: ['2: missing column: ts'],
  },
  {
    what: 'an instrument without an exchange',
    content: `${header}\n${row.replace('TWSE:', '')}`,
    answer: ['2: unreadable instrument'],
  },
  {
    what: 'an instrument of an unknown exchange',
    content: `${header}\n${row.replace('TWSE', 'MARS')}`,
    answer: ['2: unknown exchange'],
  },
  { what: 'a time without an offset', content: `${header}\n${row.replace('Z', '')}`, answer: ['2: unreadable date'] },
  {
    what: 'a time between minutes',
    content: `${header}\n${row.replace(':00Z', ':30Z')}`,
    answer: ['2: a time that is not on a whole minute'],
  },
  {
    what: 'a date alone for minute bars',
    content: `${header}\n${row.replace('T01:00:00Z', '')}`,
    answer: ['2: a date without a time'],
  },
  {
    what: 'a day that does not exist',
    content: `${header}\n${row.replace('11-20', '11-31')}`,
    answer: ['2: unreadable date'],
  },
  {
    what: 'a year that the store cannot hold',
    content: `${header}\n${row.replace('2026', '1969')}`,
    answer: ['2: unreadable date'],
  },
  {
    what: 'a price that is infinite',
    content: `${header}\n${row.replace('Z,1,', 'Z,1e999,')}`,
    answer: ['2: a price is not a number'],
  },
  {
    what: 'a price of zero on a traded day',
    content: `${header}\n${row.replace('Z,1,1,1,1', 'Z,0,1,0,1')}`,
    answer: ['2: a price is zero'],
  },
  {
    what: 'a high below the low',
    content: `${header}\n${row.replace('Z,1,1,1,1', 'Z,1,1,2,1')}`,
    answer: ['2: high is below low'],
  },
  { what: 'a negative volume', content: `${header}\n${row.replace('1,,', '-1,,')}`, answer: ['2: volume is negative'] },
  {
    what: 'a broken share',
    content: `${header}\n${row.replace('1,,', '0.5,,')}`,
    answer: ['2: volume is not a whole number'],
  },
  {
    what: 'more shares than a double can count',
    content: `${header}\n${row.replace('1,,', '9007199254740993,,')}`,
    answer: ['2: unreadable number: volume'],
  },
  {
    what: 'a number in hexadecimal',
    content: `${header}\n${row.replace('1,,', '0x1f,,')}`,
    answer: ['2: unreadable number: volume'],
  },
  {
    what: 'JSON that is one list',
    name: 'bars.ndjson',
    content: '[\n{"ts":1}\n]',
    answer: ['1: unreadable JSON', '2: missing column: open', '3: unreadable JSON'],
  },
  {
    what: 'JSON with a list as a value',
    name: 'bars.ndjson',
    content: '{"ts":[1]}',
    answer: ['1: unreadable value of ts'],
  },
]

describe('a wrong file', () => {
  it.each(wrongFiles)('$what', async ({ name = 'bars.csv', content, format = shipped('generic'), options, answer }) => {
    const path = await put(name, content)
    const [code, message] = answer
    const reading = read([path], format, { interval: '1m', ...options })
    if (message instanceof RegExp) {
      await expect(reading).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
      await expect(reading).rejects.toThrow(path.replace(/.*\//, ''))
    } else expect((await reading).refused).toEqual(answer)
  })

  it('does not cost what was read of the files before it', async () => {
    const sound = await put('a.csv', `${header}\n${row}\n`)
    const broken = await put('b.csv.gz', gzipSync(manyRows).subarray(0, 2_000))
    const kept: string[] = []
    const reading = async () => {
      for await (const batch of readBars([sound, broken], shipped('generic'), {
        exchanges: builtInExchanges,
        interval: '1m',
      })) {
        kept.push(batch.csv)
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'UNREADABLE_FILE' })
    expect(kept).toEqual([`${row}\n`])
  })
})
