import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, taipeiDate } from '../market/taipei-time.js'
import { withToken } from './credentials.js'
import { createWorldTruth, type WorldDay, type WorldTruth } from './world-truth.js'

const OFFSETS: Readonly<Record<string, string>> = {
  'America/New_York': '-18000',
  'Europe/London': '0',
  'Europe/Berlin': '3600',
}

/** Last quotes of several symbols; the unknown ones are left out without a word. */
export const quotes: Route = { path: '/api/v1/stock', answer: withToken(answerQuotes) }

/** The sessions of the two weeks up to a date, or the last ones before the service ended. */
export function lastDays(world: WorldTruth, symbol: string, until: string): WorldDay[] {
  const last = until < '2020-07-31' ? until : '2020-07-31'
  return world.days(symbol, addDays(last, -14), addDays(last, 1))
}

function answerQuotes({ query, truth, nowMs }: RouteRequest, demo: { message?: string }): Answer {
  const world = createWorldTruth(truth.seed)
  const wanted = (query.get('symbol') ?? '').split(',').filter((symbol) => symbol !== '')
  const data = wanted.flatMap((symbol) => {
    const listing = world.listings().find((one) => one.symbol === symbol)
    const days = lastDays(world, symbol, taipeiDate(nowMs))
    const day = days.at(-1)
    const before = days.at(-2)
    if (listing === undefined || day === undefined || before === undefined) return []
    const change = day.close - before.close
    const year = world.days(symbol, addDays(day.date, -365), addDays(day.date, 1))
    return [
      {
        symbol,
        name: listing.name,
        currency: listing.currency,
        price: day.close.toFixed(2),
        price_open: day.open.toFixed(2),
        day_high: day.high.toFixed(2),
        day_low: day.low.toFixed(2),
        '52_week_high': Math.max(...year.map(({ high }) => high)).toFixed(2),
        '52_week_low': Math.min(...year.map(({ low }) => low)).toFixed(2),
        day_change: change.toFixed(2),
        change_pct: ((change / before.close) * 100).toFixed(2),
        close_yesterday: before.close.toFixed(2),
        market_cap: String(Math.round(day.close * 100_000_000)),
        volume: String(day.volumeShares),
        volume_avg: String(Math.round(days.reduce((sum, one) => sum + one.volumeShares, 0) / days.length)),
        shares: '100000000',
        stock_exchange_long: listing.exchangeLong,
        stock_exchange_short: listing.exchangeShort,
        timezone: listing.timeZone === 'America/New_York' ? 'EST' : 'CET',
        timezone_name: listing.timeZone,
        gmt_offset: OFFSETS[listing.timeZone] ?? '0',
        last_trade_time: `${day.date} 16:00:01`,
        pe: 'N/A',
        eps: 'N/A',
      },
    ]
  })
  return jsonAnswer({ ...demo, symbols_requested: wanted.length, symbols_returned: data.length, data })
}
