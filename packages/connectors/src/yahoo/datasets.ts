import type { DatasetDeclaration } from '@barkeep/core'

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: 'yahoo_search_results',
    title: 'Yahoo: securities that a search found',
    licence: null,
    source: 'https://finance.yahoo.com/lookup/',
    key: ['query', 'symbol'],
    columns: [
      { name: 'query', type: 'string', nullable: false },
      { name: 'symbol', type: 'string', nullable: false, title: "Yahoo's symbol" },
      { name: 'instrument', type: 'string', nullable: true, title: "Barkeep's name, where it knows the exchange" },
      { name: 'name', type: 'string', nullable: false },
      { name: 'kind', type: 'string', nullable: false, title: 'EQUITY, ETF, INDEX, OPTION, …' },
      { name: 'exchange', type: 'string', nullable: false, title: "Yahoo's code" },
      { name: 'exchange_name', type: 'string', nullable: false },
      { name: 'score', type: 'number', nullable: true },
    ],
  },
]
