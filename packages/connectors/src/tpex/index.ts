import { defineConnector } from '../define-connector.js'
import { stockMonths, todayOf, tradableDates } from '../taiwan/crawl-dates.js'
import { exchangeLimits } from '../taiwan/exchange-limits.js'
import { instruments } from '../twse/instruments.js'
import { datasets } from './datasets.js'
import { marketDay } from './market-day.js'
import { roundedDays, stockMonth } from './stock-month.js'
import { valuations } from './valuations.js'

/** First session of which others have kept a page of a day. */
const MARKET_DAYS_SINCE = '2007-04-23'
/** First month of tradingStock. */
const STOCK_MONTHS_SINCE = '1994-01-01'

export const tpex = defineConnector({
  id: 'tpex',
  title: 'Taipei Exchange',
  homepage: 'https://www.tpex.org.tw/',
  // TPEx publishes no number and bans like TWSE. The list of its securities is a page of TWSE, and counts there.
  limits: [...exchangeLimits('tpex.org.tw'), ...exchangeLimits('twse.com.tw')],
  credentials: [],
  datasets,
  handlers: { marketDay, stockMonth, valuations, instruments },
  crawls: {
    'market-days': {
      title: 'Daily bars, all stocks of a day a page',
      of: '1d',
      exchanges: ['TPEX'],
      per: 'exchange',
      since: MARKET_DAYS_SINCE,
      options: { warrants: 'yes keeps warrants as well, seven times as many rows' },
      bytesPerPage: 1_100_000,
      handler: 'marketDay',
      *params(request) {
        const warrants = request.options.warrants === 'yes'
        for (const date of tradableDates(request, MARKET_DAYS_SINCE)) yield { date, warrants }
      },
    },
    'stock-months': {
      title: 'Days of one stock, a month a page, volume rounded to thousands of shares: rows, no bars',
      of: roundedDays,
      exchanges: [],
      per: 'instrument',
      since: STOCK_MONTHS_SINCE,
      bytesPerPage: 2_000,
      handler: 'stockMonth',
      params: (request) => stockMonths(request, 'TPEX', STOCK_MONTHS_SINCE),
    },
    valuations: {
      title: 'P/E, P/B, dividend and yield, all stocks of a day a page',
      of: 'tpex_valuations',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 52_000,
      handler: 'valuations',
      *params(request) {
        for (const date of tradableDates(request, MARKET_DAYS_SINCE)) yield { date }
      },
    },
    instruments: {
      title: 'Securities that TPEx lists now, with ISIN and listing date',
      of: 'instruments',
      exchanges: [],
      per: 'exchange',
      since: null,
      options: { warrants: 'yes keeps warrants as well, some 10,000' },
      bytesPerPage: 3_000_000,
      handler: 'instruments',
      *params(request) {
        yield { exchange: 'TPEX' as const, warrants: request.options.warrants === 'yes', asked: todayOf(request) }
      },
    },
  },
})
