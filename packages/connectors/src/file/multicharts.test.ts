import { describe, expect, it } from 'vitest'
import { read, shipped, useFolder } from './file-reading.contract.js'
import type { FileFormat, ReadBarsOptions } from './index.js'

const { put } = useFolder()
const multicharts: FileFormat = { ...shipped('multicharts'), volumeUnit: 1 }
const header = '"Date","Time","Open","High","Low","Close","TotalVolume"'
const minutes = '2026/11/20,09:01:00,1400.000000,1405.000000,1395.000000,1402.500000,12'

async function rowsOf(
  content: string,
  options: Partial<ReadBarsOptions> = {},
  format = multicharts,
  name = '2330-Minute-Trade.txt',
): Promise<string[]> {
  const { rows, refused } = await read([await put(name, content)], format, { exchange: 'TWSE', ...options })
  return [...rows, ...refused]
}

describe('a file of MultiCharts', () => {
  const first = 'TWSE:2330,2026-11-20T01:00:00Z,1400,1405,1395,1402.5,12,,'

  it.each<[string, string]>([
    ['as QuoteManager writes it', `${header}\r\n${minutes}\r\n`],
    ['with names in angle brackets', `<Date>,<Time>,<Open>,<High>,<Low>,<Close>,<Volume>\n${minutes}`],
    ['without a header', minutes],
    ['with semicolons', `${header}\n${minutes}`.replaceAll(',', ';')],
    ['with tabs and no header', minutes.replaceAll(',', '\t')],
    ['with quotes in its rows', `${header}\n${minutes.replaceAll(/[^,]+/g, '"$&"')}`],
    ['with dashes in its dates', `${header}\n${minutes.replaceAll('/', '-')}`],
    ['with dates and times as numbers', `${header}\n20261120,901${minutes.slice('2026/11/20,09:01:00'.length)}`],
    ['with times as numbers of six digits', `${header}\n20261120,090100${minutes.slice('2026/11/20,09:01:00'.length)}`],
    [
      'with up and down volume beside the total',
      `${header.replace('"TotalVolume"', '"UpVolume","DownVolume","TotalVolume","UpTicks"')}\n${minutes.replace(/12$/, '5,6,12,3')}`,
    ],
    [
      'with up and down volume alone',
      `${header.replace('"TotalVolume"', '"Up","Down"')}\n${minutes.replace(/12$/, '5,7')}`,
    ],
  ])('%s is read', async (_, content) => {
    expect(await rowsOf(content)).toEqual([first])
  })

  it('has dates as the computer writes them that made it, of which the year may stand first without a word', async () => {
    const dated = (date: string) => `${header}\n${minutes.replace('2026/11/20', date)}`
    const told = (dateStyle: 'mdy' | 'dmy') => ({ ...multicharts, dateStyle })
    const ambiguous = '2: a date that may begin with its day or its month: tell dateStyle (--date-style), mdy or dmy'
    expect(await rowsOf(dated('2026/1/5'))).toEqual([first.replace('11-20', '01-05')])
    expect(await rowsOf(dated('5/1/2026'))).toEqual([ambiguous])
    // Another line could be read in both ways, so this one is not read in its own either.
    expect(await rowsOf(dated('11/20/2026'))).toEqual([ambiguous])
    expect(await rowsOf(dated('5/1/2026'), {}, told('mdy'))).toEqual([first.replace('11-20', '05-01')])
    expect(await rowsOf(dated('05/01/2026'), {}, told('dmy'))).toEqual([first.replace('11-20', '01-05')])
    expect(await rowsOf(dated('11/20/2026'), {}, told('dmy'))).toEqual(['2: unreadable date'])
    expect(await rowsOf(dated('5/1/26'), {}, told('mdy'))).toEqual(['2: unreadable date'])
    expect(await rowsOf(dated('2026/2/30'))).toEqual(['2: unreadable date'])
  })

  it('labels minutes by their ends, so that the closing auction is in the last one', async () => {
    const stamps = async (format: FileFormat, ...times: string[]) => {
      const rows = await rowsOf(
        `${header}\n${times.map((time) => minutes.replace('09:01:00', time)).join('\n')}`,
        {},
        format,
      )
      return rows.map((row) => row.split(',')[1])
    }
    expect(await stamps(multicharts, '09:01:00', '13:25:00', '13:30:00')).toEqual([
      '2026-11-20T01:00:00Z',
      '2026-11-20T05:24:00Z',
      '2026-11-20T05:29:00Z',
    ])
    expect(await stamps({ ...multicharts, label: 'left' }, '09:00:00', '13:29:00')).toEqual([
      '2026-11-20T01:00:00Z',
      '2026-11-20T05:29:00Z',
    ])
    // Nothing ends when a session opens, where there is no trade before it; where there is, the caller says so.
    expect(await rowsOf(`${header}\n${minutes.replace('09:01', '09:00')}`)).toEqual([
      '2: a stamp at which the session opens: tell label (--label), left for starts of bars or right for ends',
    ])
    expect(await stamps({ ...multicharts, label: 'right' }, '09:00:00')).toEqual(['2026-11-20T00:59:00Z'])
    expect(await stamps({ ...multicharts, timeZone: 'America/New_York' }, '0:30:00')).toEqual(['2026-11-20T05:29:00Z'])
  })

  it('of futures has the night over midnight, until the morning', async () => {
    const night = ['2026/11/20,15:01:00', '2026/11/21,00:00:00', '2026/11/21,00:01:00', '2026/11/21,05:00:00']
    const content = ['2026/11/20,13:45:00', ...night].map((stamp) => `TXF1,${stamp},1,1,1,1,5`).join('\n')
    const rows = await rowsOf(
      `"Symbol",${header}\n${content}`,
      { exchange: 'TAIFEX', interval: '1m' },
      multicharts,
      'all.txt',
    )
    expect(rows).toEqual(
      [
        '2026-11-20T05:44:00Z',
        '2026-11-20T07:00:00Z',
        '2026-11-20T15:59:00Z',
        '2026-11-20T16:00:00Z',
        '2026-11-20T20:59:00Z',
      ].map((start) => `TAIFEX:TXF1,${start},1,1,1,1,5,,`),
    )
  })

  it('of days tells session dates, with or without a time', async () => {
    const day = 'TWSE:2330,2026-11-20T01:00:00Z,1400,1405,1395,1402.5,12000,,'
    const lots = { ...multicharts, volumeUnit: 1000 }
    const dates = `${header.replace('"Time",', '')}\n${minutes.replace('09:01:00,', '')}`
    expect(await rowsOf(dates, {}, lots, '2330-Day-Trade.txt')).toEqual([day])
    const timed = `${header}\n${minutes.replace('09:01', '13:30')}`
    expect(await rowsOf(timed, {}, lots, '2330-Feed-XTAI-Stocks-Day-Trade.txt')).toEqual([day])
  })

  it('is named by symbol, feed, exchange, category and resolution, and else does not tell its symbol', async () => {
    const content = `${header}\n${minutes}`
    const named = (name: string, options: Partial<ReadBarsOptions> = {}) => rowsOf(content, options, multicharts, name)
    expect(await named('2330-Some Feed-TSE-Stocks-Minute-Trade.txt')).toEqual([first])
    expect(await named('TXF1_Minute_2020.txt', { symbol: '2330', interval: '1m' })).toEqual([first])
    expect(await named('TXF HOT-Minute-Trade.txt', { symbol: '2330' })).toEqual([first])
    expect(await named('TXF HOT-Minute-Trade.txt')).toEqual(['2: unreadable instrument'])
    // Bids are no trades, whatever their name could be taken for.
    expect(await named('2330-Minute-Bid.txt', { interval: '1m' })).toEqual([
      '2: nothing tells the symbol: give one (--symbol)',
    ])
  })

  it('with a column of symbols, or beside others, takes no symbol of the caller', async () => {
    const named = `"Symbol",${header}\n2330,${minutes}`
    expect(await rowsOf(named, { symbol: '2317' })).toEqual(['2: the file has a column of symbols, so tell no symbol'])
    const paths = [await put('a.txt', minutes), await put('b.txt', minutes)]
    await expect(read(paths, multicharts, { exchange: 'TWSE', interval: '1m', symbol: '2330' })).rejects.toThrow(
      /symbol: '2330' names one instrument, but there are 2 files/,
    )
  })

  it.each<[string, Partial<ReadBarsOptions>, FileFormat, RegExp]>([
    ['exchange', {}, multicharts, /nothing tells its exchange\. Give one \(--exchange\)/],
    ['volume unit', { exchange: 'TWSE' }, shipped('multicharts'), /volumeUnit\. Give .*--volume-unit.*1000 for lots/],
  ])('whose %s nobody tells is not read', async (_, options, format, message) => {
    const path = await put('2330-Minute-Trade.txt', `${header}\n${minutes}`)
    const reading = read([path], format, options)
    await expect(reading).rejects.toMatchObject({ code: 'UNREADABLE_FILE', message: expect.stringMatching(message) })
    await expect(reading).rejects.toThrow('2330-Minute-Trade.txt')
  })

  it.each<[string, string, string]>([
    [
      'no volume',
      `${header.replace('TotalVolume', 'OpenInt')}\n${minutes}`,
      '2: missing column: volume, which is TotalVolume or Volume or Vol or UpVolume+DownVolume or Up+Down',
    ],
    [
      'names that mean nothing here',
      `日期,時間,開盤價,最高價,最低價,收盤價,成交量\n${minutes}`,
      '2: missing column: ts',
    ],
    ['columns twice', `${header},"Volume","TotalVolume"\n${minutes},1,2`, '2: column twice: volume'],
    ['more columns than a header could explain', `${minutes},5`, '1: more columns than declared'],
    ['decimal commas', `${header}\n${minutes.replace('1400.0', '1400,0')}`, '2: more columns than declared'],
    [
      'an addend that is no number',
      `${header.replace('"TotalVolume"', '"Up","Down"')}\n${minutes.replace(/12$/, '5,x')}`,
      '2: unreadable number: volume',
    ],
    [
      'times of the morning and afternoon',
      `${header}\n${minutes.replace('00,1400', '00 AM,1400')}`,
      '2: unreadable date',
    ],
    ['seconds', `${header}\n${minutes.replace('09:01:00', '09:00:30')}`, '2: a time that is not on a whole minute'],
  ])('with %s is refused by line and reason', async (_, content, reason) => {
    expect(await rowsOf(content)).toEqual([reason])
  })
})
