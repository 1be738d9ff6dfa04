import type { DatasetDeclaration } from '@barkeep/core'

/** The open data of TWSE come under this licence; its pages have the same figures. */
const licence = 'Open Government Data License, version 1.0'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: 'twse_valuations',
    title: 'TWSE: price to earnings, price to book and dividend yield by day',
    licence,
    source: 'https://www.twse.com.tw/zh/trading/historical/bwibbu-day.html',
    key: ['date', 'instrument'],
    columns: [
      { name: 'date', type: 'date', nullable: false, title: 'Session date' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'name', type: 'string', nullable: false },
      { name: 'close', type: 'number', nullable: true, title: 'Closing price in TWD; only newer pages have it' },
      { name: 'dividend_yield_percent', type: 'number', nullable: true },
      { name: 'dividend_year', type: 'integer', nullable: true, title: 'Western year of the dividend' },
      { name: 'pe', type: 'number', nullable: true, title: 'Price to earnings; null for a loss' },
      { name: 'pb', type: 'number', nullable: true, title: 'Price to book' },
      { name: 'fiscal_quarter', type: 'string', nullable: true, title: 'Quarter of the report, such as 2022Q3' },
    ],
  },
  {
    name: 'twse_holidays',
    title: 'TWSE: scheduled holidays, and the days around them that are open',
    licence,
    source: 'https://www.twse.com.tw/zh/trading/holiday.html',
    key: ['date'],
    columns: [
      { name: 'date', type: 'date', nullable: false },
      { name: 'name', type: 'string', nullable: false },
      { name: 'description', type: 'string', nullable: false },
      { name: 'open', type: 'boolean', nullable: false, title: 'Whether there is a session' },
    ],
  },
  {
    name: 'twse_quotes',
    title: 'TWSE and TPEx: quotes as they were polled',
    licence: null,
    source: 'https://mis.twse.com.tw/',
    key: ['instrument', 'ts'],
    columns: [
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'ts', type: 'instant', nullable: false, title: 'Time of the last update' },
      { name: 'last', type: 'number', nullable: true, title: 'Last price; null between matches' },
      { name: 'open', type: 'number', nullable: true },
      { name: 'high', type: 'number', nullable: true },
      { name: 'low', type: 'number', nullable: true },
      { name: 'reference', type: 'number', nullable: true, title: 'Reference price of the day' },
      { name: 'volume', type: 'integer', nullable: true, title: 'Shares since the open; null for an index' },
      { name: 'bid', type: 'number', nullable: true },
      { name: 'ask', type: 'number', nullable: true },
      { name: 'limit_up', type: 'number', nullable: true },
      { name: 'limit_down', type: 'number', nullable: true },
    ],
  },
]
