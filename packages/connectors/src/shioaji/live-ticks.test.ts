import { describe, expect, test } from 'vitest'
import { barsToldBy, fakeLiveContext } from '../live-context.contract.js'
import { liveTicks } from './live-ticks.js'

const at = (clock: string) => Date.parse(`2024-01-02T${clock}+08:00`)
const tick = (clock: string, close: number, volume: number, total: number, more: object = {}) =>
  JSON.stringify({
    ...{ code: '2330', datetime: `2024-01-02T${clock}`, close: String(close), volume, total_volume: total },
    ...{ amount: String(close * volume * 1_000), simtrade: false, intraday_odd: false, ...more },
  })
const listen = async (...messages: (string | null | number)[]) => {
  const context = fakeLiveContext({ now: '2024-01-02T02:00:30Z', messages })
  return barsToldBy(liveTicks.bars(['TWSE:2330'], context)) as Promise<{ ts: string; final?: boolean }[]>
}
const finals = (bars: readonly { ts: string; final?: boolean }[]) =>
  bars.filter(({ final = true }) => final).map(({ ts }) => ts.slice(11, 16))

describe('matches of a stream', () => {
  test('are subscribed to one by one after the stream was opened, and make minutes in shares', async () => {
    const context = fakeLiveContext({
      now: '2024-01-02T02:00:30Z',
      messages: [tick('10:01:02', 590, 2, 102), tick('10:01:30', 592, 3, 105), tick('10:02:00', 591, 1, 106)],
    })
    const bars = await barsToldBy(liveTicks.bars(['TWSE:2330'], context))
    expect(context.asked.map(({ body }) => JSON.parse(body ?? ''))).toEqual([
      { security_type: 'STK', exchange: 'TSE', code: '2330', quote_type: 'Tick', intraday_odd: false },
    ])
    expect(bars).toMatchObject([
      { ts: '2024-01-02T02:01:00Z', volume: 2_000, trades: 1, final: false },
      { open: 590, high: 592, close: 592, volume: 5_000, trades: 2, turnover: 2_956_000, final: false },
      { ts: '2024-01-02T02:01:00Z', volume: 5_000 },
      { ts: '2024-01-02T02:02:00Z', volume: 1_000, final: false },
    ])
  })

  test('of the minute in which the subscription came are not told, since not all were seen', async () => {
    const bars = await listen(tick('10:00:40', 590, 2, 102), tick('10:01:30', 592, 3, 105), at('10:03:00'), null)
    expect(finals(bars)).toEqual(['02:01'])
  })

  test('that begin a day are whole though the minute had begun', async () => {
    const bars = await listen(tick('10:00:40', 590, 2, 2), tick('10:00:50', 591, 1, 3), at('10:03:00'), null)
    expect(finals(bars)).toEqual(['02:00'])
  })

  test('of which one was lost make no minute, and the next one is whole again', async () => {
    const bars = await listen(
      ...[tick('10:01:02', 590, 2, 102), tick('10:01:30', 592, 3, 109), tick('10:01:40', 592, 1, 110)],
      ...[tick('10:02:02', 590, 2, 112), at('10:04:00'), null],
    )
    expect(finals(bars)).toEqual(['02:02'])
  })

  test('that come twice count once', async () => {
    const bars = await listen(tick('10:01:02', 590, 2, 102), tick('10:01:02', 590, 2, 102), at('10:03:00'), null)
    expect(bars.at(-1)).toMatchObject({ volume: 2_000, trades: 1 })
  })

  test('on trial, in odd lots, of strangers, and heartbeats are passed over', async () => {
    const others = [{ simtrade: true }, { simtrade: 1 }, { intraday_odd: true }, { code: '2317' }]
    const heartbeat = '{"type":"heartbeat","timestamp":1,"connection_id":"42"}'
    expect(await listen(...others.map((one) => tick('10:01:02', 590, 2, 102, one)), heartbeat, null)).toEqual([])
  })

  test('of the closing auction belong to the last minute, though it came late', async () => {
    const bars = await listen(tick('13:24:50', 590, 2, 102), tick('13:33:00', 593, 40, 142), at('13:34:00'), null)
    expect(finals(bars)).toEqual(['05:24', '05:29'])
  })

  test.each([
    ['no price', tick('10:01:02', 590, 2, 102).replace('"590"', '""')],
    ['no time', tick('10:01:02', 590, 2, 102).replace('datetime', 'when')],
    ['no JSON', 'event'],
  ])('with %s end the stream', async (_name, message) => {
    await expect(listen(message)).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
  })

  test('may tell date and time apart', async () => {
    const bars = await listen(
      tick('10:01:02', 590, 2, 102, { datetime: undefined, date: '2024/01/02', time: '10:01:02.123456' }),
    )
    expect(bars).toMatchObject([{ ts: '2024-01-02T02:01:00Z' }])
  })
})
