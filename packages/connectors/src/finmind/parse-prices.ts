import type { Refusal } from '@barkeep/core'
import type { UnknownRecord } from '../read-json.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import { columnOf, dateWithin } from './columns.js'

const dataset = 'TaiwanStockPrice'

/** What the core calls a bar of zeros: the day then shows as a gap, until somebody tells more. */
const ZEROS = 'a price is zero'

/**
 * Rows of TaiwanStockPrice as they are, and those whose every figure is zero: they may be a day without trade or a hole.
 * Throws UPSTREAM_CHANGED where a column is missing or a row is of another stock or date.
 */
export function parsePrices(
  rows: readonly UnknownRecord[],
  exchange: string,
  asked: { readonly symbol: string; readonly start: string; readonly end: string },
): { readonly rows: readonly DailyRow[]; readonly zeros: readonly Refusal[] } {
  const told: DailyRow[] = []
  const zeros: Refusal[] = []
  for (const row of rows) {
    const date = dateWithin(row, dataset, asked)
    const figures = {
      open: columnOf(row, 'open', dataset),
      high: columnOf(row, 'max', dataset),
      low: columnOf(row, 'min', dataset),
      close: columnOf(row, 'close', dataset),
      volume: columnOf(row, 'Trading_Volume', dataset),
      turnover: columnOf(row, 'Trading_money', dataset),
      trades: columnOf(row, 'Trading_turnover', dataset),
    }
    const isZero = Object.values(figures).every((figure) => Number(figure) === 0)
    if (isZero) {
      const bar = { instrument: `${exchange}:${asked.symbol}`, interval: '1d' as const, date }
      zeros.push({ row: JSON.stringify(row), reason: ZEROS, bar })
    } else told.push({ exchange, symbol: asked.symbol, date, ...figures })
  }
  return { rows: told, zeros }
}
