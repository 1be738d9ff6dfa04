import { describe, expect, test } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { shioaji } from './index.js'
import { minuteBars } from './minute-bars.js'
import { snapshots } from './snapshots.js'
import { ticks } from './ticks.js'
import { usage } from './usage.js'
import { instantOfWallStamp } from './wall-stamp.js'

const kbars = fixture(import.meta.url, 'kbars.json')
const now = '2024-02-20T12:00:00Z'
const task = {
  connector: 'shioaji',
  handler: 'minuteBars',
  params: { instrument: 'TWSE:2330', start: '2024-01-01', end: '2024-01-31' },
}
const empty = '{"datetime":[],"Open":[],"High":[],"Low":[],"Close":[],"Volume":[],"Amount":[]}'
const usageOf = (remaining: number) =>
  JSON.stringify({ connections: 2, bytes: 500 - remaining, limit_bytes: 500, remaining_bytes: remaining })
const ask = (...bodies: (string | { status: number; body: string })[]) => {
  const answers = bodies.map((one) => (typeof one === 'string' ? { body: one } : one))
  const context = fakeContext({ now, answers })
  return { context, result: minuteBars(task, context) }
}

describe('kbars', () => {
  test('are labelled by their end with the clock on the wall, and count lots; a minute that carries a price on is no bar', async () => {
    const { context, result } = ask(kbars)
    const { data } = await result
    expect(data).toMatchObject({
      bars: [
        {
          bars: [
            { ts: '2024-01-02T01:00:00Z', open: 590, high: 591, volume: 1_520_000, turnover: 896_800_000 },
            { ts: '2024-01-02T01:02:00Z', open: 591, volume: 211_000 },
            // The closing auction has its place in the last minute.
            { ts: '2024-01-02T05:29:00Z', volume: 3_120_000 },
          ],
        },
      ],
      covers: [{ scope: 'TWSE:2330', of: '1m', start: '2024-01-01', end: '2024-01-31' }],
    })
    expect('bars' in data && data.bars?.[0]?.bars).toHaveLength(3)
    expect(JSON.parse(context.asked[0]?.body ?? '')).toEqual({
      contract: { security_type: 'STK', exchange: 'TSE', code: '2330' },
      start: '2024-01-01',
      end: '2024-01-30',
    })
  })

  test('may have nanoseconds of the wall in place of texts', async () => {
    const walls = ['09:01', '09:02', '09:03', '13:30'].map((clock) => Date.parse(`2024-01-02T${clock}:00Z`) * 1e6)
    const { result } = ask(kbars.replace(/"datetime": \[[^\]]*\]/, `"ts": ${JSON.stringify(walls)}`))
    const { data } = await result
    expect(data).toMatchObject({
      bars: [{ bars: [{ ts: '2024-01-02T01:00:00Z' }, {}, { ts: '2024-01-02T05:29:00Z' }] }],
    })
  })

  test('that are empty are believed only when bytes are left', async () => {
    expect((await ask(empty, usageOf(1)).result).data).toMatchObject({
      absence: 'no-data',
      covers: [{ start: '2024-01-01', end: '2024-01-31' }],
    })
    // Twelve hours are left until eight in the morning in Taipei.
    await expect(ask(empty, usageOf(0)).result).rejects.toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retry: { afterMs: 12 * 3_600_000 },
    })
  })

  test.each([
    ['a column that is missing', kbars.replace('"Volume"', '"Lots"')],
    ['columns of different lengths', kbars.replace('[590, 590, 591, 593]', '[590, 590, 591]')],
    ['a day that was not asked for', kbars.replaceAll('2024-01-02', '2024-02-02')],
  ])('with %s are not kept', async (_name, body) => {
    await expect(ask(body).result).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
  })

  test.each([
    [
      'too many questions',
      503,
      '{"code":503,"message":"操作異常，請1分鐘後再重新登入","details":null}',
      'UPSTREAM_RATE_LIMITED',
    ],
    [
      'a window that is too long',
      400,
      '{"code":400,"message":"Kbars date range must not exceed 30 days"}',
      'UPSTREAM_REFUSED',
    ],
    ['a server that starts', 503, '{"code":503,"message":"starting"}', 'UPSTREAM_FAILED'],
    ['a key that is not taken', 401, '{"code":401,"message":"Unauthorized"}', 'UPSTREAM_UNAUTHORIZED'],
  ])('refused for %s have failed', async (_name, status, body, code) => {
    await expect(ask({ status, body }).result).rejects.toMatchObject({ code })
  })

  test('are asked for in windows of thirty dates from 2020-03-02 on, after the bytes that are left where they are many', () => {
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
    const foreign = { ...instrument, instrument: 'TWSE:00636K', symbol: '00636K' }
    const request = {
      instruments: [instrument, foreign],
      start: '2020-01-01',
      end: '2020-05-01',
      options: {},
      nowMs: Date.parse(now),
    }
    const tasks = (end: string) => [...(shioaji.crawls['minute-bars']?.tasks({ ...request, end }) ?? [])]
    expect(tasks('2020-05-01').map(({ params }) => params)).toEqual([
      { instrument: 'TWSE:2330', start: '2020-03-02', end: '2020-04-01' },
      { instrument: 'TWSE:2330', start: '2020-04-01', end: '2020-05-01' },
    ])
    expect(tasks('2023-01-01')[0]).toMatchObject({ handler: 'usage' })
  })

  test('are asked for with a key only where there is one', async () => {
    const context = fakeContext({ now, answers: [{ body: kbars }], credentials: { token: 'KEY:SECRET' } })
    await minuteBars(task, context)
    expect(context.asked[0]?.secretHeaders).toEqual({ authorization: 'Bearer KEY:SECRET' })
    const { context: bare, result } = ask(kbars)
    await result
    expect(bare.asked[0]?.secretHeaders).toEqual({})
  })
})

