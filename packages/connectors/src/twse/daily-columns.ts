import type { HeaderTable } from '../header-table.js'
import type { DailyRow } from '../taiwan/daily-rows.js'

/**
 * Reads the figures of a row. STOCK_DAY and MI_INDEX name their columns alike and order them differently.
 * Throws UPSTREAM_CHANGED for the first that is missing.
 */
export function dailyColumns(
  table: HeaderTable,
): (row: readonly unknown[]) => Omit<DailyRow, 'exchange' | 'symbol' | 'date'> {
  const open = table.column('開盤價')
  const high = table.column('最高價')
  const low = table.column('最低價')
  const close = table.column('收盤價')
  const volume = table.column('成交股數')
  const turnover = table.column('成交金額')
  const trades = table.column('成交筆數')
  return (row) => ({
    open: open(row),
    high: high(row),
    low: low(row),
    close: close(row),
    volume: volume(row),
    turnover: turnover(row),
    trades: trades(row),
  })
}
