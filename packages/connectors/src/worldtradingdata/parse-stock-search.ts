import { upstreamError } from '@barkeep/core'
import { listOf, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { instrumentOf } from './symbols.js'

/** One row of the dataset `worldtradingdata_stocks`. */
export type Stock = {
  readonly symbol: string
  readonly exchange: string
  readonly instrument: string | null
  readonly name: string
  readonly currency: string
  readonly price: number | null
  readonly exchange_name: string
}

export interface StockSearchPage {
  readonly rows: readonly Stock[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
  /** Pages of the whole result, from 1; 0 where nothing was found. */
  readonly pages: number
}

/** A page of a search. Prices are texts or null. Throws UPSTREAM_CHANGED. Source: our notes on upstreams, 7. */
export function parseStockSearch(answer: UnknownRecord, page: number): StockSearchPage {
  const count = (key: string): number => {
    const value = answer[key]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
    throw upstreamError('UPSTREAM_CHANGED', `stock_search: '${key}' is '${textOf(value)}', not a whole number.`)
  }
  if (count('page') !== page) {
    throw upstreamError(
      'UPSTREAM_CHANGED',
      `stock_search was asked for page ${page}, but answers page ${count('page')}.`,
    )
  }
  const rows: Stock[] = []
  const refused: { row: string; reason: string }[] = []
  for (const [index, entry] of listOf(answer.data, "'data' of stock_search").entries()) {
    const stock = recordOf(entry, `row ${index} of stock_search`)
    const text = (key: string): string => {
      if (stock[key] !== undefined) return textOf(stock[key])
      throw upstreamError('UPSTREAM_CHANGED', `stock_search: '${key}' is missing in row ${index}.`)
    }
    const [symbol, exchange] = [text('symbol'), text('stock_exchange_short')]
    const price = text('price')
    if (symbol === '') refused.push({ row: JSON.stringify(stock), reason: 'the symbol is missing' })
    else {
      rows.push({
        symbol,
        exchange,
        instrument: instrumentOf(symbol, exchange) ?? null,
        name: text('name'),
        currency: text('currency'),
        price: price === '' || Number.isNaN(Number(price)) ? null : Number(price),
        exchange_name: text('stock_exchange_long'),
      })
    }
  }
  return { rows, refused, pages: count('total_pages') }
}
