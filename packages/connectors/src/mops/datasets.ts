import type { DatasetDeclaration } from '@barkeep/core'
import { revenueDataset } from './monthly-revenue.js'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: revenueDataset,
    title: 'MOPS: revenue of listed and OTC companies by month, as they report it',
    licence: null,
    source: 'https://mops.twse.com.tw/',
    key: ['month', 'instrument'],
    columns: [
      { name: 'month', type: 'date', nullable: false, title: 'First day of the month' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'name', type: 'string', nullable: false },
      { name: 'industry', type: 'string', nullable: false, title: 'As MOPS files the company today' },
      { name: 'is_foreign', type: 'boolean', nullable: false, title: 'Registered abroad, as the names with KY' },
      { name: 'revenue_thousands', type: 'integer', nullable: false, title: 'Of the month, thousands of TWD' },
      { name: 'month_before_thousands', type: 'integer', nullable: true },
      { name: 'year_before_thousands', type: 'integer', nullable: true, title: 'Of the same month a year before' },
      { name: 'change_on_month_percent', type: 'number', nullable: true, title: 'Null where there was nothing before' },
      { name: 'change_on_year_percent', type: 'number', nullable: true },
      { name: 'year_to_date_thousands', type: 'integer', nullable: true, title: 'From January on' },
      { name: 'year_before_to_date_thousands', type: 'integer', nullable: true },
      { name: 'change_to_date_percent', type: 'number', nullable: true },
      { name: 'note', type: 'string', nullable: true, title: 'What the company says about it' },
    ],
  },
]
