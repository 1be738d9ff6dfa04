import { isAbsence } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { type FakeAnswer, fakeContext } from '../fake-context.contract.js'
import { chartBody, taipei } from './chart.contract.js'
import { type DailyBarsParams, dailyBars } from './daily-bars.js'

const params: DailyBarsParams = { instrument: 'TWSE:1234', start: '2024-03-04', end: '2024-03-07', finer: null }

async function run(answer: FakeAnswer, options: Partial<DailyBarsParams> & { now?: string } = {}) {
  const { now = '2024-06-01T00:00:00Z', ...changed } = options
  const context = fakeContext({ now, answers: [answer] })
  const task = { connector: 'yahoo', handler: 'dailyBars', params: { ...params, ...changed } }
  const { data, nextTasks } = await dailyBars(task, context)
  return { data, nextTasks, url: new URL(context.asked[0]?.url ?? '') }
}

async function pageOf(rows: readonly (readonly (number | null)[])[], options: { now?: string; events?: unknown } = {}) {
  const { data } = await run(
    { body: chartBody({ rows, events: options.events }) },
    { now: options.now ?? '2024-06-01T00:00:00Z' },
  )
  if (isAbsence(data)) throw new Error(data.absence)
  return data
}

describe('daily bars of Yahoo', () => {
  it('are asked for up to now, so that all splits that Yahoo applied are told', async () => {
    const { url } = await run({ body: chartBody({ rows: [[taipei('2024-03-04'), 20, 21, 19, 20, 5]] }) })
    expect(url.pathname).toBe('/v8/finance/chart/1234.TW')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      interval: '1d',
      period1: String(taipei('2024-03-04', '00:00:00')),
      period2: String(Date.parse('2024-06-01T00:00:00Z') / 1000),
      includePrePost: 'false',
      events: 'div,splits',
    })
  })

  it('lose the noise of float32, and stand at the session open', async () => {
    const { bars, covers } = await pageOf([
      [taipei('2024-03-04'), 98.0999984741211, 98.30000305175781, 98.0999984741211, 98.19999694824219, 1_500],
    ])
    expect(bars).toEqual([
      {
        interval: '1d',
        bars: [
          {
            instrument: 'TWSE:1234',
            ts: '2024-03-04T01:00:00Z',
            open: 98.1,
            high: 98.3,
            low: 98.1,
            close: 98.2,
            volume: 1_500,
            turnover: null,
            trades: null,
          },
        ],
      },
    ])
    expect(covers).toEqual([{ scope: 'TWSE:1234', of: '1d', start: '2024-03-04', end: '2024-03-07' }])
  })

  it('of dates that were not asked for are left out', async () => {
    const { bars, refused } = await pageOf([
      [taipei('2024-03-06'), 20, 21, 19, 20, 5],
      [taipei('2024-03-07'), 30, 31, 29, 30, 5],
    ])
    expect(bars?.[0]?.bars.map(({ ts }) => ts)).toEqual(['2024-03-06T01:00:00Z'])
    expect(refused).toEqual([])
  })

  it('has today once, though Yahoo tells it twice: unfinished at the open, then at the last trade', async () => {
    const { bars, covers, refused } = await pageOf(
      [
        [taipei('2024-03-05'), 20, 21, 19, 20, 5_000],
        [taipei('2024-03-06'), 100, 104.5, 96, null, 189_723],
        [taipei('2024-03-06', '13:30:01'), 100, 104.5, 96, 96, 189_723],
      ],
      { now: '2024-03-06T06:00:00Z' },
    )
    expect(bars?.[0]?.bars[1]).toMatchObject({
      ts: '2024-03-06T01:00:00Z',
      open: 100,
      close: 96,
      volume: 189_723,
      final: false,
    })
    expect(bars?.[0]?.bars).toHaveLength(2)
    expect(refused).toEqual([])
    expect(covers[0]?.end).toBe('2024-03-06')
  })

  it('is final when its date is over', async () => {
    const rows = [[taipei('2024-03-06'), 100, 104.5, 96, 97, 189_723]]
    const before = await pageOf(rows, { now: '2024-03-06T15:59:59Z' })
    const after = await pageOf(rows, { now: '2024-03-06T16:00:00Z' })
    expect(before.bars?.[0]?.bars[0]?.final).toBe(false)
    expect(after.bars?.[0]?.bars[0]?.final).toBeUndefined()
    expect(after.covers[0]?.end).toBe('2024-03-07')
  })

  it('refuse zeros, a price that is missing on a day long over, and a day that repeats', async () => {
    const { bars, refused } = await pageOf([
      [taipei('2024-03-04'), 0, 0, 0, 0, 0],
      [taipei('2024-03-05'), 20, 21, 19, null, 5],
      [taipei('2024-03-06'), 20, 21, 19, 20, 5],
      [taipei('2024-03-06'), 20, 21, 19, 20, 5],
    ])
    expect(bars?.[0]?.bars).toHaveLength(1)
    expect(refused?.map(({ reason }) => reason).toSorted()).toEqual([
      'a price is missing',
      'a price is zero',
      'time repeats',
    ])
  })

  it('refuse zeros of today as well, but not what today still lacks', async () => {
    const now = '2024-03-06T03:00:00Z'
    const zeros = await pageOf([[taipei('2024-03-06'), 0, 0, 0, 0, 0]], { now })
    expect(zeros.bars?.[0]?.bars).toEqual([])
    const bar = { instrument: 'TWSE:1234', interval: '1d', date: '2024-03-06' }
    expect(zeros.refused).toEqual([{ row: '2024-03-06T01:00:00Z 0 0 0 0 0', reason: 'a price is zero', bar }])
    const unfinished = await pageOf([[taipei('2024-03-06'), 20, 21, 19, null, 5]], { now })
    expect([unfinished.bars?.[0]?.bars, unfinished.refused]).toEqual([[], []])
  })

  it('pass over a day without any price, which is a holiday of that market', async () => {
    const { bars, refused } = await pageOf([
      [taipei('2024-03-04'), null, null, null, null, null],
      [taipei('2024-03-05'), 20, 21, 19, 20, 5],
    ])
    expect(bars?.[0]?.bars).toHaveLength(1)
    expect(refused).toEqual([])
  })
})

