import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, earlierDate, isDate, taipeiDate, taipeiMinute } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { fundamentalsOf } from '../twse/fundamentals.js'
import { levelOf, refusal } from './account.js'
import { stockInfo } from './stock-info.js'

interface Question {
  readonly symbol: string
  /** Dates that are published, half-open. */
  readonly start: string
  readonly end: string
}

interface Dataset {
  /** When the rows of a day are there, minutes since midnight in Taipei. */
  readonly publishedMinute: number
  readonly needsSymbol: boolean
  readonly sponsorOnly?: true
  /** One date a question. */
  readonly oneDay?: true
  rows(truth: Truth, question: Question): readonly object[]
}

/** A day that FinMind has no minutes of. */
const KBAR_HOLE = '2019-02-20'
const KBAR_SINCE = '2019-01-01'

const datasets: Readonly<Record<string, Dataset>> = {
  TaiwanStockInfo: { publishedMinute: 0, needsSymbol: false, rows: (truth, { end }) => stockInfo(truth, end) },
  TaiwanStockTradingDate: {
    publishedMinute: 0,
    needsSymbol: false,
    rows: (truth, { start, end }) => truth.calendar.sessions(start, end).map((date) => ({ date })),
  },
  TaiwanStockPrice: { publishedMinute: 17 * 60 + 30, needsSymbol: true, rows: prices },
  TaiwanStockPER: { publishedMinute: 17 * 60 + 30, needsSymbol: true, rows: ratios },
  TaiwanStockKBar: {
    publishedMinute: 15 * 60 + 50,
    needsSymbol: true,
    sponsorOnly: true,
    oneDay: true,
    rows: minutes,
  },
}

/** All rows of a dataset that were asked for at once. */
export const data: Route = { path: '/api/v4/data', answer: answerData }

function answerData({ query, truth, nowMs, credential }: RouteRequest): Answer {
  const dataset = datasets[query.get('dataset') ?? '']
  const level = levelOf(credential)
  if (level === undefined) return refusal('Token is illegal.', 400)
  if (dataset === undefined) {
    const detail = [{ loc: ['query', 'dataset'], msg: `value is not one of ${Object.keys(datasets).join(', ')}` }]
    return jsonAnswer({ detail }, { status: 422 })
  }
  const symbol = query.get('data_id') ?? ''
  const isTooLow = (dataset.sponsorOnly && level !== 'sponsor') || (dataset.needsSymbol && symbol === '')
  if (isTooLow) {
    const words = `Your level is ${level}. Please update your user level.`
    // Some saw it under a head that says 200.
    const told = 'Detail information:https://finmindtrade.com/analysis/#/Sponsor/sponsor'
    return refusal(`${words} ${told}`, 400, dataset.sponsorOnly ? 200 : 400)
  }
  const start = query.get('start_date') ?? '1990-01-01'
  const today = taipeiDate(nowMs)
  const published = taipeiMinute(nowMs) >= dataset.publishedMinute ? today : addDays(today, -1)
  const last = dataset.oneDay ? start : (query.get('end_date') ?? published)
  if (!isDate(start) || !isDate(last)) return refusal('parameter date is illegal.', 400)
  const end = addDays(earlierDate(last, published), 1)
  return jsonAnswer({ msg: 'success', status: 200, data: dataset.rows(truth, { symbol, start, end }) })
}

/** A day without a price has zeros, whatever its volume. */
function prices(truth: Truth, { symbol, start, end }: Question): object[] {
  return truth.days(symbol, start, end).map((day) => ({
    date: day.date,
    stock_id: symbol,
    Trading_Volume: day.volumeShares,
    Trading_money: day.turnover,
    open: day.open ?? 0,
    max: day.high ?? 0,
    min: day.low ?? 0,
    close: day.close ?? 0,
    spread: day.change ?? 0,
    Trading_turnover: day.trades,
  }))
}

function ratios(truth: Truth, { symbol, start, end }: Question): object[] {
  return truth.days(symbol, start, end).map((day) => {
    const figures = fundamentalsOf(truth, symbol, day.date, day.close ?? day.reference ?? 1)
    return {
      date: day.date,
      stock_id: symbol,
      dividend_yield: figures.dividendYield,
      PER: figures.priceToEarnings ?? 0,
      PBR: figures.priceToBook,
    }
  })
}

/** Labelled by their start, volume in lots; the closing auction has a minute of its own, 13:30. */
function minutes(truth: Truth, { symbol, start, end }: Question): object[] {
  if (start >= end || start === KBAR_HOLE || start < KBAR_SINCE) return []
  return truth.minutes(symbol, start).map(({ minute, open, high, low, close, volumeShares }) => ({
    date: start,
    minute: `${minute === '13:29' ? '13:30' : minute}:00`,
    stock_id: symbol,
    open,
    high,
    low,
    close,
    volume: volumeShares / 1_000,
  }))
}
