import type { Handler } from '@barkeep/core'
import { ask } from './ask.js'
import { parseStockSearch } from './parse-stock-search.js'

export type StockSearchParams = {
  readonly search_term: string
  /** From 1. */
  readonly page: number
}

/** The most that the free plan lets a page have. */
const ROWS_PER_PAGE = 50
/** Pages of one search; a search with more of them is too wide to be meant, and 250 requests a day would not do. */
export const pagesMax = 200

/**
 * One page of a search for securities, rows of `worldtradingdata_stocks`; the next task is the next page.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_UNAUTHORIZED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 7.
 */
export const stockSearch: Handler<StockSearchParams> = async (task, context) => {
  const { search_term, page } = task.params
  const answer = await ask(context, 'stock_search', {
    search_term,
    search_by: 'symbol,name',
    limit: String(ROWS_PER_PAGE),
    page: String(page),
  })
  const { rows, refused, pages } = parseStockSearch(answer, page)
  const next = { ...task, params: { search_term, page: page + 1 } }
  const nextTasks = page < Math.min(pages, pagesMax) ? [next] : []
  if (rows.length === 0 && refused.length === 0) {
    return { task, data: { absence: 'no-data', covers: [] }, nextTasks }
  }
  return { task, data: { rows: [{ dataset: 'worldtradingdata_stocks', rows }], covers: [], refused }, nextTasks }
}
