import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { readReport } from './answer.js'
import { parseBwibbu } from './parse-bwibbu.js'
import { parseHolidays } from './parse-holidays.js'
import { parseIsinList } from './parse-isin-list.js'
import { parseMiIndex } from './parse-mi-index.js'
import { parseMis } from './parse-mis.js'
import { parseStockDay } from './parse-stock-day.js'

// From the root of the repository, where vitest runs.
const data = '../shared/data'
const missing = !existsSync(`${data}/recorded`)
if (missing && process.env.CI === 'true') throw new Error(`${data}/recorded is missing, and in CI it must be there.`)
if (missing) console.warn(`LEFT OUT: ${data}/recorded is missing, so the parsers of twse were not tried on real pages.`)

const read = (path: string): string => readFileSync(`${data}/recorded/${path}`, 'utf8')
const json = (name: string): unknown => JSON.parse(read(`node-twstock/${name}`))

/** Pages of TWSE and its sisters that this connector does not ask for, and why. */
const outOfScope: Readonly<Record<string, string>> = {
  'twse-indices-': 'five-second and daily index series have no open, high and low of a bar, and no volume in shares',
  'twse-market-': 'totals of the whole market are no bars and no rows of an instrument',
  'twse-stocks-institutional': 'T86 is not in the scope of this connector',
  'twse-stocks-margin-trades': 'MI_MARGN is not in the scope of this connector',
  'twse-stocks-short-sales': 'TWT93U is not in the scope of this connector',
  'twse-stocks-fini-holdings': 'MI_QFIIS is not in the scope of this connector',
  'twse-stocks-dividends': 'TWT49U: adjustments of TWSE are not in the scope of this connector',
  'twse-stocks-capital-reduction': 'TWTAUU: adjustments of TWSE are not in the scope of this connector',
  'twse-stocks-splits': 'TWTB8U: adjustments of TWSE are not in the scope of this connector',
  'twse-stocks-etf-splits': 'adjustments of TWSE are not in the scope of this connector',
  'mis-twse-stocks-quote-odd': 'getOddInfo counts in shares; odd lots are not quoted',
  'mis-twse-twse-listed-indices': 'getCategory lists indices, which the connector does not crawl',
  'mis-twse-tpex-listed-indices': 'getCategory lists indices, which the connector does not crawl',
  'fetched-': 'lists that the recording project made of the ISIN list: no pages of TWSE',
  'tsrtc-': 'ticks that a third party made of MIS: no page of TWSE',
  'isin-query': 'one security a page; the whole list has the same columns and one request',
}

const inScope = [
  'twse-STOCK_DAY-2330-202411.json',
  'twse-stocks-historical.json',
  'twse-stocks-historical-no-data.json',
  'twse-stocks-values.json',
  'twse-stocks-values-no-data.json',
  'mis-twse-stocks-quote.json',
  'mis-twse-indices-quote.json',
]

