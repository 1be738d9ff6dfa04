import {
  type Bar,
  type LiveContext,
  type LiveSource,
  parseInstrument,
  sessionDateOf,
  sessionOf,
  upstreamError,
} from '@barkeep/core'
import { isRecord, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf } from '../refusal-of.js'
import { RunningBars } from '../running-bars.js'
import { lotOf } from '../taiwan/lots.js'
import { joined, MS_PER_MINUTE, readMinuteRows } from '../taiwan/minute-rows.js'
import { taiwanExchange } from '../taiwan/sessions.js'
import { refused } from './ask.js'
import { readMinuteCandle } from './parse-candles.js'

const CONNECTIONS_PAUSE_MS = 60_000
/** Fugle says something every 30 seconds; after two and a half of them it has gone. */
const SILENCE_MS = 75_000
/** The code with which it refuses a further connection. */
const TOO_MANY_CONNECTIONS = 1001

/**
 * Minute bars as they build up. Each message is the minute so far, in lots and labelled by its start; that it is over shows by a later
 * one, or by the clock. Throws UPSTREAM_UNAUTHORIZED, UPSTREAM_RATE_LIMITED, UPSTREAM_REFUSED, UPSTREAM_CHANGED, UPSTREAM_UNREACHABLE.
 * Source: Fugle's WebSocket, channel candles, our notes on upstreams, 6.
 */
export const liveCandles: LiveSource = {
  title: 'Minute candles over a WebSocket, as they build up',
  exchanges: ['TWSE', 'TPEX'],
  instrumentsMax: 200,
  silenceMs: SILENCE_MS,
  async *bars(instruments, context) {
    const names = new Map(instruments.map((instrument) => [parseInstrument(instrument).symbol, instrument]))
    const lots = new Map([...names.keys()].map((symbol) => [symbol, lotOf(symbol, 'Fugle')]))
    const running = new RunningBars(MS_PER_MINUTE)
    const continuous = new Map<string, Bar>()
    const { messages, send } = await open(context)
    for await (const text of messages) {
      if (text === null) {
        yield running.over(context.now())
        continue
      }
      const { event, data } = messageOf(text)
      if (event === 'authenticated')
        send({ event: 'subscribe', data: { channel: 'candles', symbols: [...names.keys()] } })
      else if (event === 'error') throw errorOf(data)
      for (const candle of candlesOf(event, data)) {
        const symbol = textOf(candle.symbol ?? (isRecord(data) ? data.symbol : undefined))
        const [instrument, lot] = [names.get(symbol), lots.get(symbol)]
        if (instrument === undefined || lot === undefined) continue
        const row = readMinuteCandle(candle, lot)
        const { bars, refused: faults } = readMinuteRows(instrument, [row])
        const [fault] = faults
        if (fault !== undefined)
          throw upstreamError('UPSTREAM_CHANGED', `A candle of Fugle is ${fault.reason}: ${fault.row}.`)
        for (const bar of bars) yield running.told(withAuction(bar, row.labelMs, continuous))
      }
      yield running.over(context.now())
    }
  },
}

async function open(context: LiveContext) {
  const apikey = context.credential('api_key')
  const socket = await context.connect({ url: 'wss://api.fugle.tw/marketdata/v1.0/stock/streaming' }, refused)
  const send = (message: object) => socket.send(JSON.stringify(message))
  send({ event: 'auth', data: { apikey } })
  return { messages: socket.messages, send }
}

/** The candle of the closing auction joins what was traded in the last minute before it, which has a candle of its own. */
function withAuction(bar: Bar, labelMs: number, continuous: Map<string, Bar>): Bar {
  const place = taiwanExchange(parseInstrument(bar.instrument).exchange)
  const isAuction = labelMs >= sessionOf(place, sessionDateOf(place, labelMs)).closeMs
  if (!isAuction) {
    continuous.set(bar.instrument, bar)
    return bar
  }
  const before = continuous.get(bar.instrument)
  return before?.ts === bar.ts ? joined(before, bar) : bar
}

function messageOf(text: string): { readonly event: string; readonly data: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    const { event, data } = recordOf(value, 'A message of Fugle')
    return { event: textOf(event), data }
  } catch (cause) {
    throw upstreamError('UPSTREAM_CHANGED', `Fugle sends a message that is none: ${excerptOf(text)}`, { cause })
  }
}

/** A message has one candle; one that tells what was before the subscription has a list of them. */
function candlesOf(event: string, data: unknown): readonly UnknownRecord[] {
  if (event !== 'data' && event !== 'snapshot') return []
  const told = recordOf(data, 'What Fugle sends')
  return Array.isArray(told.data) ? told.data.map((one) => recordOf(one, 'A candle of Fugle')) : [told]
}

function errorOf(data: unknown): Error {
  const { code, message } = isRecord(data) ? data : { code: undefined, message: '' }
  const said = `Fugle says: ${excerptOf(textOf(message))}`
  if (Number(code) === TOO_MANY_CONNECTIONS) {
    return upstreamError('UPSTREAM_RATE_LIMITED', said, { afterMs: CONNECTIONS_PAUSE_MS })
  }
  if (/credential|auth/i.test(textOf(message))) return upstreamError('UPSTREAM_UNAUTHORIZED', said)
  return upstreamError('UPSTREAM_REFUSED', said)
}
