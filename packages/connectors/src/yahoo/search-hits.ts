import type { ConnectorSearch, SearchHitKind } from '@barkeep/core'
import type { SearchResult } from './parse-search.js'

/** Yahoo's quote types that are kinds here. */
const kinds: Readonly<Record<string, SearchHitKind>> = {
  EQUITY: 'stock',
  ETF: 'etf',
  INDEX: 'index',
  FUTURE: 'future',
  OPTION: 'option',
  CURRENCY: 'currency',
  CRYPTOCURRENCY: 'currency',
}

const KEEP_MS = 300_000

/** Securities that Yahoo finds for what somebody types, 20 at most. */
export const searchOfYahoo: ConnectorSearch = {
  datasets: ['yahoo_search_results'],
  keepMs: KEEP_MS,
  *tasks(query) {
    yield { connector: 'yahoo', handler: 'search', params: { query } }
  },
  found({ rows = [] }) {
    const results = rows.flatMap((page) => page.rows as readonly SearchResult[]) // of its own handler
    return results.map(({ symbol, instrument, name, kind, exchange_name }) => ({
      symbol,
      instrument,
      isin: null,
      title: name,
      kind: kinds[kind] ?? 'other',
      exchange: exchange_name,
      url: `https://finance.yahoo.com/quote/${encodeURIComponent(symbol)}`,
    }))
  },
}