test('ticks are matches in their order, at instants in UTC', async () => {
  const column = (...values: unknown[]) => values
  const wall = Date.parse('2024-01-02T09:00:04.25Z') * 1e6
  const body = JSON.stringify({
    ...{ ts: column(wall, wall + 1e9), close: column(590, 591), volume: column(12, 3), tick_type: column(1, 0) },
    ...{ bid_price: column(589, 590), bid_volume: column(1, 2), ask_price: column(590, 591), ask_volume: column(3, 4) },
  })
  const params = { instrument: 'TWSE:2330', date: '2024-01-02' }
  const answered = ticks({ connector: 'shioaji', handler: 'ticks', params }, fakeContext({ now, answers: [{ body }] }))
  expect((await answered).data).toMatchObject({
    rows: [
      {
        rows: [
          { number: 1, time: '2024-01-02T01:00:04.250Z', price: 590, volume_lots: 12, side: 'ask' },
          { number: 2, price: 591, side: null },
        ],
      },
    ],
    covers: [{ of: 'shioaji_ticks', start: '2024-01-02', end: '2024-01-03' }],
  })
})

test('snapshots are of who was asked for, and cover nothing', async () => {
  const row = {
    ts: Date.parse('2024-02-20T13:30:00Z') * 1e6,
    code: '2330',
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    total_volume: 5,
    total_amount: 9,
    buy_price: 2,
    sell_price: 3,
  }
  const params = { instruments: ['TWSE:2330'], askedMs: 0 }
  const body = JSON.stringify([row, { ...row, code: '9999' }])
  const answered = snapshots(
    { connector: 'shioaji', handler: 'snapshots', params },
    fakeContext({ now, answers: [{ body }] }),
  )
  expect((await answered).data).toMatchObject({
    rows: [{ rows: [{ instrument: 'TWSE:2330', time: '2024-02-20T05:30:00.000Z', close: 2, ask: 3 }] }],
    covers: [],
  })
})

test('the bytes of a day that are used are a row, and with none left the connector waits', async () => {
  const one = { connector: 'shioaji', handler: 'usage', params: { askedMs: 0 } }
  const { data } = await usage(one, fakeContext({ now, answers: [{ body: usageOf(100) }] }))
  expect(data).toMatchObject({ rows: [{ rows: [{ connections: 2, bytes: 400, limit_bytes: 500 }] }] })
  const none = usage(one, fakeContext({ now, answers: [{ body: usageOf(0) }, { body: usageOf(0) }] }))
  await expect(none).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED' })
})

test.each([
  ['2024-01-02T09:00:00', '2024-01-02T01:00:00.000Z'],
  ['2024-01-02 09:00:00.5', '2024-01-02T01:00:00.500Z'],
  ['2024-01-02T09:00:00Z', '2024-01-02T01:00:00.000Z'],
  ['2024-01-02T09:00:00+08:00', '2024-01-02T01:00:00.000Z'],
  [1_704_186_000_000_000_000, '2024-01-02T01:00:00.000Z'],
])('the stamp %s is the clock on the wall of Taipei', (stamp, instant) => {
  expect(new Date(instantOfWallStamp(stamp)).toISOString()).toBe(instant)
})

test.each(['2024-01-02', '2024-01-02T09:00:00-05:00', null, ''])('the stamp %s is none', (stamp) => {
  expect(instantOfWallStamp(stamp)).toBeNaN()
})
