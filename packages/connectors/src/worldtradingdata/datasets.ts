import type { DatasetDeclaration } from '@barkeep/core'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: 'worldtradingdata_stocks',
    title: 'World Trading Data: securities that a search found',
    licence: null,
    source: 'https://www.worldtradingdata.com/',
    key: ['symbol', 'exchange'],
    columns: [
      { name: 'symbol', type: 'string', nullable: false },
      { name: 'exchange', type: 'string', nullable: false, title: 'Short name of the exchange' },
      { name: 'instrument', type: 'string', nullable: true, title: "Barkeep's name, where it knows the exchange" },
      { name: 'name', type: 'string', nullable: false },
      { name: 'currency', type: 'string', nullable: false },
      { name: 'price', type: 'number', nullable: true },
      { name: 'exchange_name', type: 'string', nullable: false },
    ],
  },
]
