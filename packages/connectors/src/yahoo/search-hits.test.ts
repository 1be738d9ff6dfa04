import { expect, test } from 'vitest'
import { parseSearch } from './parse-search.js'
import { searchOfYahoo } from './search-hits.js'

test('what Yahoo found are hits with the instrument where the exchange is known, and a page to read on', () => {
  const quotes = [
    { symbol: '2330.TW', exchange: 'TAI', longname: 'Taiwan Semiconductor', quoteType: 'EQUITY', exchDisp: 'Taiwan' },
    { symbol: 'BTC-USD', exchange: 'CCC', shortname: 'Bitcoin USD', quoteType: 'CRYPTOCURRENCY', exchDisp: 'CCC' },
    { symbol: 'X', exchange: 'ZZZ', shortname: 'Some Fund', quoteType: 'MUTUALFUND' },
  ]
  const { rows } = parseSearch({ quotes }, 'x')
  const found = searchOfYahoo.found({ rows: [{ dataset: 'yahoo_search_results', rows }], covers: [] }, 'x')
  expect(found.map(({ symbol, instrument, title, kind, url }) => [symbol, instrument, title, kind, url])).toEqual([
    ['2330.TW', 'TWSE:2330', 'Taiwan Semiconductor', 'stock', 'https://finance.yahoo.com/quote/2330.TW'],
    ['BTC-USD', null, 'Bitcoin USD', 'currency', 'https://finance.yahoo.com/quote/BTC-USD'],
    ['X', null, 'Some Fund', 'other', 'https://finance.yahoo.com/quote/X'],
  ])
  expect(searchOfYahoo.found({ covers: [] }, 'x')).toEqual([])
})
