import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { dailyBars } from './daily-bars.js'
import { finmind } from './index.js'
import { instruments } from './instruments.js'
import { minuteBars } from './minute-bars.js'
import { tradingDates } from './trading-dates.js'
import { valuations } from './valuations.js'

const longAfter = '2024-06-01T00:00:00Z'
const credentials = { token: 'ticket' }
const price = fixture(import.meta.url, 'price.json')
const kbar = fixture(import.meta.url, 'kbar.json')
const nothing = '{"msg":"success","status":200,"data":[]}'

async function runDays(body: string, now = longAfter) {
  const context = fakeContext({ now, credentials, answers: [{ body }] })
  const params = { instrument: 'TWSE:1234', start: '2024-03-01', end: '2024-04-01' }
  return { ...(await dailyBars({ connector: 'finmind', handler: 'dailyBars', params }, context)), asked: context.asked }
}

async function runMinutes(body: string, now = longAfter) {
  const context = fakeContext({ now, credentials, answers: [{ body }] })
  const params = { instrument: 'TWSE:1234', date: '2024-03-06' }
  return {
    ...(await minuteBars({ connector: 'finmind', handler: 'minuteBars', params }, context)),
    asked: context.asked,
  }
}

const month = { scope: 'TWSE:1234', of: '1d', start: '2024-03-01', end: '2024-04-01' }

describe('days of FinMind', () => {
  it('are all dates of an instrument in one page, with the token in a header', async () => {
    const { data, asked } = await runDays(price)
    expect(asked).toEqual([
      {
        url: 'https://api.finmindtrade.com/api/v4/data?dataset=TaiwanStockPrice&data_id=1234&start_date=2024-03-01&end_date=2024-03-31',
        secretHeaders: { authorization: 'Bearer ticket' },
      },
    ])
    expect(data).toMatchObject({
      bars: [
        {
          interval: '1d',
          bars: [
            {
              instrument: 'TWSE:1234',
              ts: '2024-03-04T01:00:00Z',
              ...{ open: 1020, high: 1035, low: 1015.5, close: 1030 },
              ...{ volume: 2_000_000, turnover: 2_050_000_000, trades: 3_105 },
            },
            { ts: '2024-03-07T01:00:00Z' },
          ],
        },
      ],
      covers: [month],
    })
  })

  it('of 2330 in March 2020, as FinMind documents its answer, are read to the last figure', async () => {
    const row = {
      ...{ date: '2020-03-10', stock_id: '2330', Trading_Volume: 74_869_130, Trading_money: 22_727_941_511 },
      ...{ open: 301.5, max: 309, min: 301, close: 307, spread: 1.5, Trading_turnover: 30_268 },
    }
    const body = JSON.stringify({ msg: 'success', status: 200, data: [row] })
    const context = fakeContext({ now: longAfter, credentials, answers: [{ body }] })
    const params = { instrument: 'TWSE:2330', start: '2020-03-10', end: '2020-03-11' }
    const { data } = await dailyBars({ connector: 'finmind', handler: 'dailyBars', params }, context)
    expect(data).toMatchObject({
      bars: [
        {
          bars: [
            {
              ...{ instrument: 'TWSE:2330', ts: '2020-03-10T01:00:00Z', open: 301.5, high: 309, low: 301, close: 307 },
              ...{ volume: 74_869_130, turnover: 22_727_941_511, trades: 30_268 },
            },
          ],
        },
      ],
      refused: [],
    })
  })

  it('of zeros are no day without trade, which FinMind has written of days that were traded', async () => {
    const { data } = await runDays(price)
    const refused = 'refused' in data ? (data.refused ?? []) : []
    expect(refused.map(({ reason, bar }) => [reason, bar?.date])).toEqual([
      ['volume without a price', undefined],
      ['date repeats', undefined],
      ['a price is zero', '2024-03-06'],
    ])
  })

  it('that are none cover the dates once they are settled', async () => {
    expect((await runDays(nothing)).data).toEqual({ absence: 'no-data', covers: [month] })
    const young = await runDays(nothing, '2024-03-06T12:00:00Z')
    expect(young.data).toEqual({ absence: 'no-data', covers: [{ ...month, end: '2024-03-06' }] })
    const future = fakeContext({ now: '2024-02-01T00:00:00Z', credentials })
    const params = { instrument: 'TWSE:1234', start: '2024-03-01', end: '2024-04-01' }
    const told = await dailyBars({ connector: 'finmind', handler: 'dailyBars', params }, future)
    expect([told.data, future.asked]).toEqual([{ absence: 'not-yet', covers: [] }, []])
  })

  it('are not final before the evening', async () => {
    const { data } = await runDays(price, '2024-03-07T08:00:00Z')
    expect(data).toMatchObject({ bars: [{ bars: [{}, { final: false }] }], covers: [{ ...month, end: '2024-03-07' }] })
  })

  it.each([
    ['of another stock', price.replace('"1234"', '"1235"'), 'a row is of 1235 on 2024-03-04'],
    ['of another date', price.replace('2024-03-04', '2024-04-01'), 'a row is of 1234 on 2024-04-01'],
    ['without a column', price.replaceAll('Trading_Volume', 'volume'), "the column 'Trading_Volume' is missing"],
    ['without data', '{"msg":"success","status":200}', "'data' of FinMind's TaiwanStockPrice is not a list"],
  ])('%s are not kept', async (_, body, message) => {
    await expect(runDays(body)).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(message),
    })
  })
})

