import type { Listing } from '../market/listings.js'
import { wholeOf } from '../market/noise.js'
import { tickCentsAt } from '../market/tick-size.js'
import type { Truth, TruthDay } from '../market/truth.js'
import { count, price, rocWords } from './format.js'
import { fundamentalsOf } from './fundamentals.js'

/** One table of the page of a day. */
export interface MarketTable {
  readonly title: string
  readonly fields: readonly string[]
  readonly data: readonly (readonly string[])[]
  readonly hints?: string
  readonly groups?: readonly { readonly start: number; readonly span: number; readonly title: string }[]
  readonly notes?: readonly string[]
}

export interface MarketTables {
  /** Six tables, of which the first holds the weighted index. */
  readonly indexes: readonly MarketTable[]
  readonly totals: MarketTable
  readonly breadth: MarketTable
  readonly stocks: MarketTable
}

interface Traded {
  readonly listing: Listing
  readonly day: TruthDay
}

/** The tables of a session date; in `stocks` only securities that were listed on it, and warrants only when asked. */
export function marketTables(truth: Truth, date: string, { warrants }: { readonly warrants: boolean }): MarketTables {
  const all = truth.listings().flatMap((listing): Traded[] => {
    const day = truth.day(listing.symbol, date)
    return day === undefined ? [] : [{ listing, day }]
  })
  const shown = warrants ? all : all.filter(({ listing }) => listing.kind !== 'warrant')
  return {
    indexes: indexTables(truth, date),
    totals: totalsTable(date, all),
    breadth: breadthTable(all),
    stocks: {
      title: `${rocWords(date)} 每日收盤行情(${warrants ? '全部' : '全部(不含權證、牛熊證)'})`,
      fields: stockFields,
      data: shown.map((one) => stockRow(truth, one)).sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1)),
      hints: '單位：元、股',
      groups: [
        { start: 0, span: 11, title: '(元,股)' },
        { start: 11, span: 5, title: '(元,交易單位)' },
      ],
      notes: [
        '漲跌(+/-)欄位符號說明:+/-/X表示漲/跌/不比價。',
        '當證券代號為認購(售)權證及認股權憑證時本益比欄位置為結算價；但如為以外國證券或指數為標的之認購(售)權證及履約方式採歐式者，該欄位為空白。',
        '除境外指數股票型基金及外國股票第二上市外，餘交易單位皆為千股。',
        '本統計資訊含一般、零股、盤後定價、鉅額交易，不含拍賣、標購。',
      ],
    },
  }
}

const stockFields = [
  '證券代號',
  '證券名稱',
  '成交股數',
  '成交筆數',
  '成交金額',
  '開盤價',
  '最高價',
  '最低價',
  '收盤價',
  '漲跌(+/-)',
  '漲跌價差',
  '最後揭示買價',
  '最後揭示買量',
  '最後揭示賣價',
  '最後揭示賣量',
  '本益比',
]

function stockRow(truth: Truth, { listing, day }: Traded): string[] {
  const { symbol, kind } = listing
  const prices = [day.open, day.high, day.low, day.close].map((value) => (value === null ? '--' : price(value)))
  const base = day.close ?? day.reference ?? 0
  const tick = tickCentsAt(base * 100, kind === 'etf') / 100
  const lots = (side: string) => count(wholeOf(1, 900, truth.seed, symbol, day.date, side))
  const ratio = kind === 'stock' ? fundamentalsOf(truth, symbol, day.date, base).priceToEarnings : 0
  return [
    symbol,
    listing.name,
    count(day.volumeShares),
    count(day.trades),
    count(day.turnover),
    ...prices,
    sign(day),
    price(Math.abs(day.change ?? 0)),
    price(base),
    lots('bid'),
    price(base + tick),
    lots('ask'),
    price(ratio ?? 0),
  ]
}

/** In HTML, as the page for people shows it; the amount beside it has no sign. */
function sign({ close, change }: TruthDay): string {
  if (close === null || change === 0) return '<p> </p>'
  if (change === null) return '<p>X</p>'
  return change > 0 ? '<p style= color:red>+</p>' : '<p style= color:green>-</p>'
}

function indexTables(truth: Truth, date: string): MarketTable[] {
  const day = truth.index(date)
  const titles = [
    `${rocWords(date)} 價格指數(臺灣證券交易所)`,
    '價格指數(跨市場)',
    '價格指數(臺灣指數公司)',
    '報酬指數(臺灣證券交易所)',
    '報酬指數(跨市場)',
    '報酬指數(臺灣指數公司)',
  ]
  return titles.map((title, position) => {
    const price = position < 3
    const fields = [price ? '指數' : '報酬指數', '收盤指數', '漲跌(+/-)', '漲跌點數', '漲跌百分比(%)', '特殊處理註記']
    const data = position === 0 && day !== undefined ? [indexRow('發行量加權股價指數', day.close, day.reference)] : []
    return position === 0 ? { title, fields, data, hints: '單位：元、股' } : { title, fields, data }
  })
}

function indexRow(name: string, close: number, reference: number): string[] {
  const points = close - reference
  const mark = points < 0 ? "<p style ='color:green'>-</p>" : "<p style ='color:red'>+</p>"
  return [name, price(close), mark, price(Math.abs(points)), ((points / reference) * 100).toFixed(2), '']
}

function totalsTable(date: string, all: readonly Traded[]): MarketTable {
  const rowOf = (title: string, rows: readonly Traded[]) => {
    const sum = (value: (day: TruthDay) => number) => count(rows.reduce((total, { day }) => total + value(day), 0))
    return [
      title,
      sum(({ turnover }) => turnover),
      sum(({ volumeShares }) => volumeShares),
      sum(({ trades }) => trades),
    ]
  }
  const ofKind = (...kinds: string[]) => all.filter(({ listing }) => kinds.includes(listing.kind))
  return {
    title: `${rocWords(date)} 大盤統計資訊`,
    fields: ['成交統計', '成交金額(元)', '成交股數(股)', '成交筆數'],
    data: [
      rowOf('1.一般股票', ofKind('stock', 'preferred')),
      rowOf('2.台灣存託憑證', ofKind('tdr')),
      rowOf('4.ETF', ofKind('etf')),
      rowOf('7.認購(售)權證', ofKind('warrant')),
      rowOf('證券合計(1+6+14+15)', ofKind('stock', 'preferred')),
      rowOf('總計(1~15)', all),
    ],
    hints: '單位：元、股',
  }
}

function breadthTable(all: readonly Traded[]): MarketTable {
  const rowOf = (title: string, picks: (day: TruthDay) => boolean, limits: string) => {
    const picked = all.filter(({ day }) => picks(day))
    const stocks = picked.filter(({ listing }) => listing.kind === 'stock')
    return [title, count(picked.length) + limits, count(stocks.length) + limits]
  }
  const traded = ({ close }: TruthDay) => close !== null
  return {
    title: '漲跌證券數合計',
    fields: ['類型', '整體市場', '股票'],
    data: [
      rowOf('上漲(漲停)', ({ change }) => change !== null && change > 0, '(0)'),
      rowOf('下跌(跌停)', ({ change }) => change !== null && change < 0, '(0)'),
      rowOf('持平', ({ change }) => change === 0, ''),
      rowOf('未成交', (day) => !traded(day), ''),
      rowOf('無比價', (day) => traded(day) && day.change === null, ''),
    ],
    notes: [
      '"漲跌價差"為當日收盤價與前一日收盤價比較。',
      '"無比價"含前一日無收盤價、當日除權、除息、新上市、恢復交易者。',
    ],
  }
}
