import { upstreamError } from '@barkeep/core'
import { isRecord, listOf, textOf } from '../read-json.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import { parseTaiwanDate } from '../taiwan/dates.js'

/** Meaning → key. The page tells its date since `Date` was added; without it nobody knows whose day it is. */
const keys = {
  date: 'Date',
  symbol: 'Code',
  open: 'OpeningPrice',
  high: 'HighestPrice',
  low: 'LowestPrice',
  close: 'ClosingPrice',
  volume: 'TradeVolume',
  turnover: 'TradeValue',
  trades: 'Transaction',
} as const

/**
 * STOCK_DAY_ALL of the open data: all stocks of the latest day that the exchange has put there, which until some hour
 * of the afternoon is yesterday. Empty texts stand for prices that there are none of.
 * Throws UPSTREAM_CHANGED for a missing key, an empty list or rows of several days. Source: our notes on upstreams, 1.2.
 */
export function parseStockDayAll(body: unknown): { readonly date: string; readonly rows: readonly DailyRow[] } {
  const rows = listOf(body, 'STOCK_DAY_ALL').map((row, index) => {
    const cell = (key: string): string => {
      const value = isRecord(row) ? row[key] : undefined
      if (value === undefined) {
        throw upstreamError('UPSTREAM_CHANGED', `STOCK_DAY_ALL: '${key}' is missing in row ${index}.`)
      }
      return textOf(value)
    }
    const date = parseTaiwanDate(cell(keys.date))
    if (date === undefined) {
      throw upstreamError('UPSTREAM_CHANGED', `STOCK_DAY_ALL: '${cell(keys.date)}' in row ${index} is not a date.`)
    }
    return {
      exchange: 'TWSE',
      symbol: cell(keys.symbol),
      date,
      open: cell(keys.open),
      high: cell(keys.high),
      low: cell(keys.low),
      close: cell(keys.close),
      volume: cell(keys.volume),
      turnover: cell(keys.turnover),
      trades: cell(keys.trades),
    }
  })
  const date = rows[0]?.date
  if (date === undefined) throw upstreamError('UPSTREAM_CHANGED', 'STOCK_DAY_ALL has no row, not even of yesterday.')
  const other = rows.find((row) => row.date !== date)
  if (other !== undefined) {
    throw upstreamError('UPSTREAM_CHANGED', `STOCK_DAY_ALL speaks of two days, ${date} and ${other.date}.`)
  }
  return { date, rows }
}