describe('minutes of FinMind', () => {
  it('are in shares, and the closing auction is in the last minute', async () => {
    const { data, asked } = await runMinutes(kbar)
    expect(asked[0]?.url).toContain('dataset=TaiwanStockKBar&data_id=1234&start_date=2024-03-06&end_date=2024-03-06')
    const bars = 'bars' in data ? (data.bars?.[0]?.bars ?? []) : []
    expect(bars.map(({ ts, open, high, low, close, volume }) => [ts, open, high, low, close, volume])).toEqual([
      ['2024-03-06T01:00:00Z', 523, 524, 522, 524, 3_893_000],
      ['2024-03-06T01:02:00Z', 524, 525, 524, 525, 500],
      ['2024-03-06T05:29:00Z', 526, 528, 525, 528, 102_000],
    ])
    expect(data.covers).toEqual([{ scope: 'TWSE:1234', of: '1m', start: '2024-03-06', end: '2024-03-07' }])
  })

  it('in lots whose size is not known are neither asked for nor believed', async () => {
    const params = { instrument: 'TWSE:00636K', date: '2024-03-06' }
    const told = minuteBars({ connector: 'finmind', handler: 'minuteBars', params }, fakeContext({ now: longAfter }))
    await expect(told).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED', message: expect.stringContaining('00636K') })
    const known = { exchange: 'TWSE', name: '', kind: 'etf', isin: null, listed: null, delisted: null } as const
    const instruments = ['0050', '00636K'].map((symbol) => ({ ...known, instrument: `TWSE:${symbol}`, symbol }))
    const request = { instruments, start: '2024-03-06', end: '2024-03-07', options: {}, nowMs: Date.parse(longAfter) }
    const tasksOf = (plan: string) => [...(finmind.crawls[plan]?.tasks(request) ?? [])]
    expect(tasksOf('minute-bars').map((task) => task.params.instrument)).toEqual(['TWSE:0050'])
    expect(tasksOf('daily-bars')).toHaveLength(2)
  })

  it('outside the session, there twice or out of their mind are refused', async () => {
    const { data } = await runMinutes(kbar)
    const refused = 'refused' in data ? (data.refused ?? []) : []
    expect(refused.map(({ reason }) => reason)).toEqual([
      'high is below low',
      'minute repeats',
      'outside the session',
      'unreadable minute',
    ])
    const rows = JSON.parse(kbar)
    const backwards = await runMinutes(JSON.stringify({ ...rows, data: rows.data.toReversed() }))
    expect(backwards.data).toMatchObject({ bars: 'bars' in data ? data.bars : [] })
  })

  it('that are none cover the date when it is over', async () => {
    const covers = [{ scope: 'TWSE:1234', of: '1m', start: '2024-03-06', end: '2024-03-07' }]
    expect((await runMinutes(nothing)).data).toEqual({ absence: 'no-data', covers })
    expect((await runMinutes(nothing, '2024-03-06T12:00:00Z')).data).toEqual({ absence: 'no-data', covers: [] })
    expect((await runMinutes(kbar, '2024-03-06T08:00:00Z')).data).toMatchObject({
      bars: [{ bars: [{ final: false }, { final: false }, { final: false }] }],
      covers: [],
    })
  })
})

