import { type CrawlRequest, parseInstrument } from '@barkeep/core'
import { addDays, earlier, later, windowsIn } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { pastOnly, todayOf } from '../taiwan/crawl-dates.js'
import { sharesPerLot } from '../taiwan/lots.js'
import { dailyBars, type InstrumentDaysParams } from './daily-bars.js'
import { instruments } from './instruments.js'
import { intradayBars } from './intraday-bars.js'
import { liveCandles } from './live-candles.js'
import { minuteBars } from './minute-bars.js'

const BASE = '/marketdata/v1.0/stock'
const HISTORICAL = `${BASE}/historical/`
const INTRADAY = `${BASE}/intraday/`
const DAYS_SINCE = '2010-01-01'
/** Most dates of a question about days. */
const WINDOW_DATES = 365
/** How far back minutes go. */
const MINUTE_DATES = 30
const exchanges = ['TWSE', 'TPEX']

export const fugle = defineConnector({
  id: 'fugle',
  title: 'Fugle MarketData',
  homepage: 'https://developer.fugle.tw/',
  // Those of a broker that resells it: the plans of Fugle itself are not published where we could read them. Its answers tell
  // what is left, which is heeded besides. A connection that stays open is one of five, however long it does.
  limits: [
    { requests: 60, perMs: 60_000, per: 'credential', path: HISTORICAL },
    { requests: 300, perMs: 60_000, per: 'credential', path: INTRADAY },
    { requests: 5, perMs: 5_000, per: 'credential', path: `${BASE}/streaming` },
  ],
  credentials: [{ name: 'api_key', required: true, help: 'The key of the account.' }],
  datasets: [],
  handlers: { dailyBars, minuteBars, intradayBars, instruments },
  crawls: {
    'daily-bars': {
      title: 'Daily bars, an instrument and a year a page',
      of: '1d',
      exchanges,
      per: 'instrument',
      since: DAYS_SINCE,
      bytesPerPage: 30_000,
      path: HISTORICAL,
      handler: 'dailyBars',
      *params(request) {
        for (const { instrument, start, end } of instrumentDays(request, DAYS_SINCE)) {
          for (const window of windowsIn(start, end, WINDOW_DATES)) yield { instrument, ...window }
        }
      },
    },
    'minute-bars': {
      title: 'Minute bars of the last 30 days, an instrument a page',
      of: '1m',
      exchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 800_000,
      path: HISTORICAL,
      handler: 'minuteBars',
      params: (request) => instrumentDays(request, addDays(todayOf(request), -MINUTE_DATES)),
    },
    'intraday-bars': {
      title: 'Minute bars of the session so far, an instrument a page',
      of: '1m',
      exchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 30_000,
      path: INTRADAY,
      handler: 'intradayBars',
      *params(request) {
        // Of other days it has nothing.
        const today = todayOf(request)
        for (const { instrument, start, end } of instrumentDays(request, today)) {
          // A page counts lots, and of some funds nobody says how many shares a lot has.
          const isCountable = sharesPerLot(parseInstrument(instrument).symbol) !== undefined
          if (isCountable && start <= today && today < end) yield { instrument, askedMs: request.nowMs }
        }
      },
    },
    instruments: {
      title: 'Stocks and funds that are listed now, an exchange a page',
      of: 'instruments',
      exchanges,
      per: 'exchange',
      since: null,
      bytesPerPage: 80_000,
      path: INTRADAY,
      handler: 'instruments',
      *params(request) {
        for (const exchange of exchanges) yield { exchange, asked: todayOf(request) }
      },
    },
  },
  live: { kmin: liveCandles },
})

function* instrumentDays(request: CrawlRequest, since: string): Generator<InstrumentDaysParams> {
  for (const { instrument, exchange, listed, delisted } of request.instruments) {
    if (!exchanges.includes(exchange)) continue
    const start = later(later(request.start, listed), since)
    const end = earlier(pastOnly(request), delisted === null ? null : addDays(delisted, 1))
    if (start < end) yield { instrument, start, end }
  }
}