describe('splits and dividends', () => {
  const split = taipei('2024-05-06')
  const dividend = taipei('2024-03-05')
  const events = {
    splits: { [split]: { date: split, numerator: 4, denominator: 1, splitRatio: '4:1' } },
    dividends: { [dividend]: { amount: 0.625, date: dividend } },
  }

  it('are adjustments, and what Yahoo did to prices, volumes and dividends because of them is undone', async () => {
    // 188.65 a share before the split, 47.1625 on today's basis, as float32.
    const price = Math.fround(188.65 / 4)
    const { bars, adjustments } = await pageOf([[taipei('2024-03-04'), price, price, price, price, 4_000]], { events })
    expect(bars?.[0]?.bars[0]).toMatchObject({ open: 188.65, close: 188.65, volume: 1_000 })
    expect(adjustments).toEqual([
      { instrument: 'TWSE:1234', date: '2024-05-06', kind: 'split', value: 4 },
      { instrument: 'TWSE:1234', date: '2024-03-05', kind: 'dividend', value: 2.5 },
    ])
  })

  it('of a form not known are not guessed', async () => {
    const broken = { splits: { [split]: { date: split, splitRatio: '4:1' } } }
    await expect(pageOf([[taipei('2024-03-04'), 1, 1, 1, 1, 1]], { events: broken })).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining("'numerator'"),
    })
  })

  it('travel with the tasks for finer bars, which are windows that Yahoo allows', async () => {
    const body = chartBody({ rows: [[taipei('2024-03-04'), 20, 20, 20, 20, 5]], events })
    const { nextTasks } = await run({ body }, { start: '2024-01-01', end: '2024-12-31', finer: '1m' })
    const shared = { instrument: 'TWSE:1234', interval: '1m' }
    const splits = [{ date: '2024-05-06', ratio: 4 }]
    expect(nextTasks).toEqual(
      [
        { start: '2024-05-03', end: '2024-05-10', splits },
        { start: '2024-05-10', end: '2024-05-17', splits: [] },
        { start: '2024-05-17', end: '2024-05-24', splits: [] },
        { start: '2024-05-24', end: '2024-05-31', splits: [] },
        { start: '2024-05-31', end: '2024-06-02', splits: [] },
      ].map((window) => ({ connector: 'yahoo', handler: 'intradayBars', params: { ...shared, ...window } })),
    )
  })
})

