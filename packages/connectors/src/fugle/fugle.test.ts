import { describe, expect, test } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { dailyBars } from './daily-bars.js'
import { fugle } from './index.js'
import { instruments } from './instruments.js'
import { intradayBars } from './intraday-bars.js'
import { minuteBars } from './minute-bars.js'

const read = (name: string) => fixture(import.meta.url, name)
const credentials = { api_key: 'key-1' }
const days = {
  connector: 'fugle',
  handler: 'dailyBars',
  params: { instrument: 'TWSE:2330', start: '2023-02-06', end: '2023-02-09' },
}
const evening = '2023-05-29T12:00:00Z'

const askDays = (answer: { status?: number; headers?: Record<string, string>; body: string }, now = evening) => {
  const context = fakeContext({ now, credentials, answers: [answer] })
  return { context, result: dailyBars(days, context) }
}

describe('daily candles', () => {
  test('come newest first, count shares, and are bars at the session open', async () => {
    const { context, result } = askDays({ body: read('daily-candles.json') })
    const { data } = await result
    expect(data).toMatchObject({
      bars: [
        {
          bars: [
            { ts: '2023-02-07T01:00:00Z', open: 533, close: 535, volume: 23_000_456, turnover: 12_300_000_000 },
            { ts: '2023-02-08T01:00:00Z', open: 541, close: 543, volume: 27_000_123 },
          ],
        },
      ],
      covers: [{ scope: 'TWSE:2330', of: '1d', start: '2023-02-06', end: '2023-02-09' }],
    })
    const [asked] = context.asked
    expect(asked?.url).toContain('from=2023-02-06&to=2023-02-08&timeframe=D&fields=')
    expect([asked?.url.includes('key-1'), asked?.secretHeaders]).toEqual([false, { 'x-api-key': 'key-1' }])
  })

  test.each([
    ['another symbol', '"symbol": "2330"', '"symbol": "2317"'],
    ['another market', '"market": "TSE"', '"market": "OTC"'],
    ['another timeframe', '"timeframe": "D"', '"timeframe": "W"'],
    ['a date that was not asked for', '2023-02-08', '2023-02-09'],
    ['no volume', '"volume"', '"total"'],
  ])('of %s are not kept', async (_name, from, to) => {
    const { result } = askDays({ body: read('daily-candles.json').replace(from, to) })
    await expect(result).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
  })

  test('of a symbol that is not known are an absence that covers nothing', async () => {
    const { result } = askDays({ status: 404, body: '{"statusCode":404,"message":"Resource Not Found"}' })
    expect((await result).data).toEqual({ absence: 'no-data', covers: [] })
  })

  test.each([
    ['a wrong key', 401, '{"statusCode":401,"message":"Unauthorized"}', 'UPSTREAM_UNAUTHORIZED'],
    ['a plan that is too small', 403, '{"statusCode":403,"message":"Forbidden resource"}', 'UPSTREAM_UNAUTHORIZED'],
    ['a wall', 403, '<html>Just a moment...</html>', 'UPSTREAM_BANNED'],
    ['a limit', 429, '{"statusCode":429,"message":"Rate limit exceeded"}', 'UPSTREAM_RATE_LIMITED'],
    ['a 404 that is a page for people', 404, '<html>Not found</html>', 'UPSTREAM_REFUSED'],
    ['maintenance', 200, '<html>Will be right back</html>', 'UPSTREAM_FAILED'],
  ])('answered by %s have failed', async (_name, status, body, code) => {
    await expect(askDays({ status, body }).result).rejects.toMatchObject({ code })
  })

  test('of a limit wait as long as it says', async () => {
    const { result } = askDays({
      status: 429,
      headers: { 'retry-after': '60' },
      body: '{"message":"Rate limit exceeded"}',
    })
    await expect(result).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retry: { afterMs: 60_000 } })
  })
})

