import { type CrawlRequest, sessionDateOf } from '@barkeep/core'
import { addDays, earlier, later } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { requiredOption } from '../required-option.js'
import { type DailyBarsParams, dailyBars } from './daily-bars.js'
import { datasets } from './datasets.js'
import { intradayBars } from './intraday-bars.js'
import { ranges } from './ranges.js'
import { search } from './search.js'
import { searchOfYahoo } from './search-hits.js'
import { exchangeOf, yahooExchanges } from './symbols.js'

export const yahoo = defineConnector({
  id: 'yahoo',
  title: 'Yahoo Finance',
  homepage: 'https://finance.yahoo.com/',
  // Yahoo publishes no limit; these are a cautious choice: one request a second on average, one at a time, never more
  // than 1,000 an hour. A slot is free only some time after its answer, so that a limit of one a second would lose all the
  // time that Yahoo takes to answer, some 200 ms; five in five seconds lose a fifth of it. The second limit spreads them.
  limits: [
    { requests: 5, perMs: 5_000, per: 'host', host: 'finance.yahoo.com' },
    { requests: 1, perMs: 500, per: 'host', host: 'finance.yahoo.com' },
    { requests: 1_000, perMs: 3_600_000, per: 'host', host: 'finance.yahoo.com' },
  ],
  credentials: [],
  datasets,
  handlers: { dailyBars, intradayBars, search },
  search: searchOfYahoo,
  crawls: {
    'daily-bars': {
      title: 'Daily bars, splits and dividends, all dates of an instrument in one page',
      of: '1d',
      exchanges: yahooExchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 200_000,
      handler: 'dailyBars',
      params: (request) => barsOf(request, null),
    },
    'hour-bars': {
      title: 'Hours of the last 729 days, a year a page, after a page of days',
      of: '1h',
      exchanges: yahooExchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 150_000,
      handler: 'dailyBars',
      params: (request) => barsOf(request, '1h'),
    },
    'minute-bars': {
      title: 'Minutes of the last 29 days, a week a page, after a page of days',
      of: '1m',
      exchanges: yahooExchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 120_000,
      handler: 'dailyBars',
      params: (request) => barsOf(request, '1m'),
    },
    search: {
      title: 'Securities that Yahoo finds for a few words',
      of: 'yahoo_search_results',
      exchanges: [],
      per: 'query',
      since: null,
      options: { q: 'what to search for' },
      bytesPerPage: 8_000,
      handler: 'search',
      *params(request) {
        yield { query: requiredOption(request, 'search', 'q') }
      },
    },
  },
})

function* barsOf(
  { instruments, start, end, nowMs }: CrawlRequest,
  finer: DailyBarsParams['finer'],
): Generator<DailyBarsParams> {
  for (const { instrument, exchange, listed, delisted } of instruments) {
    if (!yahooExchanges.includes(exchange)) continue
    const first = later(start, listed)
    const last = earlier(end, delisted === null ? null : addDays(delisted, 1))
    if (first < last && last > oldestOf(instrument, finer, nowMs)) yield { instrument, start: first, end: last, finer }
  }
}

/** The first session date that Yahoo still has: of a window that ends before it, the page of days would be all. */
function oldestOf(instrument: string, finer: DailyBarsParams['finer'], nowMs: number): string {
  if (finer === null) return ''
  return addDays(sessionDateOf(exchangeOf(instrument), nowMs), -ranges[finer].daysBack)
}