describe('reference rows of FinMind', () => {
  it('have a stock once for each of its industries, and one instrument of them', async () => {
    const answers = [{ body: fixture(import.meta.url, 'stock-info.json') }]
    const context = fakeContext({ now: longAfter, credentials, answers })
    const task = { connector: 'finmind', handler: 'instruments', params: { asked: '2024-06-01' } }
    const { data } = await instruments(task, context)
    expect(data).toMatchObject({
      instruments: [
        { instrument: 'TWSE:1234', kind: 'stock', name: '甲' },
        { instrument: 'TWSE:0050', kind: 'etf' },
        { instrument: 'TPEX:6789', kind: 'stock' },
        { instrument: 'TWSE:TAIEX', kind: 'index' },
      ],
      covers: [
        { scope: 'TWSE', of: 'instruments', start: '2024-06-01', end: '2024-06-02' },
        { scope: 'TPEX', of: 'instruments' },
      ],
      refused: [{ reason: 'unreadable code' }],
    })
    const rows = 'rows' in data ? (data.rows?.[0]?.rows ?? []) : []
    expect(rows).toHaveLength(7)
    expect(rows[4]).toEqual({ stock_id: '7777', industry: '生技醫療業', market: 'emerging', name: '丁' })
  })

  it('that are an empty list of securities cover nothing', async () => {
    const context = fakeContext({ now: longAfter, credentials, answers: [{ body: nothing }] })
    const task = { connector: 'finmind', handler: 'instruments', params: { asked: '2024-06-01' } }
    expect((await instruments(task, context)).data).toEqual({ absence: 'no-data', covers: [] })
  })

  it('have null for the P/E of a loss', async () => {
    const rows = [
      { date: '2024-03-04', stock_id: '1234', dividend_yield: 2.5, PER: 18.4, PBR: 4.1 },
      { date: '2024-03-05', stock_id: '1234', dividend_yield: 0, PER: 0, PBR: 4 },
      { date: '2024-03-06', stock_id: '1234', dividend_yield: 'much', PER: 0, PBR: 4 },
    ]
    const answers = [{ body: JSON.stringify({ msg: 'success', status: 200, data: rows }) }]
    const context = fakeContext({ now: longAfter, credentials, answers })
    const params = { instrument: 'TWSE:1234', start: '2024-03-01', end: '2024-04-01' }
    const { data } = await valuations({ connector: 'finmind', handler: 'valuations', params }, context)
    expect(data).toMatchObject({
      rows: [
        {
          dataset: 'finmind_valuations',
          rows: [
            { date: '2024-03-04', instrument: 'TWSE:1234', pe: 18.4, pb: 4.1, dividend_yield_percent: 2.5 },
            { pe: null, dividend_yield_percent: 0 },
          ],
        },
      ],
      covers: [{ ...month, of: 'finmind_valuations' }],
      refused: [{ reason: 'unreadable number' }],
    })
  })

  it('are the dates of sessions within what was asked', async () => {
    const told = (dates: readonly string[]) =>
      JSON.stringify({ msg: 'success', status: 200, data: dates.map((date) => ({ date })) })
    const run = (body: string) => {
      const context = fakeContext({ now: longAfter, credentials, answers: [{ body }] })
      const params = { start: '2024-03-01', end: '2024-03-05' }
      return tradingDates({ connector: 'finmind', handler: 'tradingDates', params }, context)
    }
    expect((await run(told(['2024-02-29', '2024-03-01', '2024-03-04', '2024-03-05']))).data).toMatchObject({
      rows: [{ dataset: 'finmind_trading_dates', rows: [{ date: '2024-03-01' }, { date: '2024-03-04' }] }],
      covers: [{ of: 'finmind_trading_dates', start: '2024-03-01', end: '2024-03-05' }],
    })
    expect((await run(told([]))).data).toMatchObject({ absence: 'no-data' })
    await expect(run(told(['2024-03-32']))).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
  })
})
