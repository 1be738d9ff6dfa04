import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { figuresAt, lastSession, minutesSoFar } from '../market/minutes-so-far.js'
import {
  addDays,
  earlierDate,
  isDate,
  laterDate,
  taipeiClock,
  taipeiDate,
  taipeiMinute,
} from '../market/taipei-time.js'
import type { Truth, TruthDay } from '../market/truth.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'
import { refusal, withRate } from './account.js'

const DAYS_MAX = 366
const MINUTE_DATES = 30
/** When the figures of a day are there, minutes since midnight; the real time is not known. */
const PUBLISHED_MINUTE = 14 * 60 + 40

export const historical: Route = {
  path: /^\/marketdata\/v1\.0\/stock\/historical\/candles\/([^/]+)$/,
  answer: (request) => withRate(request, answerHistorical),
}

export const intraday: Route = {
  path: /^\/marketdata\/v1\.0\/stock\/intraday\/candles\/([^/]+)$/,
  answer: (request) => withRate(request, answerIntraday),
}

/** `2023-05-29T09:00:00.000+08:00` */
export function stampOf(ms: number): string {
  return `${taipeiDate(ms)}T${taipeiClock(ms)}.000+08:00`
}

/** What an answer says of its security; undefined for one that is not listed. */
export function headOf(truth: Truth, symbol: string) {
  if (tpexTruthOf(truth).listing(symbol) !== undefined) {
    return { symbol, type: 'EQUITY', exchange: 'TPEx', market: 'OTC' } as const
  }
  if (truth.listing(symbol) === undefined) return undefined
  return { symbol, type: 'EQUITY', exchange: 'TWSE', market: 'TSE' } as const
}

function answerHistorical({ captures, query, truth, nowMs }: RouteRequest): Answer {
  const head = headOf(truth, captures[0] ?? '')
  if (head === undefined) return refusal(404, 'Resource Not Found')
  const timeframe = query.get('timeframe') ?? 'D'
  const fields = (query.get('fields') ?? 'open,high,low,close,volume').split(',')
  const rows = timeframe === 'D' ? days(head, query, truth, nowMs) : minutes(head.symbol, truth, nowMs)
  if (rows === undefined) return refusal(400, 'Bad Request')
  const wanted = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => name === 'date' || fields.includes(name))),
  )
  // The newest comes first unless somebody asks.
  return jsonAnswer({ ...head, timeframe, data: query.get('sort') === 'asc' ? wanted : wanted.reverse() })
}

function days(
  { symbol, market }: { symbol: string; market: string },
  query: URLSearchParams,
  truth: Truth,
  nowMs: number,
) {
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? '']
  if (!isDate(from) || !isDate(to) || addDays(from, DAYS_MAX) <= to) return undefined
  const today = taipeiDate(nowMs)
  const published = taipeiMinute(nowMs) >= PUBLISHED_MINUTE ? addDays(today, 1) : today
  const end = earlierDate(addDays(to, 1), published)
  const told = market === 'OTC' ? tpexTruthOf(truth).days(symbol, from, end) : truth.days(symbol, from, end)
  return told
    .filter((day): day is TruthDay & { close: number } => day.close !== null)
    .map(({ date, open, high, low, close, volumeShares, turnover, change }) => {
      return { date, open, high, low, close, volume: volumeShares, turnover, change: change ?? 0 }
    })
}

/** `from` and `to` are not looked at. */
function minutes(symbol: string, truth: Truth, nowMs: number) {
  const today = taipeiDate(nowMs)
  const start = laterDate(addDays(today, -MINUTE_DATES), '2015-01-01')
  const end = taipeiMinute(nowMs) >= PUBLISHED_MINUTE ? addDays(today, 1) : today
  return truth.calendar.sessions(start, end).flatMap((date) =>
    minutesSoFar(truth, symbol, date, nowMs).map(({ minute, labelMs }) => {
      const { open, high, low, close, volumeShares } = minute
      return { date: stampOf(labelMs), open, high, low, close, volume: volumeShares }
    }),
  )
}

function answerIntraday({ captures, query, truth, nowMs }: RouteRequest): Answer {
  const head = headOf(truth, captures[0] ?? '')
  if (head === undefined) return refusal(404, 'Resource Not Found')
  if (query.get('timeframe') !== '1') return refusal(400, 'Bad Request')
  const date = lastSession(truth, nowMs)
  const data = minutesSoFar(truth, head.symbol, date, nowMs).map((told) => {
    const { lots, ...prices } = figuresAt(told, nowMs)
    return { date: stampOf(told.labelMs), ...prices, volume: lots, average: prices.close }
  })
  return jsonAnswer({ date, ...head, data })
}
