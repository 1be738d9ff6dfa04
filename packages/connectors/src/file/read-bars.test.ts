import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { batchesOf, read, shipped, useFolder, zipOf } from './file-reading.contract.js'
import type { FileFormat } from './index.js'

const { path: folder, put } = useFolder()

describe('taiwan-daily', () => {
  const format = shipped('taiwan-daily')
  const good = '93/02/11,48.50,48.50,48.26,48.37,5264000,254721750,-0.17,686'

  it('starts a bar at the session open of its ROC date, and keeps numbers as they are', async () => {
    expect((await read([await put('0050.csv', `${good}\n`)], format)).rows).toEqual([
      'TWSE:0050,2004-02-11T01:00:00Z,48.5,48.5,48.26,48.37,5264000,254721750,686',
    ])
  })

  it('takes the exchange that the caller names', async () => {
    const { rows } = await read([await put('8444.csv', good)], format, { exchange: 'TPEX' })
    expect(rows[0]).toMatch(/^TPEX:8444,/)
  })

  it.each([
    ['no trade', '93/02/12,--,--,--,--,0,0,0.00,0'],
    ['no trade', '93/02/12,0.00,0.00,0.00,0.00,0,0,---,0'],
    ['volume without a price', '93/02/12,---,---,---,---,230,9000,---,2'],
    ['a price is zero', '93/02/12,0.00,0.00,0.00,0.00,325,2622,---,3'],
    ['a price is missing', '93/02/12,48,--,48,48,1,48,0,1'],
    ['high is below low', '93/02/12,48,47,48,48,1,48,0,1'],
    ['close is outside low and high', '93/02/12,48,49,48,50,1,48,0,1'],
    ['date repeats', good],
    ['date goes back', good.replace('/11', '/10')],
    ['missing column: trades', '93/02/12,48,48,48,48,1,48,0'],
    ['more columns than declared', '93/02/12,48,48,48,48,5,264,000,1,1'],
    ['unreadable number: high', '93/02/12,48,x,48,48,1,48,0,1'],
    ['unreadable number: volume', '93/02/12,48,48,48,48,0x1f,48,0,1'],
    ['unreadable date', '93/02/30,48,48,48,48,1,48,0,1'],
    ['unreadable quotes', '93/02/12,"48,48,48,48,1,48,0,1'],
    ['empty line', ''],
  ])('refuses a line because: %s', async (reason, line) => {
    const { rows, refused, lines } = await read([await put('1101.csv', `${good}\n${line}\n`)], format)
    expect({ kept: rows.length, refused, lines }).toEqual({ kept: 1, refused: [`2: ${reason}`], lines: 2 })
  })

  it('reads quoted thousand commas, a byte order mark, CRLF, a trailing comma and a file without a last line end', async () => {
    const text =
      '\ufeff93/02/11,48.5,48.5,48.26,48.37,"5,264,000",1,0,1,\r\n113/11/01,996,"1,030.00",996,"1,025.00",1,1,0,1'
    const { rows } = await read([await put('1101.csv', text)], format)
    expect(rows).toEqual([
      'TWSE:1101,2004-02-11T01:00:00Z,48.5,48.5,48.26,48.37,5264000,1,1',
      'TWSE:1101,2024-11-01T01:00:00Z,996,1030,996,1025,1,1,1',
    ])
  })

  it('loses no line between batches, and reads gzip', async () => {
    const days = Array.from({ length: 28 }, (_, day) => good.replace('/11', `/${String(day + 1).padStart(2, '0')}`))
    const path = await put('1101.csv.gz', gzipSync(days.join('\n')))
    const batches = await batchesOf([path], format, { linesPerBatch: 5 })
    expect(batches.map(({ linesRead }) => linesRead)).toEqual([5, 5, 5, 5, 5, 3])
    expect(new Set(batches.flatMap(({ csv }) => csv.trim().split('\n'))).size).toBe(28)
  })

  it('stops at the first faulty line when strict, but not at a day without trades', async () => {
    const path = await put('1101.csv', `${good}\n93/02/12,--,--,--,--,0,0,0,0\n93/02/13,48,47,48,48,1,48,0,1`)
    await expect(batchesOf([path], format, { strict: true })).rejects.toThrow(/line 3: high is below low/)
  })

  it('stops when the signal is aborted', async () => {
    const path = await put('1101.csv', good)
    await expect(batchesOf([path], format, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })

  it('refuses an unknown exchange and a path that is not there', async () => {
    const path = await put('1101.csv', good)
    await expect(batchesOf([path], format, { exchange: 'MARS' })).rejects.toMatchObject({ code: 'UNKNOWN_EXCHANGE' })
    await expect(batchesOf([`${path}x`], format)).rejects.toMatchObject({ code: 'UNREADABLE_FILE' })
  })
})

describe('lean', () => {
  const format = shipped('lean')

  it('adds milliseconds to New York midnight on both sides of the clock change, and divides prices', async () => {
    const row = '34200000,1689500,1689800,1689500,1689801,800'.replace('1689801', '1689700')
    await put('minute/spy/20131011_trade.zip', zipOf({ 'a.csv': row }))
    await put('minute/spy/20131104_trade.zip', zipOf({ 'a.csv': row }))
    await put('factor_files/spy.csv', 'not bars')
    expect((await read([folder()], format)).rows).toEqual([
      'US:SPY,2013-10-11T13:30:00Z,168.95,168.98,168.95,168.97,800,,',
      'US:SPY,2013-11-04T14:30:00Z,168.95,168.98,168.95,168.97,800,,',
    ])
  })

  it('starts the hour labelled 09:00 at the session open, and keeps intervals in batches of their own', async () => {
    await put(
      'hour/spy.zip',
      zipOf({ 'a.csv': '19980102 09:00,10000,10000,10000,10000,1\n19980102 10:00,10000,10000,10000,10000,1' }),
    )
    await put('daily/spy.zip', zipOf({ 'a.csv': '19980102 00:00,10000,10000,10000,10000,2' }))
    const batches = await batchesOf([folder()], format)
    expect(batches.map(({ interval, csv }) => [interval, csv.match(/T[\d:]+Z/g)])).toEqual([
      ['1d', ['T14:30:00Z']],
      ['1h', ['T14:30:00Z', 'T15:00:00Z']],
    ])
  })

  it('names the file when a zip is broken', async () => {
    const path = await put('daily/spy.zip', 'this is no zip')
    await expect(batchesOf([path], format)).rejects.toMatchObject({
      code: 'UNREADABLE_FILE',
      message: expect.stringContaining(path),
    })
  })
})

describe('yahoo-csv', () => {
  const format = shipped('yahoo-csv')
  const header = 'Date,Open,High,Low,Close,Adj Close,Volume\n'

  it('undoes widened float32 prices, reads null as no trade, and the exchange from the ending', async () => {
    const text = `${header}2020-01-02,48.369998931884766,49,48,48.5,40,100\n2020-01-03,null,null,null,null,null,null\n`
    const { rows, refused } = await read([await put('2330.TW.csv', text)], format)
    expect(rows).toEqual(['TWSE:2330,2020-01-02T01:00:00Z,48.37,49,48,48.5,100,,'])
    expect(refused).toEqual(['3: no trade'])
  })

  it('asks for the exchange of an ending that it does not know', async () => {
    const path = await put('OCDO.L.csv', header)
    await expect(batchesOf([path], format)).rejects.toMatchObject({ code: 'UNREADABLE_FILE' })
  })

  it('refuses every line of a file whose header lacks a column', async () => {
    const { refused } = await read([await put('A.csv', 'Date,Open,High,Low,Close\n2020-01-02,1,1,1,1\n')], format)
    expect(refused).toEqual(['2: missing column: volume'])
  })
})

describe('generic', () => {
  const format = shipped('generic')
  const header = 'instrument,ts,open,high,low,close,volume,turnover,trades\n'

  it('finds columns by name, and lets instruments take turns', async () => {
    const text = `${header}TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,1,,\nTWSE:2409,2026-11-20T09:00:00+08:00,1,1,1,1,1,5,1\nMARS:1,2026-11-20T01:00:00Z,1,1,1,1,1,,\nTWSE:2330,2026-11-20T01:01:00,1,1,1,1,1,,\n`
    const { rows, refused } = await read([await put('bars.csv', text)], format, { interval: '1m' })
    expect(rows).toEqual(['TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,1,,', 'TWSE:2409,2026-11-20T01:00:00Z,1,1,1,1,1,5,1'])
    expect(refused).toEqual(['4: unknown exchange', '5: unreadable date'])
  })

  it('reads NDJSON, and refuses what is not an object', async () => {
    const row = {
      instrument: 'US:SPY',
      ts: '2026-11-20',
      open: 1.5,
      high: 2,
      low: 1,
      close: 2,
      volume: 3,
      turnover: null,
    }
    const path = await put('bars.ndjson', `${JSON.stringify(row)}\nnonsense\n`)
    const { rows, refused } = await read([path], format, { interval: '1d' })
    expect(rows).toEqual(['US:SPY,2026-11-20T14:30:00Z,1.5,2,1,2,3,,'])
    expect(refused).toEqual(['2: unreadable JSON'])
  })

  it('refuses midnight in UTC as the start of a day in New York, which would be the day before', async () => {
    const text = `${header}US:SPY,2026-11-20T00:00:00Z,1,1,1,1,1,,\n`
    const { refused } = await read([await put('bars.csv', text)], format, { interval: '1d' })
    expect(refused).toEqual(['2: a daily instant that is neither session open nor midnight'])
  })

  it('asks for the interval', async () => {
    await expect(batchesOf([await put('bars.csv', header)], format)).rejects.toMatchObject({ code: 'UNREADABLE_FILE' })
  })
})

describe('a format of one’s own', () => {
  const own: FileFormat = {
    id: 'own',
    title: 'Right-labelled hours in lots, semicolons',
    kind: 'csv',
    path: ['{exchange}/{symbol}.txt'],
    header: true,
    columns: { ts: 'Day', time: 'Time', open: 'O', high: 'H', low: 'L', close: 'C', volume: 'Lots' },
    delimiter: ';',
    dateStyle: 'iso-local',
    interval: '1h',
    label: 'right',
    volumeUnit: 1000,
  }

  it('turns right labels into starts on the grid of the session, and lots into shares', async () => {
    const text = 'Day;Time;O;H;L;C;Lots\n2026/11/20;10:00;1;1;1;1;2\n2026/11/20;13:30;1;1;1;1;0.5\n'
    expect((await read([await put('twse/2330.txt', text)], own)).rows).toEqual([
      'TWSE:2330,2026-11-20T01:00:00Z,1,1,1,1,2000,,',
      'TWSE:2330,2026-11-20T05:00:00Z,1,1,1,1,500,,',
    ])
  })

  it('is refused when it contradicts itself', async () => {
    await expect(batchesOf([], { ...own, header: false })).rejects.toMatchObject({ code: 'INVALID_SETTING' })
    await expect(batchesOf([], { ...own, columns: ['ts'] })).rejects.toThrow(
      /columns: it lacks open, high, low, close, volume/,
    )
  })
})
