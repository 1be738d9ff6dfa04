import type { DatasetDeclaration } from '@barkeep/core'

export const infoDataset = 'finmind_stocks'
export const datesDataset = 'finmind_trading_dates'
export const valuationsDataset = 'finmind_valuations'
export const usageDataset = 'finmind_usage'

const source = 'https://finmindtrade.com/'
const licence = null

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: infoDataset,
    title: 'FinMind: securities of Taiwan by industry, a row for each industry',
    licence,
    source,
    key: ['stock_id', 'market', 'industry'],
    columns: [
      { name: 'stock_id', type: 'string', nullable: false },
      { name: 'industry', type: 'string', nullable: false },
      { name: 'market', type: 'string', nullable: false, title: 'twse, tpex or emerging' },
      { name: 'name', type: 'string', nullable: false },
    ],
  },
  {
    name: datesDataset,
    title: 'FinMind: dates with a session in Taiwan',
    licence,
    source,
    key: ['date'],
    columns: [{ name: 'date', type: 'date', nullable: false }],
  },
  {
    name: valuationsDataset,
    title: 'FinMind: price to earnings, price to book and dividend yield by day',
    licence,
    source,
    key: ['date', 'instrument'],
    columns: [
      { name: 'date', type: 'date', nullable: false, title: 'Session date' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'pe', type: 'number', nullable: true, title: 'Price to earnings; null for a loss' },
      { name: 'pb', type: 'number', nullable: true, title: 'Price to book' },
      { name: 'dividend_yield_percent', type: 'number', nullable: true },
    ],
  },
  {
    name: usageDataset,
    title: 'FinMind: requests that the account has used of its hour',
    licence,
    source,
    key: ['asked'],
    columns: [
      { name: 'asked', type: 'instant', nullable: false },
      { name: 'used', type: 'integer', nullable: false },
      { name: 'limit', type: 'integer', nullable: false },
    ],
  },
]
