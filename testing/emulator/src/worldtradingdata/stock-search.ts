import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { taipeiDate } from '../market/taipei-time.js'
import { withToken } from './credentials.js'
import { lastDays } from './quotes.js'
import { createWorldTruth } from './world-truth.js'

const LIMIT_MAX = 50

/** Paged search by symbol and name. */
export const stockSearch: Route = { path: '/api/v1/stock_search', answer: withToken(answerSearch) }

function answerSearch({ query, truth, nowMs }: RouteRequest, demo: { message?: string }): Answer {
  const world = createWorldTruth(truth.seed)
  const term = (query.get('search_term') ?? '').toLowerCase()
  const by = (query.get('search_by') ?? 'symbol,name').split(',')
  const places = (query.get('stock_exchange') ?? '').split(',').filter((place) => place !== '')
  const found = world
    .listings()
    .filter(
      ({ symbol, name, exchangeShort }) =>
        ((by.includes('symbol') && symbol.toLowerCase().includes(term)) ||
          (by.includes('name') && name.toLowerCase().includes(term))) &&
        (places.length === 0 || places.includes(exchangeShort)),
    )
  const limit = Math.min(LIMIT_MAX, wholeOr(query.get('limit'), LIMIT_MAX))
  const page = wholeOr(query.get('page'), 1)
  const shown = found.slice((page - 1) * limit, page * limit)
  return jsonAnswer({
    ...demo,
    total_returned: shown.length,
    total_results: found.length,
    total_pages: Math.ceil(found.length / limit),
    limit,
    page,
    data: shown.map(({ symbol, name, currency, exchangeLong, exchangeShort }) => ({
      symbol,
      name,
      currency,
      price: lastDays(world, symbol, taipeiDate(nowMs)).at(-1)?.close.toFixed(2) ?? null,
      stock_exchange_long: exchangeLong,
      stock_exchange_short: exchangeShort,
    })),
  })
}

function wholeOr(text: string | null, otherwise: number): number {
  const value = Number(text ?? Number.NaN)
  return Number.isInteger(value) && value > 0 ? value : otherwise
}
