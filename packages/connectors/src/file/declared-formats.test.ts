import { describe, expect, it } from 'vitest'
import { read, useFolder } from './file-reading.contract.js'
import type { FileFormat } from './index.js'

const { put } = useFolder()

/** Hours or minutes of one stock, told by columns without a header. */
function formatOf(fields: Partial<FileFormat>): FileFormat {
  return {
    id: 'own',
    title: 'A format of a test',
    kind: 'csv',
    path: ['{symbol}.csv'],
    header: false,
    columns: ['ts', 'open', 'high', 'low', 'close', 'volume'],
    dateStyle: 'iso',
    interval: '1m',
    exchange: 'TWSE',
    ...fields,
  }
}

/** The stamps of the rows, or why there is none. */
async function stampsOf(format: FileFormat, ...stamps: string[]): Promise<string[]> {
  const text = stamps.map((stamp) => `${stamp},1,1,1,1,1`).join('\n')
  const { rows, refused } = await read([await put('2330.csv', text)], format)
  return [...rows.map((row) => row.split(',')[1] ?? ''), ...refused]
}

describe('a stamp', () => {
  it.each<[FileFormat['dateStyle'], string, string]>([
    ['iso', '2026-11-20T01:00:00Z', '2026-11-20T01:00:00Z'],
    ['iso', '2026-11-20 09:00:00.000+08:00', '2026-11-20T01:00:00Z'],
    ['iso', '2026-11-19T20:30:00-04:30', '2026-11-20T01:00:00Z'],
    ['iso-local', '2026/11/20 9:00', '2026-11-20T01:00:00Z'],
    ['compact', '20261120 0900', '2026-11-20T01:00:00Z'],
    ['compact', '20261120T09:00:00', '2026-11-20T01:00:00Z'],
    ['roc', '115/11/20 09:00', '2026-11-20T01:00:00Z'],
    ['roc', '1151120 0900', '2026-11-20T01:00:00Z'],
    ['epoch-s', '1795136400', '2026-11-20T01:00:00Z'],
    ['epoch-ms', '1795136400000', '2026-11-20T01:00:00Z'],
  ])('of the style %s, %s, is %s', async (dateStyle, stamp, instant) => {
    expect(await stampsOf(formatOf({ dateStyle }), stamp)).toEqual([instant])
  })

  it.each<[FileFormat['dateStyle'], string, string]>([
    ['roc', '93/02/11', '2004-02-11T01:00:00Z'],
    ['roc', '0930211', '2004-02-11T01:00:00Z'],
    ['roc', '115-11-20', '2026-11-20T01:00:00Z'],
    ['roc', '1151120', '2026-11-20T01:00:00Z'],
    ['compact', '20261120', '2026-11-20T01:00:00Z'],
    ['iso-local', '2026-11-20 00:00:00', '2026-11-20T01:00:00Z'],
    ['epoch-ms', '1795104000000', '2026-11-20T01:00:00Z'],
  ])('of a day in the style %s, %s, starts at the session open', async (dateStyle, stamp, instant) => {
    expect(await stampsOf(formatOf({ dateStyle, interval: '1d' }), stamp)).toEqual([instant])
  })

  it.each<[FileFormat['dateStyle'], string]>([
    ['iso', '2026-11-20T01:00:00+15:00'],
    ['iso-local', '2026-11-20T01:00:00Z'],
    ['iso-local', '2026-11-20 24:00'],
    ['compact', '20261120 09:60'],
    ['roc', '115/13/01 09:00'],
    ['epoch-s', '1795136400000'],
    ['epoch-s', '-1'],
    ['epoch-ms', '1795136400000.5'],
  ])('of the style %s cannot be %s', async (dateStyle, stamp) => {
    expect(await stampsOf(formatOf({ dateStyle }), stamp)).toEqual(['1: unreadable date'])
  })

  it('since midnight needs a path that tells the date', async () => {
    await expect(stampsOf(formatOf({ dateStyle: 'ms-of-day' }), '32400000')).rejects.toThrow(/does not tell the date/)
    const format = formatOf({ dateStyle: 'ms-of-day', path: ['{symbol}-{date}.csv'] })
    const path = await put('2330-20261120.csv', '32400000,1,1,1,1,1\n86400000,1,1,1,1,1')
    const { rows, refused } = await read([path], format)
    expect([...rows, ...refused]).toEqual(['TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,1,,', '2: unreadable date'])
  })

  it('is read in the zone of the exchange, or in the one that the format names', async () => {
    const local = { dateStyle: 'iso-local', exchange: 'US' } as const
    expect(await stampsOf(formatOf(local), '2026-07-01 09:30', '2026-12-01 09:30')).toEqual([
      '2026-07-01T13:30:00Z',
      '2026-12-01T14:30:00Z',
    ])
    expect(await stampsOf(formatOf({ ...local, timeZone: 'Asia/Taipei' }), '2026-12-01 22:30')).toEqual([
      '2026-12-01T14:30:00Z',
    ])
  })

  it('of a day in another zone must be midnight or the session open at the exchange', async () => {
    const format = formatOf({ dateStyle: 'iso-local', exchange: 'US', interval: '1d', timeZone: 'UTC' })
    expect(await stampsOf(format, '2026-12-01 05:00', '2026-12-02 14:30', '2026-12-03 00:00')).toEqual([
      '2026-12-01T14:30:00Z',
      '2026-12-02T14:30:00Z',
      '3: a daily instant that is neither session open nor midnight',
    ])
  })

  it('that the clock skips in spring is refused, and one that it shows twice in autumn means the first', async () => {
    const format = formatOf({ dateStyle: 'iso-local', exchange: 'US' })
    expect(await stampsOf(format, '2026-03-08 01:59', '2026-03-08 02:30', '2026-03-08 03:00')).toEqual([
      '2026-03-08T06:59:00Z',
      '2026-03-08T07:00:00Z',
      '2: a time that the clock skips',
    ])
    expect(
      await stampsOf(format, '2026-11-01 00:59', '2026-11-01 01:30', '2026-11-01 01:30', '2026-11-01 02:00'),
    ).toEqual(['2026-11-01T04:59:00Z', '2026-11-01T05:30:00Z', '2026-11-01T07:00:00Z', '3: date repeats'])
  })
})

