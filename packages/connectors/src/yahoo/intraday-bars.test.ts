import { isAbsence } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { chartBody, taipei } from './chart.contract.js'
import { type IntradayBarsParams, intradayBars } from './intraday-bars.js'

type Row = readonly (number | null)[]

async function run(
  rows: readonly Row[],
  options: Partial<IntradayBarsParams> & { now?: string; granularity?: string } = {},
) {
  const { now = '2024-03-07T00:00:00Z', granularity, ...changed } = options
  const params: IntradayBarsParams = {
    instrument: 'TWSE:1234',
    interval: '1m',
    start: '2024-03-05',
    end: '2024-03-07',
    splits: [],
    ...changed,
  }
  const context = fakeContext({
    now,
    answers: [{ body: chartBody({ rows, granularity: granularity ?? params.interval }) }],
  })
  const { data } = await intradayBars({ connector: 'yahoo', handler: 'intradayBars', params }, context)
  return { data, context }
}

async function pageOf(...told: Parameters<typeof run>) {
  const { data } = await run(...told)
  if (isAbsence(data)) throw new Error(data.absence)
  return { ...data, bars: data.bars?.[0]?.bars ?? [] }
}

const at = (clock: string, price = 20, volume: number | null = 10, date = '2024-03-06'): Row => [
  taipei(date, clock),
  price,
  price,
  price,
  price,
  volume,
]
const nothingAt = (clock: string): Row => [taipei('2024-03-06', clock), null, null, null, null, null]

describe('minutes of Yahoo', () => {
  it('without a trade are no bars, and the first of a day has no volume', async () => {
    const { bars, refused, covers } = await pageOf([at('09:00:00', 20, 0), nothingAt('09:01:00'), at('09:02:00', 21)])
    expect(bars.map(({ ts, volume }) => [ts, volume])).toEqual([
      ['2024-03-06T01:00:00Z', 0],
      ['2024-03-06T01:02:00Z', 10],
    ])
    expect(refused).toEqual([])
    expect(covers).toEqual([{ scope: 'TWSE:1234', of: '1m', start: '2024-03-05', end: '2024-03-07' }])
  })

  it('have the last row merged into the minute that it falls in, its volume not counted twice', async () => {
    const { bars, covers } = await pageOf([at('10:15:00', 20, 40), at('10:15:37', 21, 40)], {
      now: '2024-03-06T02:16:00Z',
    })
    expect(bars).toMatchObject([
      { ts: '2024-03-06T02:15:00Z', open: 20, high: 21, low: 20, close: 21, volume: 40, final: false },
    ])
    // The 6th is not over, but it is on the page, so the page was not late for the 5th.
    expect(covers).toEqual([{ scope: 'TWSE:1234', of: '1m', start: '2024-03-05', end: '2024-03-06' }])
  })

  it('have no last row that tells no bar which is there: it may be the one before once more', async () => {
    const { bars, refused } = await pageOf([at('13:24:00', 20), at('13:30:01', 22, 500)])
    expect(bars.map(({ ts, close }) => [ts, close])).toEqual([['2024-03-06T05:24:00Z', 20]])
    expect(refused).toEqual([{ row: '2024-03-06T05:30:01Z 22 22 22 22 500', reason: 'outside the session' }])
  })

  it('off the grid or outside the session are refused, unless they are the last', async () => {
    const { bars, refused } = await pageOf([
      at('08:59:00'),
      at('09:00:00'),
      at('09:00:30'),
      at('13:31:00'),
      at('09:05:00'),
      at('09:05:00'),
    ])
    expect(bars).toHaveLength(2)
    expect(refused?.map(({ reason }) => reason)).toEqual([
      'outside the session',
      'off the grid',
      'outside the session',
      'time repeats',
    ])
  })

  it('of today, added to a window that ended before, are left out', async () => {
    const { bars, refused } = await pageOf([at('09:00:00'), at('09:20:37', 20, 10, '2024-03-07')])
    expect(bars).toHaveLength(1)
    expect(refused).toEqual([])
  })

  it('before a split are undone like days', async () => {
    const { bars } = await pageOf([at('09:00:00', 5, 400)], { splits: [{ date: '2024-03-07', ratio: 4 }] })
    expect(bars).toMatchObject([{ close: 20, volume: 100 }])
  })
})

describe('hours of Yahoo', () => {
  it('are anchored to the open, and the last one of Taipei begins at 13:00', async () => {
    const rows = ['09:00:00', '10:00:00', '11:00:00', '12:00:00', '13:00:00', '13:30:00'].map((clock) => at(clock))
    const { bars } = await pageOf(rows, { interval: '1h', granularity: '60m' })
    expect(bars.map(({ ts }) => ts.slice(11, 16))).toEqual(['01:00', '02:00', '03:00', '04:00', '05:00'])
  })

  it('have the close of the last row in the last hour', async () => {
    const { bars } = await pageOf([at('13:00:00', 20, 90), at('13:30:01', 22, 90)], { interval: '1h' })
    expect(bars).toMatchObject([{ ts: '2024-03-06T05:00:00Z', open: 20, high: 22, close: 22, volume: 90 }])
  })

  it('of New York begin at half past', async () => {
    const seconds = (clock: string) => Date.parse(`2024-03-06T${clock}-05:00`) / 1000
    const body = chartBody({
      symbol: 'ABCD',
      granularity: '1h',
      rows: ['09:30:00', '15:30:00', '16:00:00'].map((clock) => [seconds(clock), 20, 20, 20, 20, 10]),
      meta: { currency: 'USD', exchangeTimezoneName: 'America/New_York' },
    })
    const params: IntradayBarsParams = {
      instrument: 'NASDAQ:ABCD',
      interval: '1h',
      start: '2024-03-06',
      end: '2024-03-07',
      splits: [],
    }
    const context = fakeContext({ now: '2024-03-08T00:00:00Z', answers: [{ body }] })
    const { data } = await intradayBars({ connector: 'yahoo', handler: 'intradayBars', params }, context)
    expect(data).toMatchObject({
      bars: [{ bars: [{ ts: '2024-03-06T14:30:00Z' }, { ts: '2024-03-06T20:30:00Z' }] }],
      refused: [],
    })
  })
})

describe('a task that waited too long', () => {
  it('asks for what Yahoo still has, and covers no more', async () => {
    const rows = [at('09:00:00', 20, 10, '2024-02-08')]
    const { data, context } = await run(rows, { start: '2024-02-02', end: '2024-02-09' })
    expect(context.asked[0]?.url).toContain(`period1=${taipei('2024-02-07', '00:00:00')}`)
    expect(data.covers).toEqual([{ scope: 'TWSE:1234', of: '1m', start: '2024-02-07', end: '2024-02-09' }])
  })

  it('asks for nothing where nothing is left', async () => {
    const { data, context } = await run([], { start: '2024-01-02', end: '2024-01-09' })
    expect(data).toEqual({ absence: 'before-history', covers: [] })
    expect(context.asked).toEqual([])
  })
})

it('a week in which nothing was traded is an absence that covers it', async () => {
  const { data } = await run([])
  expect(data).toEqual({
    absence: 'no-data',
    covers: [{ scope: 'TWSE:1234', of: '1m', start: '2024-03-05', end: '2024-03-06' }],
  })
})
