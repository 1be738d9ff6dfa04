import type { DatasetDeclaration } from '@barkeep/core'

export const daysDataset = 'taifex_days'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: daysDataset,
    title: 'TAIFEX: futures, options and spreads by session, day and night',
    licence: null,
    source: 'https://www.taifex.com.tw/cht/3/futDataDown',
    key: ['date', 'instrument', 'session'],
    columns: [
      { name: 'date', type: 'date', nullable: false, title: 'Session date; a night has that of the day after it' },
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'session', type: 'string', nullable: false, title: 'day or night' },
      {
        name: 'open',
        type: 'number',
        nullable: true,
        title: 'Null where nothing was traded; of a spread below zero too',
      },
      { name: 'high', type: 'number', nullable: true },
      { name: 'low', type: 'number', nullable: true },
      { name: 'close', type: 'number', nullable: true },
      { name: 'change', type: 'number', nullable: true },
      { name: 'volume', type: 'integer', nullable: true, title: 'Contracts' },
      { name: 'settlement', type: 'number', nullable: true, title: 'Of the day alone' },
      { name: 'open_interest', type: 'integer', nullable: true, title: 'Contracts, of the day alone' },
      { name: 'bid', type: 'number', nullable: true, title: 'Last best bid' },
      { name: 'ask', type: 'number', nullable: true, title: 'Last best ask' },
      { name: 'highest', type: 'number', nullable: true, title: 'Of the life of the contract' },
      { name: 'lowest', type: 'number', nullable: true, title: 'Of the life of the contract' },
      { name: 'halted', type: 'boolean', nullable: false, title: 'Whether trading was halted for news' },
      { name: 'spread_volume', type: 'integer', nullable: true, title: 'Contracts from orders of spreads' },
    ],
  },
]
