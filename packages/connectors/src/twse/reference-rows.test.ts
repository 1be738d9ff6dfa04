import { isAbsence } from '@barkeep/core'
import iconv from 'iconv-lite'
import { describe, expect, it, test } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { delistings } from './delistings.js'
import { holidays } from './holidays.js'
import { instruments } from './instruments.js'
import { parseBwibbu } from './parse-bwibbu.js'
import { parseHolidays } from './parse-holidays.js'
import { parseIsinList } from './parse-isin-list.js'
import { valuations } from './valuations.js'

describe('valuations', () => {
  const run = (date: string, body: string) =>
    valuations(
      { connector: 'twse', handler: 'valuations', params: { date } },
      fakeContext({ now: '2026-06-01T00:00:00Z', answers: [{ body }] }),
    )

  it('have western years and quarters, and null for the P/E of a loss', async () => {
    const { data } = await run('2024-03-06', fixture(import.meta.url, 'bwibbu-d.json'))
    const shared = { date: '2024-03-06', close: null }
    expect(data).toEqual({
      rows: [
        {
          dataset: 'twse_valuations',
          rows: [
            {
              ...shared,
              instrument: 'TWSE:1234',
              name: '虛構電子',
              dividend_yield_percent: 1.25,
              dividend_year: 2022,
              pe: 22.1,
              pb: 4.05,
              fiscal_quarter: '2023Q4',
            },
            {
              ...shared,
              instrument: 'TWSE:1236',
              name: '虛構紡織',
              dividend_yield_percent: 0,
              dividend_year: 2023,
              pe: null,
              pb: 0.61,
              fiscal_quarter: '2023Q3',
            },
          ],
        },
      ],
      covers: [{ scope: 'TWSE', of: 'twse_valuations', start: '2024-03-06', end: '2024-03-07' }],
      refused: [],
    })
  })

  it('of the newer form have the closing price in between', () => {
    const told = parseBwibbu(JSON.parse(fixture(import.meta.url, 'bwibbu-d-with-close.json')), '2026-03-05')
    expect(told).toMatchObject({ rows: [{ close: 1050, pe: 25, dividend_year: 2024, fiscal_quarter: '2025Q4' }] })
  })

  it('of a day without session are a holiday', async () => {
    const { data } = await run('2024-02-28', '{"stat":"很抱歉，沒有符合條件的資料!","total":0}')
    expect(data).toMatchObject({ absence: 'holiday', covers: [{ of: 'twse_valuations', start: '2024-02-28' }] })
  })

  it('that cannot be read are refused one by one', () => {
    const body = JSON.parse(fixture(import.meta.url, 'bwibbu-d.json'))
    body.data[1][4] = 'n/m'
    body.data.push(body.data[0])
    expect(parseBwibbu(body, '2024-03-06')).toMatchObject({
      rows: [{ instrument: 'TWSE:1234' }],
      refused: [{ reason: 'unreadable number' }, { reason: 'code repeats' }],
    })
  })
})

describe('the holiday schedule', () => {
  it('tells the days with a session from those without', () => {
    const days = parseHolidays(JSON.parse(fixture(import.meta.url, 'holiday-schedule.json')))
    if (typeof days === 'string') throw new Error(days)
    expect(days.map(({ date, open }) => [date, open])).toEqual([
      ['2024-01-01', false],
      ['2024-01-02', true],
      ['2024-02-05', true],
      ['2024-02-06', false],
      ['2024-02-10', false],
      ['2024-02-15', true],
    ])
  })

  it('covers the year that it is of, whatever was asked', async () => {
    const context = fakeContext({
      now: '2024-03-06T00:00:00Z',
      answers: [{ body: fixture(import.meta.url, 'holiday-schedule.json') }],
    })
    const task = { connector: 'twse', handler: 'holidays', params: { year: 2019, asked: '2024-03-06' } }
    const { data } = await holidays(task, context)
    expect(context.asked[0]?.url).toContain('queryYear=108')
    expect(data.covers).toEqual([{ scope: 'TWSE', of: 'twse_holidays', start: '2024-01-01', end: '2025-01-01' }])
  })

  it('with a row that comes twice has its day once, as it is told', () => {
    const body = JSON.parse(fixture(import.meta.url, 'holiday-schedule.json'))
    const told = parseHolidays(body)
    expect(parseHolidays({ ...body, data: body.data.flatMap((row: unknown) => [row, row, row]) })).toEqual(told)
  })

  it('with two rows of a day has both names, and is closed where one of them closes it', () => {
    const body = JSON.parse(fixture(import.meta.url, 'holiday-schedule.json'))
    const [first, second] = [
      ['2024-01-01', '國曆新年開始交易日', '國曆新年開始交易。'],
      ['2024-01-01', '中華民國開國紀念日', '依規定放假1日。'],
    ]
    for (const data of [
      [first, second],
      [second, first],
    ]) {
      const [day] = parseHolidays({ ...body, data }) as readonly unknown[] // it has rows
      const words = (at: number) => data.map((row) => row[at]).join('; ')
      expect(day).toEqual({ date: '2024-01-01', name: words(1), description: words(2), open: false })
    }
  })

  it('with a date that cannot be read is not kept', () => {
    const body = JSON.parse(fixture(import.meta.url, 'holiday-schedule.json'))
    body.data[0][0] = '1月1日'
    expect(() => parseHolidays(body)).toThrow("'1月1日' in the column '日期' is not a date")
  })
})