describe('minute candles', () => {
  const row = (stamp: string, close: number, volume: number) => ({
    date: `${stamp}.000+08:00`,
    open: close,
    high: close,
    low: close,
    close,
    volume,
  })
  const page = (...data: object[]) => JSON.stringify({ symbol: '2330', market: 'TSE', timeframe: '1', data })

  test('are of the last thirty days whatever was asked for: the dates are chosen here, and the first one is not covered', async () => {
    const body = page(
      row('2023-05-26T09:01:00', 571, 3_000),
      row('2023-05-25T09:00:00', 570, 2_000),
      row('2023-05-24T13:24:00', 569, 1_000),
    )
    const task = {
      connector: 'fugle',
      handler: 'minuteBars',
      params: { instrument: 'TWSE:2330', start: '2023-05-24', end: '2023-05-26' },
    }
    const { data } = await minuteBars(task, fakeContext({ now: evening, credentials, answers: [{ body }] }))
    expect(data).toMatchObject({
      bars: [
        {
          bars: [
            { ts: '2023-05-24T05:24:00Z', volume: 1_000, turnover: null },
            { ts: '2023-05-25T01:00:00Z', volume: 2_000 },
          ],
        },
      ],
      covers: [{ start: '2023-05-25', end: '2023-05-26' }],
    })
  })

  test('of today are counted in lots, and their closing auction belongs to the last minute', async () => {
    const task = { connector: 'fugle', handler: 'intradayBars', params: { instrument: 'TWSE:2330', askedMs: 0 } }
    const context = fakeContext({ now: evening, credentials, answers: [{ body: read('intraday-candles.json') }] })
    const { data } = await intradayBars(task, context)
    expect(data).toMatchObject({
      bars: [
        {
          bars: [
            { ts: '2023-05-29T01:00:00Z', volume: 8_450_000 },
            { ts: '2023-05-29T05:24:00Z', volume: 120_000 },
            { ts: '2023-05-29T05:29:00Z', volume: 4_778_000 },
          ],
        },
      ],
      covers: [{ start: '2023-05-29', end: '2023-05-30' }],
    })
  })

  test('of a minute that is not over are not final, and do not cover the day', async () => {
    const task = { connector: 'fugle', handler: 'intradayBars', params: { instrument: 'TWSE:2330', askedMs: 0 } }
    const body = page(row('2023-05-29T09:00:00', 574, 8), row('2023-05-29T09:01:00', 572, 5)).replace(
      '{',
      '{"date":"2023-05-29",',
    )
    const { data } = await intradayBars(
      task,
      fakeContext({ now: '2023-05-29T01:01:30Z', credentials, answers: [{ body }] }),
    )
    const [first, second] = 'bars' in data ? (data.bars?.[0]?.bars ?? []) : []
    expect([first?.final, second?.final, data.covers]).toEqual([undefined, false, []])
  })

  test('in lots whose size is not known are refused', async () => {
    const task = { connector: 'fugle', handler: 'intradayBars', params: { instrument: 'TWSE:00636K', askedMs: 0 } }
    const told = intradayBars(task, fakeContext({ now: evening, credentials }))
    await expect(told).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test('that repeat, are outside the session, or have no price are refused with the reason', async () => {
    const bare = { ...row('2023-05-29T09:03:00', 1, 5), open: null }
    const data = [
      row('2023-05-29T09:00:00', 574, 8),
      row('2023-05-29T09:00:00', 575, 9),
      row('2023-05-29T14:30:00', 574, 1),
      bare,
    ]
    const body = page(...data)
    const task = {
      connector: 'fugle',
      handler: 'minuteBars',
      params: { instrument: 'TWSE:2330', start: '2023-05-29', end: '2023-05-30' },
    }
    const { data: told } = await minuteBars(task, fakeContext({ now: evening, credentials, answers: [{ body }] }))
    const reasons = 'refused' in told ? told.refused?.map(({ reason }) => reason) : []
    expect(reasons).toEqual(['minute repeats', 'unreadable number', 'outside the session'])
  })
})

test('tickers are securities of one exchange, and an empty list covers nothing', async () => {
  const task = { connector: 'fugle', handler: 'instruments', params: { exchange: 'TPEX', asked: '2023-05-29' } }
  const body = '{"market":"OTC","data":[{"symbol":"6488","name":"環球晶"},{"symbol":"006201","name":"元大富櫃50"}]}'
  const context = fakeContext({
    now: evening,
    credentials,
    answers: [{ body }, { body: '{"market":"OTC","data":[]}' }],
  })
  expect((await instruments(task, context)).data).toMatchObject({
    instruments: [
      { instrument: 'TPEX:6488', kind: 'stock' },
      { instrument: 'TPEX:006201', kind: 'etf' },
    ],
    covers: [{ scope: 'TPEX', of: 'instruments', start: '2023-05-29', end: '2023-05-30' }],
  })
  expect((await instruments(task, context)).data).toEqual({ absence: 'no-data', covers: [] })
})

test('days are asked for by the year, from 2010 on, and minutes of thirty days at most', () => {
  const instrument = {
    instrument: 'TWSE:2330',
    exchange: 'TWSE',
    symbol: '2330',
    name: '',
    kind: 'stock',
    isin: null,
    listed: null,
    delisted: null,
  } as const
  const request = {
    instruments: [instrument],
    start: '2008-06-01',
    end: '2012-01-01',
    options: {},
    nowMs: Date.parse(evening),
  }
  const tasks = (plan: string, more: object = {}) =>
    [...(fugle.crawls[plan]?.tasks({ ...request, ...more }) ?? [])].map(({ params }) => params)
  expect(tasks('daily-bars')).toMatchObject([
    { start: '2010-01-01', end: '2011-01-01' },
    { start: '2011-01-01', end: '2012-01-01' },
  ])
  expect(tasks('minute-bars', { end: '2024-01-01' })).toMatchObject([{ start: '2023-04-29', end: '2023-05-30' }])
  expect(tasks('minute-bars')).toEqual([])
  expect(tasks('intraday-bars', { end: '2023-05-30' })).toHaveLength(1)
  expect(tasks('intraday-bars', { end: '2023-05-29' })).toEqual([])
})