describe('what Yahoo answers instead', () => {
  const words = (description: string, code = 'Not Found') =>
    JSON.stringify({ chart: { result: null, error: { code, description } } })

  it.each([
    [404, words('No data found, symbol may be delisted'), 'not-listed', []],
    [422, words('1m data not available. The requested range must be within the last 30 days.'), 'before-history', []],
    [
      400,
      words("Data doesn't exist for startDate = 1577836800, endDate = 1578009600", 'Bad Request'),
      'no-data',
      [{ scope: 'TWSE:1234', of: '1d', start: '2024-03-04', end: '2024-03-07' }],
    ],
    [
      200,
      chartBody({ rows: [] }),
      'no-data',
      [{ scope: 'TWSE:1234', of: '1d', start: '2024-03-04', end: '2024-03-07' }],
    ],
  ])('%d %s is an absence', async (status, body, absence, covers) => {
    const { data, nextTasks } = await run({ status, body })
    expect(data).toEqual({ absence, covers })
    expect(nextTasks).toEqual([])
  })

  it.each([
    ['its plain text', 429, 'Too Many Requests\r\n', 'UPSTREAM_RATE_LIMITED'],
    ['the same from its edge, as if all were well', 200, 'Edge: Too Many Requests', 'UPSTREAM_RATE_LIMITED'],
    ['an outage', 200, '<html>Will be right back...</html>', 'UPSTREAM_FAILED'],
    ['a bad gateway', 502, '<html></html>', 'UPSTREAM_FAILED'],
    ['a body that breaks off', 200, '{"chart":{"result":[{"meta"', 'UPSTREAM_FAILED'],
    ['a wall', 403, 'Forbidden', 'UPSTREAM_BANNED'],
    [
      'a range that is too long',
      422,
      words('Only 8 days worth of 1m granularity data are allowed to be fetched per request.', 'Unprocessable Entity'),
      'UPSTREAM_REFUSED',
    ],
  ])('%s is a failure and never no data', async (_, status, body, code) => {
    await expect(run({ status, body })).rejects.toMatchObject({ code })
  })

  it.each([
    ['symbol', { symbol: '9999.TW' }],
    ['dataGranularity', { dataGranularity: '1wk' }],
    ['exchangeTimezoneName', { exchangeTimezoneName: 'America/New_York' }],
    ['currency', { currency: 'USD' }],
  ])('a chart of another %s is not kept', async (name, meta) => {
    const body = chartBody({ rows: [[taipei('2024-03-04'), 20, 20, 20, 20, 5]], meta })
    await expect(run({ body })).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(name),
    })
  })

  it.each([
    ['no times', '"timestamp":[', '"times":[', "'timestamp' of a chart is not a list"],
    ['a time too few', '"close":[20]', '"close":[20,21]', "'close' has 2 values, but there are 1 timestamps"],
  ])('a chart with quotes and %s is not taken for an empty window', async (_, from, to, message) => {
    const body = chartBody({ rows: [[taipei('2024-03-04'), 20, 20, 20, 20, 5]] }).replace(from, to)
    await expect(run({ body })).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(message),
    })
  })

  it.each(['open', 'high', 'low', 'close', 'volume'])('a chart without %s is not kept', async (name) => {
    const body = chartBody({ rows: [[taipei('2024-03-04'), 20, 20, 20, 20, 5]] }).replace(`"${name}":`, '"other":')
    await expect(run({ body })).rejects.toMatchObject({ message: expect.stringContaining(`'${name}' of a chart`) })
  })
})

it('days to come are not asked for', async () => {
  const context = fakeContext({ now: '2024-03-03T15:59:59Z' })
  const { data } = await dailyBars({ connector: 'yahoo', handler: 'dailyBars', params }, context)
  expect(data).toEqual({ absence: 'not-yet', covers: [] })
  expect(context.asked).toEqual([])
})

describe('London', () => {
  it('is quoted in pence and kept in pounds', async () => {
    const body = chartBody({
      symbol: 'ABCD.L',
      rows: [[Date.parse('2024-03-04T08:00:00Z') / 1000, 1279.5, 1286.5699462890625, 1258, 1259.5, 700]],
      meta: { currency: 'GBp', exchangeTimezoneName: 'Europe/London' },
    })
    const { data } = await run({ body }, { instrument: 'LSE:ABCD' })
    expect(data).toMatchObject({
      bars: [{ bars: [{ ts: '2024-03-04T08:00:00Z', open: 12.795, high: 12.8657, low: 12.58, close: 12.595 }] }],
    })
  })
})
