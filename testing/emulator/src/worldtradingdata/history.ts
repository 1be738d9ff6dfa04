import { type Answer, jsonAnswer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, isDate, taipeiDate } from '../market/taipei-time.js'
import { refusal, withToken } from './credentials.js'
import { createWorldTruth } from './world-truth.js'

/** Daily bars of one symbol, an object keyed by date, numbers as texts. */
export const history: Route = { path: '/api/v1/history', answer: withToken(answerHistory) }

function answerHistory({ query, truth, nowMs }: RouteRequest): Answer {
  const symbol = query.get('symbol') ?? ''
  const start = query.get('date_from') ?? '1970-01-01'
  const last = query.get('date_to') ?? taipeiDate(nowMs)
  const days = isDate(start) && isDate(last) ? createWorldTruth(truth.seed).days(symbol, start, addDays(last, 1)) : []
  if (days.length === 0) return refusal('Error! The requested stock could not be found.', 404)
  if (query.get('sort') !== 'oldest') days.reverse()
  const rows = days.map(({ date, open, close, high, low, volumeShares }) => ({
    date,
    values: {
      open: open.toFixed(2),
      close: close.toFixed(2),
      high: high.toFixed(2),
      low: low.toFixed(2),
      volume: String(volumeShares),
    },
  }))
  if (query.get('output') === 'csv') {
    const lines = rows.map(({ date, values }) => [date, ...Object.values(values)].join(','))
    return textAnswer(`${['Date,Open,Close,High,Low,Volume', ...lines].join('\n')}\n`, 'text/csv')
  }
  return jsonAnswer({ name: symbol, history: Object.fromEntries(rows.map(({ date, values }) => [date, values])) })
}
