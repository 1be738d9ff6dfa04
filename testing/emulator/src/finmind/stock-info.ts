import { addDays } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'

/** Electronics stand in the list a second time, under the wider name. */
const electronics = /半導體|電子|光電|電腦|通信網路/

/** The listed securities, a row for each industry; `end` is the day after the one on which they were told. */
export function stockInfo(truth: Truth, end: string): object[] {
  const date = addDays(end, -1)
  const listed = truth.listings().filter(({ kind, delisted }) => kind !== 'warrant' && delisted === null)
  const rows = listed.flatMap(({ symbol, name, kind, industry }) => {
    const own = kind === 'etf' ? 'ETF' : industry
    const industries = electronics.test(own) ? [own, '電子工業'] : [own]
    return industries.map((industry_category) => ({
      industry_category,
      stock_id: symbol,
      stock_name: name,
      type: 'twse',
      date,
    }))
  })
  const otc = tpexTruthOf(truth)
    .listings()
    .filter(({ kind, delisted }) => kind === 'stock' && delisted === null)
    .map(({ symbol, name, industry }) => {
      return { industry_category: industry, stock_id: symbol, stock_name: name, type: 'tpex', date }
    })
  const index = { industry_category: 'Index', stock_id: 'TAIEX', stock_name: '加權指數', type: 'twse', date }
  const emerging = { industry_category: '生技醫療業', stock_id: '6000', stock_name: '未來', type: 'emerging', date }
  return [...rows, ...otc, index, emerging]
}