describe('the ISIN list', () => {
  const run = (
    warrants: boolean,
    body: Uint8Array = iconv.encode(fixture(import.meta.url, 'isin-list.html'), 'cp950'),
  ) =>
    instruments(
      { connector: 'twse', handler: 'instruments', params: { exchange: 'TWSE', warrants, asked: '2024-03-06' } },
      fakeContext({ now: '2024-03-06T10:00:00Z', answers: [{ body }] }),
    )

  it('in MS950 gives kind, ISIN and listing date, characters outside of it included', async () => {
    const { data } = await run(true)
    if (isAbsence(data)) throw new Error('no page')
    expect(data.instruments).toEqual([
      {
        instrument: 'TWSE:1234',
        exchange: 'TWSE',
        symbol: '1234',
        name: '虛構裏電子',
        kind: 'stock',
        isin: 'TW0001234004',
        listed: '1999-05-07',
        delisted: null,
      },
      expect.objectContaining({ symbol: '1235A', name: '虛構堃特', kind: 'stock', listed: '2019-01-29' }),
      expect.objectContaining({ symbol: '030001', name: 'S&P虛構購01', kind: 'warrant' }),
      expect.objectContaining({ symbol: '00999K', name: '虛構海外+R', kind: 'etf' }),
    ])
    expect(data.refused).toEqual([{ row: expect.stringContaining('1237'), reason: 'the name is missing' }])
    expect(data.covers).toEqual([{ scope: 'TWSE', of: 'instruments', start: '2024-03-06', end: '2024-03-07' }])
  })

  it('in UTF-8 has failed, whatever its head says', async () => {
    const body = new TextEncoder().encode(fixture(import.meta.url, 'isin-list.html'))
    await expect(run(true, body)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
  })

  it('leaves warrants out unless they are wanted', async () => {
    const { data } = await run(false)
    if (isAbsence(data)) throw new Error('no page')
    expect(data.instruments?.map(({ symbol }) => symbol)).toEqual(['1234', '1235A', '00999K'])
  })

  it('says which column is missing', async () => {
    const html = fixture(import.meta.url, 'isin-list.html').replace('上市日<', '日期<')
    await expect(parseIsinList(html, 'TWSE')).rejects.toThrow("the column '上市日' is missing")
  })

  it.each(['<html></html>', '<SCRIPT>window.location.replace("class_nofind.html")</SCRIPT>'])(
    'is not taken for empty when %s comes',
    async (html) => {
      await expect(parseIsinList(html, 'TWSE')).rejects.toThrow('has no table')
    },
  )

  it('refuses a security that repeats', async () => {
    const html = fixture(import.meta.url, 'isin-list.html')
    const row = /<tr><td bgcolor=#FAFAD2>1234.*<\/tr>/.exec(html)?.[0] ?? ''
    const { instruments: read, refused } = await parseIsinList(html.replace(row, row + row), 'TWSE')
    expect(read).toHaveLength(4)
    expect(refused[0]?.reason).toBe('code repeats')
  })

  it('without securities covers nothing', async () => {
    const html = fixture(import.meta.url, 'isin-list.html').replace(/<tr><td[\s\S]*<\/tr>/, '')
    const { data } = await run(true, iconv.encode(html, 'cp950'))
    expect(data).toEqual({ absence: 'no-data', covers: [] })
  })

  it('is not read when the security page comes in its place', async () => {
    const wall = iconv.encode(fixture(import.meta.url, 'security-page.html').replace(/FOR.*!/, ''), 'cp950')
    await expect(run(true, wall)).rejects.toMatchObject({ code: 'UPSTREAM_BANNED' })
  })
})

test('delisted companies have their date, in either form, or are refused', async () => {
  const { data } = await delistings(
    { connector: 'twse', handler: 'delistings', params: { asked: '2024-03-06' } },
    fakeContext({ now: '2024-03-06T10:00:00Z', answers: [{ body: fixture(import.meta.url, 'delistings.json') }] }),
  )
  expect(data).toEqual({
    instruments: [
      expect.objectContaining({ instrument: 'TWSE:1199', name: '虛構水泥', delisted: '2024-01-10', listed: null }),
      expect.objectContaining({ instrument: 'TWSE:2099', name: '虛構鋼鐵', delisted: '2001-11-05' }),
    ],
    covers: [],
    refused: [{ row: ' 虛構百貨 2999', reason: 'unreadable delisting date' }],
  })
})