describe('bars labelled by their end', () => {
  const right = { dateStyle: 'iso-local', label: 'right' } as const

  it('start a minute or an hour before, the last of a session on its grid', async () => {
    expect(await stampsOf(formatOf(right), '2026-11-20 09:01', '2026-11-20 13:30')).toEqual([
      '2026-11-20T01:00:00Z',
      '2026-11-20T05:29:00Z',
    ])
    const hours = formatOf({ ...right, interval: '1h' })
    expect(await stampsOf(hours, '2026-11-20 10:00', '2026-11-20 13:00', '2026-11-20 13:30')).toEqual([
      '2026-11-20T01:00:00Z',
      '2026-11-20T04:00:00Z',
      '2026-11-20T05:00:00Z',
    ])
  })

  it('outside the session stand on the hours of the clock', async () => {
    const format = formatOf({ ...right, interval: '1h', exchange: 'US' })
    expect(await stampsOf(format, '2026-12-01 09:00', '2026-12-01 18:00')).toEqual([
      '2026-12-01T13:00:00Z',
      '2026-12-01T22:00:00Z',
    ])
  })
})

describe('numbers', () => {
  const valuesOf = async (fields: Partial<FileFormat>, values: string) => {
    const { rows, refused } = await read([await put('2330.csv', `2026-11-20T01:00:00Z,${values}`)], formatOf(fields))
    return rows[0]?.split(',').slice(2, 7).join(' ') ?? refused[0]
  }

  it('are scaled, counted in lots, and rounded as the format says', async () => {
    expect(await valuesOf({ priceScale: 10_000 }, '1689500,1689801,1689500,1689701,8')).toBe(
      '168.95 168.9801 168.95 168.9701 8',
    )
    expect(await valuesOf({ volumeUnit: 1000 }, '1,1,1,1,2.5')).toBe('1 1 1 1 2500')
    expect(await valuesOf({ volumeUnit: 1000 }, '1,1,1,1,0.0005')).toBe('1: volume is not a whole number')
    expect(await valuesOf({ priceDigits: 7 }, '48.369998931884766,49,48,48.5,1')).toBe('48.37 49 48 48.5 1')
  })

  it('that stand for no price are no price, written as a number or not', async () => {
    expect(await valuesOf({ noTrade: ['x', '9999'] }, 'x,x,x,x,0')).toBe('1: no trade')
    expect(await valuesOf({ noTrade: ['x', '9999'] }, '9999,9999.00,9999,9999,5')).toBe('1: volume without a price')
  })

  it('may have thousand commas in quotes, or without where the delimiter is another', async () => {
    expect(await valuesOf({}, '"1,030.00","1,030.00","1,030.00","1,030.00","5,264,000"')).toBe(
      '1030 1030 1030 1030 5264000',
    )
    const text = '2026-11-20T01:00:00Z\t1,030\t1,030\t1,030\t1,030\t12,345,678\r\n'
    const { rows } = await read([await put('2330.csv', text)], formatOf({ delimiter: '\t' }))
    expect(rows).toEqual(['TWSE:2330,2026-11-20T01:00:00Z,1030,1030,1030,1030,12345678,,'])
  })
})

describe('an encoding', () => {
  const format = formatOf({
    header: true,
    interval: '1d',
    columns: { ts: '日期', open: '開盤', high: '最高', low: '最低', close: '收盤', volume: '股數' },
  })
  const text = '日期,開盤,最高,最低,收盤,股數\r\n2026-11-20,1,1,1,1,1\r\n'
  const kept = ['TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,1,,']
  const big5 = Buffer.from(
    'a4e9b4c12cb67dbd4c2cb3ccb0aa2cb3cca7432ca6acbd4c2caad1bcc60d0a323032362d31312d32302c312c312c312c312c310d0a',
    'hex',
  )

  it.each<[string, string | undefined, Uint8Array]>([
    ['UTF-8', undefined, Buffer.from(text)],
    ['UTF-8 with a byte order mark', undefined, Buffer.from(`\ufeff${text}`)],
    ['Big5', 'big5', big5],
    ['UTF-16 that the format names', 'utf-16le', Buffer.from(text, 'utf16le')],
    ['UTF-16 with a byte order mark', undefined, Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 of the other byte order', undefined, Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-8 with a mark, whatever the format says', 'big5', Buffer.from(`\ufeff${text}`)],
  ])('is read: %s', async (_, encoding, content) => {
    const named = encoding === undefined ? format : { ...format, encoding }
    expect((await read([await put('2330.csv', content)], named)).rows).toEqual(kept)
  })

  it('other than the declared one is met as columns that are missing', async () => {
    expect((await read([await put('2330.csv', big5)], format)).refused).toEqual(['2: missing column: ts'])
  })
})
