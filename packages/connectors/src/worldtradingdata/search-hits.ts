import type { ConnectorSearch } from '@barkeep/core'
import type { Stock } from './parse-stock-search.js'

/** 250 requests a day are few, so an answer serves for a day. */
const KEEP_MS = 86_400_000

/** Securities by a word of their symbol or name, 50 a page. */
export const searchOfStocks: ConnectorSearch = {
  datasets: ['worldtradingdata_stocks'],
  keepMs: KEEP_MS,
  *tasks(query) {
    yield { connector: 'worldtradingdata', handler: 'stockSearch', params: { search_term: query, page: 1 } }
  },
  found({ rows = [] }) {
    const stocks = rows.flatMap((page) => page.rows as readonly Stock[]) // of its own handler
    return stocks.map(({ symbol, exchange, instrument, name, exchange_name }) => ({
      symbol: `${exchange}:${symbol}`,
      instrument,
      isin: null,
      title: name,
      kind: 'other',
      exchange: exchange_name,
    }))
  },
}
