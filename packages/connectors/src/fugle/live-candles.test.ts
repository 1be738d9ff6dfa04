import { describe, expect, test } from 'vitest'
import { barsToldBy, fakeLiveContext } from '../live-context.contract.js'
import { liveCandles } from './live-candles.js'

const credentials = { api_key: 'key-1' }
const authenticated = '{"event":"authenticated","data":{"message":"Authenticated successfully"}}'
const candle = (clock: string, close: number, volume: number) => ({
  ...{ symbol: '2330', type: 'EQUITY', exchange: 'TWSE', market: 'TSE', date: `2023-05-29T${clock}.000+08:00` },
  ...{ open: 568, high: Math.max(568, close), low: Math.min(568, close), close, volume, average: 568.7 },
})
const told = (clock: string, close: number, volume: number) =>
  JSON.stringify({ event: 'data', data: candle(clock, close, volume), id: 'c', channel: 'candles' })
const listen = (...messages: (string | null | number)[]) => {
  const context = fakeLiveContext({ now: '2023-05-29T05:20:10Z', credentials, messages: [authenticated, ...messages] })
  return { context, bars: barsToldBy(liveCandles.bars(['TWSE:2330'], context)) }
}
const at = (clock: string) => Date.parse(`2023-05-29T${clock}+08:00`)

describe('candles over the socket', () => {
  test('are subscribed to after the key was taken', async () => {
    const { context, bars } = listen('{"event":"subscribed","data":{"id":"c","channel":"candles","symbol":"2330"}}')
    expect(await bars).toEqual([])
    expect(context.sent.map((text) => JSON.parse(text))).toEqual([
      { event: 'auth', data: { apikey: 'key-1' } },
      { event: 'subscribe', data: { channel: 'candles', symbols: ['2330'] } },
    ])
  })

  test('build up, in shares, and are final when a later one comes', async () => {
    const { bars } = listen(told('13:20:00', 569, 2), told('13:20:00', 570, 5), told('13:21:00', 568, 1))
    expect(await bars).toMatchObject([
      { ts: '2023-05-29T05:20:00Z', close: 569, volume: 2_000, final: false },
      { ts: '2023-05-29T05:20:00Z', close: 570, volume: 5_000, final: false },
      { ts: '2023-05-29T05:20:00Z', close: 570, volume: 5_000 },
      { ts: '2023-05-29T05:21:00Z', volume: 1_000, final: false },
    ])
    expect((await bars)[2]).not.toHaveProperty('final')
  })

  test('are final when their minute has been over for a moment, and a correction is final at once', async () => {
    const { bars } = listen(
      told('13:20:00', 569, 2),
      at('13:21:00'),
      null,
      at('13:21:02'),
      null,
      null,
      told('13:20:00', 570, 3),
    )
    expect((await bars).map((bar) => ('final' in bar ? bar.final : true))).toEqual([false, true, true])
  })

  test('of the closing auction join the last minute, which had a candle of its own', async () => {
    const { bars } = listen(told('13:29:00', 570, 2), told('13:30:00', 568, 4_778), told('13:30:00', 568, 4_778))
    const last = (await bars).at(-1)
    expect(last).toMatchObject({ ts: '2023-05-29T05:29:00Z', open: 568, high: 570, close: 568, volume: 4_780_000 })
  })

  test('told at once for what was before, and of strangers, are read and passed over', async () => {
    const snapshot = JSON.stringify({ event: 'snapshot', data: { symbol: '2330', data: [candle('13:18:00', 568, 7)] } })
    const stranger = told('13:20:00', 569, 2).replace('"2330"', '"2317"')
    const { bars } = listen(snapshot, stranger, '{"event":"heartbeat","data":{"time":1}}', '{"event":"pong","data":{}}')
    expect(await bars).toMatchObject([{ ts: '2023-05-29T05:18:00Z', volume: 7_000, final: false }, { volume: 7_000 }])
  })

  test.each([
    ['{"event":"error","data":{"message":"Invalid authentication credentials"}}', 'UPSTREAM_UNAUTHORIZED'],
    [
      '{"event":"error","data":{"code":1001,"message":"Maximum number of connections reached"}}',
      'UPSTREAM_RATE_LIMITED',
    ],
    ['{"event":"error","data":{"code":1000,"message":"Bad request"}}', 'UPSTREAM_REFUSED'],
    ['<html>', 'UPSTREAM_CHANGED'],
    [told('13:20:00', 569, 2).replace('"close"', '"last"'), 'UPSTREAM_CHANGED'],
  ])('with %s end', async (message, code) => {
    await expect(listen(message).bars).rejects.toMatchObject({ code })
  })

  test('need a key', async () => {
    const context = fakeLiveContext({ now: '2023-05-29T05:20:10Z', messages: [] })
    await expect(barsToldBy(liveCandles.bars(['TWSE:2330'], context))).rejects.toMatchObject({
      code: 'CREDENTIAL_MISSING',
    })
  })
})
