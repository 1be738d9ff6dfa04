import { type Bar, formatInstant, type LiveSource, type PageBars, parseInstrument, upstreamError } from '@barkeep/core'
import { recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf } from '../refusal-of.js'
import { RunningBars } from '../running-bars.js'
import { lotOf } from '../taiwan/lots.js'
import { joined, MS_PER_MINUTE, minuteOf } from '../taiwan/minute-rows.js'
import { ask, base, contractOf, numberOf, refused, secretsOf } from './ask.js'
import { instantOfWallStamp } from './wall-stamp.js'

/** It says something every 30 seconds; after two and a half of them it has gone. */
const SILENCE_MS = 75_000

/**
 * Minute bars made of matches. A minute of which not all matches can have been seen is not told: the one in which the subscription came,
 * and one in which the running total of the day shows that a match was lost. Trial matches and odd lots are passed over.
 * Throws what `minuteBars` throws, and UPSTREAM_UNREACHABLE. Source: Shioaji's stream tick_stk, our notes on upstreams, 5.
 */
export const liveTicks: LiveSource = {
  title: 'Minute bars out of the matches of a stream of server-sent events',
  exchanges: ['TWSE', 'TPEX'],
  instrumentsMax: 200,
  silenceMs: SILENCE_MS,
  async *bars(instruments, context) {
    // The stream is opened first: what is told while it is subscribed to waits there.
    const messages = await context.listen(
      { url: `${base}/stream/data/tick_stk`, secretHeaders: secretsOf(context) },
      refused,
    )
    const makers = new Map<string, MinuteMaker>()
    const running = new RunningBars(MS_PER_MINUTE)
    for (const instrument of instruments) {
      const { symbol } = parseInstrument(instrument)
      const lot = lotOf(symbol, 'Shioaji')
      await ask(context, '/stream/subscribe', { ...contractOf(instrument), quote_type: 'Tick', intraday_odd: false })
      makers.set(symbol, new MinuteMaker(instrument, lot, context.now(), running))
    }
    for await (const text of messages) {
      if (text !== null) {
        const tick = tickOf(text)
        yield makers.get(textOf(tick.code))?.add(tick) ?? []
      }
      yield running.over(context.now())
    }
  },
}

/** Makes minutes of the matches of one instrument. */
class MinuteMaker {
  readonly #instrument: string
  readonly #exchange: string
  readonly #lot: number
  /** From here on every match is seen. */
  readonly #seenFromMs: number
  readonly #running: RunningBars
  #bar: Bar | undefined
  /** The start of the minute that is not whole. */
  #brokenMs = Number.NaN
  /** The last match that was seen: its date, and the running total of that day with it. */
  #last: { readonly date: string; readonly totalLots: number | undefined } | undefined

  constructor(instrument: string, lot: number, subscribedMs: number, running: RunningBars) {
    this.#instrument = instrument
    this.#exchange = parseInstrument(instrument).exchange
    this.#lot = lot
    this.#seenFromMs = subscribedMs
    this.#running = running
  }

  add(tick: UnknownRecord): PageBars['bars'] {
    // What is on trial, or in odd lots, makes no price of the order book.
    if (isSet(tick.simtrade) || isSet(tick.intraday_odd)) return []
    const { atMs, price, lots, amount, totalLots } = readTick(tick)
    const startMs = minuteOf(this.#exchange, atMs)
    if (startMs === undefined || lots === 0) return []
    const ts = formatInstant(startMs)
    const date = ts.slice(0, 10)
    const before = this.#last?.date === date ? this.#last.totalLots : undefined
    // It was told before: its total was reached already.
    if (before !== undefined && totalLots !== undefined && totalLots <= before) return []
    this.#last = { date, totalLots }
    // The first match that is seen of a day is all of its minute so far where the minute began under our eyes, or the day with it.
    const isWhole =
      before === undefined
        ? startMs >= this.#seenFromMs || totalLots === lots || this.#bar?.ts === ts
        : totalLots === undefined || totalLots === before + lots
    if (!isWhole) {
      this.#brokenMs = startMs
      this.#bar = undefined
      this.#running.forget(this.#instrument)
    }
    if (this.#brokenMs === startMs) return []
    const match: Bar = {
      instrument: this.#instrument,
      ts,
      ...{ open: price, high: price, low: price, close: price },
      volume: Math.round(lots * this.#lot),
      turnover: amount,
      trades: 1,
    }
    this.#bar = joined(this.#bar?.ts === ts ? this.#bar : undefined, match)
    return this.#running.told(this.#bar)
  }
}

interface Tick {
  readonly atMs: number
  readonly price: number
  readonly lots: number
  readonly amount: number | null
  /** Of the day so far, this match included; undefined where it is not told. */
  readonly totalLots: number | undefined
}

function readTick(tick: UnknownRecord): Tick {
  const stamp = tick.datetime ?? `${textOf(tick.date).replaceAll('/', '-')}T${textOf(tick.time)}`
  const atMs = instantOfWallStamp(stamp)
  const [price, lots] = [numberOf(tick.close), numberOf(tick.volume)]
  if (Number.isNaN(atMs) || typeof price !== 'number' || typeof lots !== 'number' || price <= 0) {
    throw upstreamError('UPSTREAM_CHANGED', `A match of Shioaji cannot be read: ${excerptOf(JSON.stringify(tick))}`)
  }
  return {
    atMs,
    price,
    lots,
    amount: numberOf(tick.amount) ?? null,
    totalLots: numberOf(tick.total_volume) ?? undefined,
  }
}

function tickOf(text: string): UnknownRecord {
  try {
    const value: unknown = JSON.parse(text)
    const told = recordOf(value, 'An event of Shioaji')
    return textOf(told.type) === 'heartbeat' ? {} : told
  } catch (cause) {
    throw upstreamError('UPSTREAM_CHANGED', `Shioaji sends an event that is none: ${excerptOf(text)}`, { cause })
  }
}

function isSet(flag: unknown): boolean {
  return flag === true || flag === 1
}
