import { isAbsence } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { parsePe } from './parse-pe.js'
import { parseTradingStock } from './parse-trading-stock.js'
import { stockMonth } from './stock-month.js'
import { valuations } from './valuations.js'

const longAfter = '2024-06-01T00:00:00Z'
const month = () => JSON.parse(fixture(import.meta.url, 'trading-stock.json'))

describe('a month of one stock', () => {
  const run = (body: object, now = longAfter) => {
    const context = fakeContext({ now, answers: [{ body: JSON.stringify(body) }] })
    const task = { connector: 'tpex', handler: 'stockMonth', params: { instrument: 'TPEX:6236', month: '2024-03' } }
    return stockMonth(task, context).then((result) => ({ ...result, asked: context.asked }))
  }

  it('is rows of thousands, and never bars', async () => {
    const { data, asked } = await run(month())
    expect(asked.map(({ url }) => url)).toEqual([
      'https://www.tpex.org.tw/www/zh-tw/afterTrading/tradingStock?code=6236&date=2024/03/01&response=json',
    ])
    if (isAbsence(data)) throw new Error('no page')
    expect(data.bars).toBeUndefined()
    expect(data.rows?.[0]).toMatchObject({
      dataset: 'tpex_rounded_days',
      rows: [
        {
          date: '2024-03-01',
          instrument: 'TPEX:6236',
          open: 20,
          high: 20.3,
          low: 19.95,
          close: 20.1,
          volume_thousands: 1_205,
          turnover_thousands: 24_210,
          trades: 812,
        },
        { date: '2024-03-04', open: null, close: null, volume_thousands: 0, turnover_thousands: 6, trades: 2 },
        { date: '2024-03-05', volume_thousands: 3, turnover_thousands: 61 },
        { date: '2024-03-06', close: 20.3 },
      ],
    })
    expect(data.covers).toEqual([
      { scope: 'TPEX:6236', of: 'tpex_rounded_days', start: '2024-03-01', end: '2024-04-01' },
    ])
  })

  it('names its volume after lots or after units', () => {
    const body = month()
    body.tables[0].fields[1] = '成交仟股'
    expect(parseTradingStock(body, '6236', '2024-03')).toEqual(parseTradingStock(month(), '6236', '2024-03'))
  })

  it('whose volume is told in shares is not kept', () => {
    const body = month()
    body.tables[0].fields[1] = '成交股數'
    expect(() => parseTradingStock(body, '6236', '2024-03')).toThrow("'成交張數' or '成交仟股' is missing")
  })

  it('has no row of a day that is not over, and does not cover it', async () => {
    const { data } = await run(month(), '2024-03-06T07:00:00Z')
    if (isAbsence(data)) throw new Error('no page')
    expect(data.rows?.[0]?.rows).toHaveLength(3)
    expect(data.covers).toMatchObject([{ start: '2024-03-01', end: '2024-03-06' }])
  })

  it.each([
    ['no table', { ...month(), tables: [] }],
    ['a table without rows', { ...month(), tables: [{ ...month().tables[0], data: [], totalCount: 0 }] }],
  ])('with %s is an absence that covers the month', async (_, body) => {
    const { data } = await run(body)
    expect(data).toMatchObject({ absence: 'no-data', covers: [{ start: '2024-03-01', end: '2024-04-01' }] })
  })

  it.each([
    ['another stock', '1111', '2024-03', "asked for 1111, but answers '6236'"],
    ['another month', '6236', '2024-04', "asked for 2024-04, but a row says '113/03/01＊'"],
  ])('that speaks of %s is not kept', (_, symbol, asked, message) => {
    expect(() => parseTradingStock(month(), symbol, asked)).toThrow(message)
  })

  it('refuses rows that cannot be read, and a day that repeats', () => {
    const body = month()
    body.tables[0].data[1][3] = 'x'
    body.tables[0].data[2][1] = '1.5'
    body.tables[0].data.push(body.tables[0].data[0])
    const told = parseTradingStock(body, '6236', '2024-03')
    expect(told).toMatchObject({
      rows: [{ date: '2024-03-01' }, { date: '2024-03-06' }],
      refused: [
        { row: '6236 113/03/04 0 6 x --- --- --- --- 2', reason: 'unreadable price' },
        { reason: 'unreadable number' },
        { reason: 'date repeats' },
      ],
    })
  })
})

describe('valuations of TPEx', () => {
  const pe = () => JSON.parse(fixture(import.meta.url, 'pe.json'))
  const run = (body: object, date = '2024-03-06') =>
    valuations(
      { connector: 'tpex', handler: 'valuations', params: { date } },
      fakeContext({ now: longAfter, answers: [{ body: JSON.stringify(body) }] }),
    )

  it('have western years, trimmed names, and null for the P/E of a loss', async () => {
    const { data } = await run(pe())
    expect(data).toEqual({
      rows: [
        {
          dataset: 'tpex_valuations',
          rows: [
            {
              date: '2024-03-06',
              instrument: 'TPEX:6234',
              name: '虛構環',
              pe: 46.32,
              pb: 4.05,
              dividend: 12.5,
              dividend_year: 2022,
              dividend_yield_percent: 0.82,
            },
            {
              date: '2024-03-06',
              instrument: 'TPEX:6236',
              name: '虛構安*',
              pe: null,
              pb: 0.61,
              dividend: 0,
              dividend_year: 2023,
              dividend_yield_percent: 0,
            },
          ],
        },
      ],
      covers: [{ scope: 'TPEX', of: 'tpex_valuations', start: '2024-03-06', end: '2024-03-07' }],
      refused: [],
    })
  })

  it('of a day without session are a holiday', async () => {
    const body = { ...pe(), date: '20240228', tables: [{ ...pe().tables[0], totalCount: 0, data: [] }] }
    const { data } = await run(body, '2024-02-28')
    expect(data).toMatchObject({ absence: 'holiday', covers: [{ of: 'tpex_valuations', start: '2024-02-28' }] })
  })

  it('of another date are not kept', () => {
    expect(() => parsePe(pe(), '2024-03-07')).toThrow("asked for 2024-03-07, but answers '20240306'")
  })

  it('that cannot be read are refused one by one', () => {
    const body = pe()
    body.tables[0].data[1][2] = 'n/m'
    body.tables[0].data.push(body.tables[0].data[0])
    expect(parsePe(body, '2024-03-06')).toMatchObject({
      rows: [{ instrument: 'TPEX:6234' }],
      refused: [{ reason: 'unreadable number' }, { reason: 'code repeats' }],
    })
  })
})
