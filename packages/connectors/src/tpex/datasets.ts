import type { DatasetDeclaration } from '@barkeep/core'
import { roundedDays } from './stock-month.js'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: roundedDays,
    title: 'TPEx: days of one stock, volume and turnover rounded to thousands; exact figures are in the bars',
    licence: null,
    source: 'https://www.tpex.org.tw/',
    key: ['date', 'instrument'],
    columns: [
      { name: 'date', type: 'date', nullable: false, title: 'Session date' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'open', type: 'number', nullable: true, title: 'In TWD; null on a day without trade' },
      { name: 'high', type: 'number', nullable: true },
      { name: 'low', type: 'number', nullable: true },
      { name: 'close', type: 'number', nullable: true },
      { name: 'volume_thousands', type: 'integer', nullable: false, title: 'Thousands of shares, without blocks' },
      { name: 'turnover_thousands', type: 'integer', nullable: false, title: 'Thousands of TWD, without blocks' },
      { name: 'trades', type: 'integer', nullable: false },
    ],
  },
  {
    name: 'tpex_valuations',
    title: 'TPEx: price to earnings, price to book, dividend and its yield by day',
    licence: null,
    source: 'https://www.tpex.org.tw/',
    key: ['date', 'instrument'],
    columns: [
      { name: 'date', type: 'date', nullable: false, title: 'Session date' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'name', type: 'string', nullable: false },
      { name: 'pe', type: 'number', nullable: true, title: 'Price to earnings; null for a loss' },
      { name: 'pb', type: 'number', nullable: true, title: 'Price to book' },
      { name: 'dividend', type: 'number', nullable: true, title: 'Dividend of a share in TWD, in cash and in shares' },
      { name: 'dividend_year', type: 'integer', nullable: true, title: 'Western year of the dividend' },
      { name: 'dividend_yield_percent', type: 'number', nullable: true },
    ],
  },
]
