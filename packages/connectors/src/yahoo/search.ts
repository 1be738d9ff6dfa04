import type { Handler } from '@barkeep/core'
import { readYahooJson } from './answer.js'
import { parseSearch } from './parse-search.js'

export type SearchParams = {
  readonly query: string
}

/** Securities in one answer; the search has no further pages. */
const RESULTS_MAX = 20

/**
 * Securities that Yahoo finds for a few words, rows of `yahoo_search_results`.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_FAILED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 3.4.
 */
export const search: Handler<SearchParams> = async (task, context) => {
  const { query } = task.params
  const parameters = new URLSearchParams({
    q: query,
    quotesCount: String(RESULTS_MAX),
    newsCount: '0',
    enableFuzzyQuery: 'false',
  })
  const page = await context.fetch({ url: `https://query2.finance.yahoo.com/v1/finance/search?${parameters}` })
  const { rows, refused } = parseSearch(readYahooJson(page), query)
  if (rows.length === 0 && refused.length === 0) {
    return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  }
  return { task, data: { rows: [{ dataset: 'yahoo_search_results', rows }], covers: [], refused }, nextTasks: [] }
}
