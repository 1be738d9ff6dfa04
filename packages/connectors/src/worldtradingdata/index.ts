import { later } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { requiredOption } from '../required-option.js'
import { datasets } from './datasets.js'
import { history } from './history.js'
import { searchOfStocks } from './search-hits.js'
import { stockSearch } from './stock-search.js'
import { plainExchanges } from './symbols.js'

/** The service closed in 2020; the connector reads what was archived of it, and the emulator plays it. */
export const worldtradingdata = defineConnector({
  id: 'worldtradingdata',
  title: 'World Trading Data (closed in 2020)',
  homepage: 'https://www.worldtradingdata.com/',
  limits: [{ requests: 250, perMs: 86_400_000, per: 'credential' }],
  credentials: [
    { name: 'token', required: true, help: 'The API token of the account; the free plan gave 250 requests a day.' },
  ],
  datasets,
  handlers: { stockSearch, history },
  search: searchOfStocks,
  crawls: {
    'stock-search': {
      title: 'Securities by a word of their symbol or name, 50 a page',
      of: 'worldtradingdata_stocks',
      exchanges: [],
      per: 'query',
      since: null,
      options: { search_term: 'what to search for, such as new york' },
      bytesPerPage: 9_000,
      handler: 'stockSearch',
      *params(request) {
        yield { search_term: requiredOption(request, 'stock-search', 'search_term'), page: 1 }
      },
    },
    history: {
      title: 'Daily bars, all dates of an instrument in one page',
      of: '1d',
      exchanges: plainExchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 400_000,
      handler: 'history',
      *params({ instruments, start, end }) {
        for (const { instrument, exchange, listed } of instruments) {
          const first = later(start, listed)
          if (plainExchanges.includes(exchange) && first < end) yield { instrument, start: first, end }
        }
      },
    },
  },
})
