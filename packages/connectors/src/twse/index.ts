import type { CrawlRequest } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { stockMonths, todayOf, tradableDates } from '../taiwan/crawl-dates.js'
import { exchangeLimits } from '../taiwan/exchange-limits.js'
import { dailyBars } from './daily-bars.js'
import { datasets } from './datasets.js'
import { delistings } from './delistings.js'
import { holidays } from './holidays.js'
import { instruments } from './instruments.js'
import { latestDay } from './latest-day.js'
import { marketDay } from './market-day.js'
import { channelsMax, quotedExchanges, quotes } from './quotes.js'
import { searchOfList } from './search-hits.js'
import { valuations } from './valuations.js'

/** First month of STOCK_DAY. */
const STOCK_DAY_SINCE = '2010-01-04'
/** First date that TWSE's pages about a whole day offer. */
const MARKET_DAYS_SINCE = '2004-02-11'

export const twse = defineConnector({
  id: 'twse',
  title: 'Taiwan Stock Exchange',
  homepage: 'https://www.twse.com.tw/',
  limits: exchangeLimits('twse.com.tw'),
  credentials: [],
  datasets,
  handlers: { dailyBars, marketDay, latestDay, valuations, holidays, instruments, delistings, quotes },
  search: searchOfList,
  crawls: {
    'daily-bars': {
      title: 'Daily bars, one stock and month a page',
      of: '1d',
      exchanges: ['TWSE'],
      per: 'instrument',
      since: STOCK_DAY_SINCE,
      bytesPerPage: 2_600,
      handler: 'dailyBars',
      params: (request) => stockMonths(request, 'TWSE', STOCK_DAY_SINCE),
    },
    'market-days': {
      title: 'Daily bars, all stocks of a day a page',
      of: '1d',
      exchanges: ['TWSE'],
      per: 'exchange',
      since: MARKET_DAYS_SINCE,
      options: { warrants: 'yes brings warrants as well; their pages are ten times as long' },
      bytesPerPage: 210_000,
      handler: 'marketDay',
      *params(request) {
        for (const date of tradableDates(request, MARKET_DAYS_SINCE)) yield { date, warrants: wantsWarrants(request) }
      },
    },
    'latest-day': {
      title: 'Daily bars of the latest day, all stocks in one page',
      of: '1d',
      exchanges: ['TWSE'],
      per: 'exchange',
      since: null,
      bytesPerPage: 311_000,
      handler: 'latestDay',
      *params(request) {
        yield { asked: todayOf(request) }
      },
    },
    valuations: {
      title: 'P/E, P/B and dividend yield, all stocks of a day a page',
      of: 'twse_valuations',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 52_000,
      handler: 'valuations',
      *params(request) {
        for (const date of tradableDates(request, MARKET_DAYS_SINCE)) yield { date }
      },
    },
    holidays: {
      title: 'Scheduled holidays, a year a page; the exchange may offer the current year only',
      of: 'twse_holidays',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 3_000,
      handler: 'holidays',
      *params(request) {
        const asked = todayOf(request)
        const last = Number(addDays(request.end, -1).slice(0, 4))
        for (let year = Number(request.start.slice(0, 4)); year <= last; year++) yield { year, asked }
      },
    },
    instruments: {
      title: 'Securities that are listed now, with ISIN and listing date, TWSE and TPEx',
      of: 'instruments',
      exchanges: [],
      per: 'exchange',
      since: null,
      options: { warrants: 'yes keeps warrants as well, some 45,000' },
      bytesPerPage: 9_000_000,
      handler: 'instruments',
      *params(request) {
        const asked = todayOf(request)
        for (const exchange of ['TWSE', 'TPEX'] as const) yield { exchange, warrants: wantsWarrants(request), asked }
      },
    },
    delistings: {
      title: 'Companies that have left TWSE, with the date',
      of: 'instruments',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 25_000,
      handler: 'delistings',
      *params(request) {
        yield { asked: todayOf(request) }
      },
    },
    quotes: {
      title: `Quotes of MIS, ${channelsMax} instruments a page`,
      of: 'twse_quotes',
      exchanges: [],
      per: 'instrument',
      since: null,
      bytesPerPage: 40_000,
      handler: 'quotes',
      *params({ instruments: wanted, nowMs }) {
        const quoted = wanted.filter(({ exchange }) => quotedExchanges.includes(exchange))
        for (let first = 0; first < quoted.length; first += channelsMax) {
          const names = quoted.slice(first, first + channelsMax).map(({ instrument }) => instrument)
          yield { instruments: names, askedMs: nowMs }
        }
      },
    },
  },
})

function wantsWarrants({ options }: CrawlRequest): boolean {
  return options.warrants === 'yes'
}
