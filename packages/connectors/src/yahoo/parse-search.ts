import { upstreamError } from '@barkeep/core'
import { isRecord, listOf, recordOf, textOf } from '../read-json.js'
import { excerptOf } from '../refusal-of.js'
import { instrumentOf } from './symbols.js'

/** One row of the dataset `yahoo_search_results`. */
export type SearchResult = {
  readonly query: string
  readonly symbol: string
  /** Barkeep's name for it, where the exchange is one that it knows. */
  readonly instrument: string | null
  readonly name: string
  readonly kind: string
  readonly exchange: string
  readonly exchange_name: string
  readonly score: number | null
}

export interface SearchResults {
  readonly rows: readonly SearchResult[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
}

/** Securities that a search found, best first. Throws UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 3.4. */
export function parseSearch(body: unknown, query: string): SearchResults {
  const answer = recordOf(body, 'The answer of Yahoo')
  const finance = answer.finance
  if (isRecord(finance) && isRecord(finance.error)) {
    const { code, description } = finance.error
    throw upstreamError('UPSTREAM_REFUSED', `Yahoo says ${textOf(code)}: ${excerptOf(textOf(description))}`)
  }
  const rows = new Map<string, SearchResult>()
  const refused: { row: string; reason: string }[] = []
  for (const quote of listOf(answer.quotes, "'quotes' of a search").filter(isRecord)) {
    const symbol = textOf(quote.symbol)
    const exchange = textOf(quote.exchange)
    if (symbol === '') {
      refused.push({ row: excerptOf(JSON.stringify(quote)), reason: 'a private company has no symbol' })
    } else if (rows.has(symbol)) {
      refused.push({ row: excerptOf(JSON.stringify(quote)), reason: 'symbol repeats' })
    } else {
      rows.set(symbol, {
        query,
        symbol,
        instrument: instrumentOf(symbol, exchange) ?? null,
        name: textOf(quote.longname) || textOf(quote.shortname),
        kind: textOf(quote.quoteType),
        exchange,
        exchange_name: textOf(quote.exchDisp),
        score: typeof quote.score === 'number' ? quote.score : null,
      })
    }
  }
  return { rows: [...rows.values()], refused }
}
