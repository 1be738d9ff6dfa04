import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { latestDay } from './latest-day.js'
import { marketDay } from './market-day.js'
import { parseMiIndex } from './parse-mi-index.js'
import { parseStockDayAll } from './parse-stock-day-all.js'

const longAfter = '2024-06-01T00:00:00Z'

async function runDay(date: string, body: string, now = longAfter, warrants = false) {
  const context = fakeContext({ now, answers: [{ body }] })
  const task = { connector: 'twse', handler: 'marketDay', params: { date, warrants } }
  return { ...(await marketDay(task, context)), asked: context.asked }
}

describe('a day of the whole market', () => {
  it('is found among the tables by its columns, and covers the exchange on that day', async () => {
    const { data, asked } = await runDay('2024-03-06', fixture(import.meta.url, 'mi-index.json'))
    expect(asked[0]?.url).toBe(
      'https://www.twse.com.tw/rwd/zh/afterTrading/MI_INDEX?date=20240306&type=ALLBUT0999&response=json',
    )
    expect(data).toEqual({
      bars: [
        {
          interval: '1d',
          bars: [
            {
              instrument: 'TWSE:1234',
              ts: '2024-03-06T01:00:00Z',
              open: 1020,
              high: 1035,
              low: 1015,
              close: 1030,
              volume: 2_000_000,
              turnover: 1_234_567_890,
              trades: 3_105,
            },
          ],
        },
      ],
      covers: [{ scope: 'TWSE', of: '1d', start: '2024-03-06', end: '2024-03-07' }],
      refused: [{ row: '1235A 2024-03-06 -- -- -- -- 120 6,000 3', reason: 'volume without a price' }],
    })
  })

  it('of the old form, with numbered fields, has the same bars', () => {
    const rows = parseMiIndex(JSON.parse(fixture(import.meta.url, 'mi-index-numbered.json')), '2024-03-06')
    const today = parseMiIndex(JSON.parse(fixture(import.meta.url, 'mi-index.json')), '2024-03-06')
    expect(rows).toEqual([today[0]])
  })

  it('brings warrants when they are wanted', async () => {
    const { asked } = await runDay('2024-03-06', fixture(import.meta.url, 'mi-index.json'), longAfter, true)
    expect(asked[0]?.url).toContain('type=ALL&')
  })

  it.each([fixture(import.meta.url, 'mi-index-holiday.json'), '{}'])('is a holiday when %s comes', async (body) => {
    const { data } = await runDay('2024-02-28', body)
    expect(data).toEqual({
      absence: 'holiday',
      covers: [{ scope: 'TWSE', of: '1d', start: '2024-02-28', end: '2024-02-29' }],
    })
  })

  it('that has no page yet on its own evening is not taken for a holiday', async () => {
    const { data } = await runDay(
      '2024-02-28',
      fixture(import.meta.url, 'mi-index-holiday.json'),
      '2024-02-28T12:00:00Z',
    )
    expect(data).toEqual({ absence: 'not-yet', covers: [] })
  })

  it('that answers for another date is not kept', () => {
    const body = JSON.parse(fixture(import.meta.url, 'mi-index.json'))
    expect(() => parseMiIndex(body, '2024-03-07')).toThrow("asked for 2024-03-07, but answers '20240306'")
  })

  it('without its table is not taken for a day without trade', () => {
    const body = JSON.parse(fixture(import.meta.url, 'mi-index.json'))
    expect(() => parseMiIndex({ ...body, tables: [{}, {}] }, '2024-03-06')).toThrow('no table with the columns')
  })
})

describe('the latest day', () => {
  const run = (body: string, now: string) =>
    latestDay(
      { connector: 'twse', handler: 'latestDay', params: { asked: '2024-03-06' } },
      fakeContext({ now, answers: [{ body }] }),
    )

  it('says itself which day it is, and covers it when it is settled', async () => {
    const { data } = await run(fixture(import.meta.url, 'stock-day-all.json'), '2024-03-06T10:00:00Z')
    expect(data).toMatchObject({
      bars: [{ bars: [{ instrument: 'TWSE:1234', ts: '2024-03-06T01:00:00Z', volume: 2_000_000, trades: 3_105 }] }],
      covers: [{ scope: 'TWSE', of: '1d', start: '2024-03-06', end: '2024-03-07' }],
      refused: [],
    })
  })

  it('in the afternoon has bars that may still change, and covers nothing', async () => {
    const { data } = await run(fixture(import.meta.url, 'stock-day-all.json'), '2024-03-06T07:00:00Z')
    expect(data).toMatchObject({ bars: [{ bars: [{ final: false }] }], covers: [] })
  })

  it.each([
    ['Date', "'Date' is missing in row 0"],
    ['ClosingPrice', "'ClosingPrice' is missing in row 0"],
  ])('without %s is not kept', (key, message) => {
    const rows = JSON.parse(fixture(import.meta.url, 'stock-day-all.json'))
    delete rows[0][key]
    expect(() => parseStockDayAll(rows)).toThrow(message)
  })

  it('of two days, or of none, is not kept', () => {
    const rows = JSON.parse(fixture(import.meta.url, 'stock-day-all.json'))
    expect(() => parseStockDayAll([])).toThrow('no row')
    rows[1].Date = '1130307'
    expect(() => parseStockDayAll(rows)).toThrow('two days, 2024-03-06 and 2024-03-07')
  })
})