describe.skipIf(missing)('recorded pages of TWSE', () => {
  it('are each read below, or out of scope for a reason', () => {
    const ours = ['node-twstock', 'samples']
      .flatMap((folder) => readdirSync(`${data}/recorded/${folder}`))
      .filter((name) => /^(twse|mis-twse|isin|fetched|tsrtc)-/.test(name))
    const left = ours.filter(
      (name) => !inScope.includes(name) && !Object.keys(outOfScope).some((beginning) => name.startsWith(beginning)),
    )
    expect(ours.length).toBeGreaterThan(inScope.length)
    expect(left).toEqual([])
  })

  it('STOCK_DAY of 2330 in November 2024 gives six bars', () => {
    const rows = parseStockDay(JSON.parse(read('samples/twse-STOCK_DAY-2330-202411.json')), '2330', '2024-11')
    if (typeof rows === 'string') throw new Error(rows)
    const { bars, refused } = readDailyRows(rows, '2024-11-08')
    expect(refused).toEqual([])
    expect(bars).toHaveLength(6)
    expect(bars[0]).toEqual({
      instrument: 'TWSE:2330',
      ts: '2024-11-01T01:00:00Z',
      open: 996,
      high: 1030,
      low: 996,
      close: 1025,
      volume: 61_545_741,
      turnover: 62_269_386_415,
      trades: 77_404,
    })
    expect(bars[5]).toMatchObject({ ts: '2024-11-08T01:00:00Z', close: 1090, volume: 38_840_413 })
  })

  it('MI_INDEX of 2023-01-30 gives 1,172 bars of 1,182 rows, and refuses the two with a volume alone', () => {
    const rows = parseMiIndex(json('twse-stocks-historical.json'), '2023-01-30')
    if (typeof rows === 'string') throw new Error(rows)
    const { bars, refused } = readDailyRows(rows, '2023-01-30')
    expect(rows).toHaveLength(1_182)
    expect(refused.map(({ row, reason }) => [row.slice(0, 5).trim(), reason])).toEqual([
      ['2891C', 'volume without a price'],
      ['9918', 'volume without a price'],
    ])
    expect(bars.find(({ instrument }) => instrument === 'TWSE:2330')).toEqual({
      instrument: 'TWSE:2330',
      ts: '2023-01-30T01:00:00Z',
      open: 542,
      high: 543,
      low: 534,
      close: 543,
      volume: 148_413_161,
      turnover: 80_057_158_264,
      trades: 153_125,
    })
    expect(bars.find(({ instrument }) => instrument === 'TWSE:0050')).toMatchObject({
      close: 120.7,
      volume: 44_330_389,
    })
    expect(bars).toHaveLength(1_172)
  })

  it('an empty object in place of MI_INDEX is no data', () => {
    expect(parseMiIndex(json('twse-stocks-historical-no-data.json'), '2023-01-01')).toBe('no-data')
  })

  it('BWIBBU_d of 2023-01-30 gives 968 rows', () => {
    const told = parseBwibbu(json('twse-stocks-values.json'), '2023-01-30')
    if (typeof told === 'string') throw new Error(told)
    expect(told.refused).toEqual([])
    expect(told.rows).toHaveLength(968)
    expect(told.rows[0]).toEqual({
      date: '2023-01-30',
      instrument: 'TWSE:1101',
      name: '台泥',
      close: null,
      dividend_yield_percent: 5.41,
      dividend_year: 2021,
      pe: 30.79,
      pb: 1.27,
      fiscal_quarter: '2022Q3',
    })
    expect(told.rows.find(({ instrument }) => instrument === 'TWSE:1103')).toMatchObject({ pe: null, pb: 0.55 })
    expect(parseBwibbu(json('twse-stocks-values-no-data.json'), '2023-01-01')).toBe('no-data')
  })

  it('MIS gives the close of 2023-12-29 in shares, and an index without a volume', () => {
    expect(parseMis(json('mis-twse-stocks-quote.json'))).toMatchObject({
      rows: [
        {
          instrument: 'TWSE:2330',
          ts: '2023-12-29T05:30:00Z',
          last: 593,
          volume: 18_323_000,
          bid: 592,
          ask: 593,
          limit_up: 652,
          limit_down: 534,
        },
      ],
      refused: [],
    })
    expect(parseMis(json('mis-twse-indices-quote.json'))).toMatchObject({
      rows: [{ instrument: 'TWSE:t00', ts: '2023-12-29T05:33:00Z', last: 17930.81, reference: 17910.37, volume: null }],
      refused: [],
    })
  })

  it('every way in which TWSE was recorded to say that there is nothing is understood', () => {
    const nothing = readdirSync(`${data}/recorded/node-twstock`).filter((name) => /^twse-.*-no-data\.json$/.test(name))
    expect(nothing.length).toBeGreaterThan(10)
    for (const name of nothing) {
      const report = readReport(json(name))
      expect(typeof report === 'string' ? report : report.data, name).toEqual(
        typeof report === 'string' ? 'no-data' : [],
      )
    }
  })

  it('the page of a single security is not taken for the ISIN list', async () => {
    const page = new TextDecoder('big5').decode(readFileSync(`${data}/recorded/node-twstock/isin-query.html`))
    await expect(parseIsinList(page, 'TWSE')).rejects.toThrow('有價證券代號及名稱')
  })
})

describe.skipIf(missing)('the schedule of 2023, which TWSE publishes in English', () => {
  it('has the dates that the Chinese one would have, so they are read alike', () => {
    const english = JSON.parse(readFileSync(`${data}/calendars/schedule-2023.json`, 'utf8'))
    const rows = english.data.map((day: { date: string; name: string; description: string }) => [
      day.date,
      day.name,
      day.description,
    ])
    const days = parseHolidays({ stat: 'ok', fields: ['日期', '名稱', '說明'], data: rows })
    if (typeof days === 'string') throw new Error(days)
    expect(days.map(({ date }) => date)).toContain('2023-01-02')
    expect(days.length).toBe(new Set(rows.map(([date]: string[]) => date)).size)
    const twice = parseHolidays({ stat: 'ok', fields: ['日期', '名稱', '說明'], data: [...rows, ...rows] })
    expect(twice).toEqual(days)
  })
})

describe.skipIf(missing)('the list of securities of both exchanges', () => {
  it('is read back, 46,725 of them, from the page that it would be', async () => {
    let count = 0
    for (const [file, exchange] of [
      ['twse', 'TWSE'],
      ['tpex', 'TPEX'],
    ] as const) {
      const lines = readFileSync(`${data}/security-lists/${file}_equities.csv`, 'utf8').trim().split(/\r?\n/).slice(1)
      const rows = lines.map((line) => line.split(','))
      const escaped = (text = '') => text.replaceAll('&', '&amp;')
      const page = [
        '<table><tr><td>有價證券代號及名稱 </td><td>國際證券辨識號碼(ISIN Code)</td><td>上市日</td><td>CFICode</td></tr>',
        ...rows.map(
          ([, code, name, isin, start, , , cfi]) =>
            `<tr><td>${code}\u3000${escaped(name)}</td><td>${isin}</td><td>${start}</td><td>${cfi}</td></tr>`,
        ),
        '</table>',
      ].join('')
      const { instruments, refused } = await parseIsinList(page, exchange)
      expect(refused).toEqual([])
      expect(instruments.map(({ name }) => name)).toEqual(rows.map(([, , name]) => name?.trim()))
      expect(instruments.find(({ symbol }) => symbol === '2330')?.listed ?? '1994-09-05').toBe('1994-09-05')
      count += instruments.length
    }
    expect(count).toBe(46_725)
  })
})
