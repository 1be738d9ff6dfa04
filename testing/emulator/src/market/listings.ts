import { isinOf } from './isin.js'
import { hashOf, wholeOf } from './noise.js'
import { addDays, weekdayOf } from './taipei-time.js'

export type SecurityKind = 'stock' | 'preferred' | 'etf' | 'tdr' | 'warrant'

/** A security of the Taiwan Stock Exchange as its lists show it. */
export interface Listing {
  readonly symbol: string
  readonly name: string
  readonly kind: SecurityKind
  /** Empty where the exchange gives none. */
  readonly industry: string
  readonly isin: string
  readonly cfi: string
  /** First session date it may trade on, `YYYY-MM-DD`. */
  readonly listed: string
  /** First date on which it no longer trades; null while it does. */
  readonly delisted: string | null
}

export interface Split {
  /** The session date from which prices are on the new basis. */
  readonly date: string
  /** New shares for each old one. */
  readonly ratio: number
}

/** What makes a security trade as it does. */
export interface Traits {
  /** The price around which it moves, in cents, on the basis after its last split. */
  readonly anchorCents: number
  /** 1 for a usual stock. */
  readonly volatility: number
  /** Trades of an ordinary minute; below 1 many minutes pass without. */
  readonly tradesPerMinute: number
  /** Mean size of a trade in lots of 1,000 shares. */
  readonly lotsPerTrade: number
  /** Chance that a session passes without a trade in the order book. */
  readonly silentDayChance: number
  /** Chance that the closing auction of a session finds no match, so that the last trade is an earlier one. */
  readonly quietCloseChance: number
  /** Cash dividend of a year as a share of the price; 0 for none. */
  readonly dividendYield: number
  readonly splits: readonly Split[]
  /** Dates from `from` until before `until` on which trading is suspended. */
  readonly halts: readonly { readonly from: string; readonly until: string }[]
}

export interface Security {
  readonly listing: Listing
  readonly traits: Traits
}

type Liquidity = 'busy' | 'steady' | 'thin' | 'sleepy'
type Row = readonly [
  symbol: string,
  name: string,
  kind: SecurityKind,
  industry: string,
  listed: string,
  price: number,
  liquidity: Liquidity,
  more?: Partial<Traits> & { readonly delisted?: string },
]

/**
 * Codes, names and listing dates are those of real securities, so that familiar questions have answers.
 * Prices, volumes and events are invented.
 */
const rows: readonly Row[] = [
  ['1101', '台泥', 'stock', '水泥工業', '1962-02-09', 38, 'busy'],
  ['1103', '嘉泥', 'stock', '水泥工業', '1969-11-14', 17, 'thin', { dividendYield: 0, quietCloseChance: 0.5 }],
  [
    '2303',
    '聯電',
    'stock',
    '半導體業',
    '1985-07-16',
    45,
    'busy',
    {
      halts: [
        { from: '2024-03-11', until: '2024-03-13' },
        { from: '2026-03-11', until: '2026-03-12' },
      ],
    },
  ],
  ['2311', '日月光', 'stock', '半導體業', '1989-07-19', 36, 'busy', { delisted: '2018-04-30' }],
  ['2317', '鴻海', 'stock', '其他電子業', '1991-06-18', 110, 'busy'],
  [
    '2327',
    '國巨',
    'stock',
    '電子零組件業',
    '1993-10-22',
    140,
    'steady',
    { splits: [{ date: '2025-08-25', ratio: 4 }] },
  ],
  ['2330', '台積電', 'stock', '半導體業', '1994-09-05', 620, 'busy'],
  ['2344', '華邦電', 'stock', '半導體業', '1995-10-18', 24, 'busy'],
  ['2409', '友達', 'stock', '光電業', '2000-09-08', 14, 'busy'],
  ['2412', '中華電', 'stock', '通信網路業', '2000-10-27', 95, 'steady', { volatility: 0.4 }],
  ['2454', '聯發科', 'stock', '半導體業', '2001-07-23', 740, 'steady'],
  ['2603', '長榮', 'stock', '航運業', '1987-09-21', 88, 'busy', { volatility: 1.1 }],
  ['2881', '富邦金', 'stock', '金融保險業', '2001-12-19', 62, 'busy', { volatility: 0.6 }],
  ['6669', '緯穎', 'stock', '電腦及週邊設備業', '2019-03-27', 1_450, 'steady'],
  ['8444', '綠河-KY', 'stock', '塑膠工業', '2015-07-08', 9.2, 'sleepy', { silentDayChance: 0.25, dividendYield: 0 }],
  ['2881A', '富邦特', 'preferred', '金融保險業', '2016-05-31', 61, 'sleepy', { volatility: 0.2, dividendYield: 0 }],
  ['0050', '元大台灣50', 'etf', '', '2003-06-30', 42, 'busy', { splits: [{ date: '2025-06-18', ratio: 4 }] }],
  ['0056', '元大高股息', 'etf', '', '2007-12-26', 31, 'busy', { volatility: 0.5, dividendYield: 0.06 }],
  ['006208', '富邦台50', 'etf', '', '2012-07-17', 74, 'steady', { volatility: 0.6 }],
  ['00625K', '富邦上証+R', 'etf', '', '2016-08-08', 7.7, 'sleepy', { silentDayChance: 0.5, dividendYield: 0 }],
  ['9105', '泰金寶-DR', 'tdr', '', '2003-09-22', 11, 'thin', { dividendYield: 0 }],
  [
    '030001',
    '台積電群益53購01',
    'warrant',
    '',
    '2025-07-30',
    1.4,
    'thin',
    { dividendYield: 0, delisted: '2026-03-02' },
  ],
]

const tradesPerMinute = { busy: 30, steady: 6, thin: 0.5, sleepy: 0.03 } as const satisfies Record<Liquidity, number>
const cfiCodes = {
  stock: 'ESVUFR',
  preferred: 'EPNRAR',
  etf: 'CEOGEU',
  tdr: 'EDSDDR',
  warrant: 'RWSCCA',
} as const satisfies Record<SecurityKind, string>

/** The listed securities: those above, and invented stocks until there are `stocks` stocks. By kind, then by code. */
export function listSecurities(seed: number, stocks: number): Security[] {
  const securities = rows.map((row) => fromRow(seed, row))
  const taken = new Set(rows.map(([symbol]) => symbol))
  let missing = stocks - securities.filter(({ listing }) => listing.kind === 'stock').length
  for (let code = 1_201; code < 9_000 && missing > 0; code += 7) {
    const symbol = String(code)
    if (taken.has(symbol)) continue
    securities.push(inventStock(seed, symbol))
    missing--
  }
  if (missing > 0) throw new RangeError(`stocks: ${stocks} are more than this market has codes for. Ask for fewer.`)
  return securities.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

/** A stock with any four-digit code from 1101 to 8999: it trades, although no list names it. */
export function inventStock(seed: number, symbol: string): Security {
  const industries = [
    '食品工業',
    '塑膠工業',
    '電機機械',
    '鋼鐵工業',
    '半導體業',
    '光電業',
    '航運業',
    '貿易百貨業',
  ] as const
  const industry = industries[hashOf(seed, symbol, 'industry') % industries.length] ?? ''
  const heads = '大中華新台永東亞聯國統宏南正建'
  const tails = '成豐達興隆光昌泰益信和友利安'
  const pick = (signs: string, key: string) => signs[hashOf(seed, symbol, key) % signs.length] ?? ''
  const liquidity = (['busy', 'steady', 'steady', 'thin', 'sleepy'] as const)[hashOf(seed, symbol, 'liquidity') % 5]
  // Spread evenly over the orders of magnitude from 8 to 800 TWD.
  const price = 8 * 10 ** ((2 * wholeOf(0, 1_000, seed, symbol, 'price')) / 1_000)
  let listed = addDays('1980-01-07', wholeOf(0, 14_000, seed, symbol, 'listed'))
  while (weekdayOf(listed) === 0 || weekdayOf(listed) === 6) listed = addDays(listed, 1)
  const name = pick(heads, 'head') + pick(tails, 'tail')
  return fromRow(seed, [symbol, name, 'stock', industry, listed, price, liquidity ?? 'steady'])
}

function fromRow(seed: number, [symbol, name, kind, industry, listed, price, liquidity, more]: Row): Security {
  const { delisted = null, ...traits } = more ?? {}
  return {
    listing: { symbol, name, kind, industry, isin: isinOf(symbol), cfi: cfiCodes[kind], listed, delisted },
    traits: {
      anchorCents: price * wholeOf(90, 110, seed, symbol, 'anchor'),
      volatility: wholeOf(50, 100, seed, symbol, 'volatility') / 100,
      tradesPerMinute: tradesPerMinute[liquidity],
      lotsPerTrade: 1 + 60 / price,
      silentDayChance: liquidity === 'sleepy' ? 0.04 : 0,
      quietCloseChance: liquidity === 'sleepy' ? 0.3 : 0,
      dividendYield: wholeOf(15, 30, seed, symbol, 'yield') / 1_000,
      splits: [],
      halts: [],
      ...traits,
    },
  }
}

function sortKey({ listing: { kind, symbol } }: Security): string {
  return `${['etf', 'stock', 'preferred', 'tdr', 'warrant'].indexOf(kind)}${symbol}`
}
