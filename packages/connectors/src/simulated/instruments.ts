import type { Instrument, InstrumentKind } from '@barkeep/core'
import { createRandom } from './random.js'

/** What makes an instrument behave as it does. */
export interface Traits {
  /** The price, in cents, to which the market slowly returns; divided by each split. */
  readonly anchorCents: number
  /** Deviation of a day's return. */
  readonly dailyVolatility: number
  /** Mean number of trades in an ordinary minute; below 1 many minutes pass without. */
  readonly tradesPerMinute: number
  /** Mean size of a trade in lots of 1,000 shares. */
  readonly lotsPerTrade: number
  /** Chance of a session without any trade. */
  readonly silentDayChance: number
  /** Cash dividend of a year as a share of the anchor. */
  readonly dividendYield: number
  /** `MM-DD` from which the first session is the ex-date. */
  readonly dividendFrom: string
  readonly splits: readonly { readonly afterSessions: number; readonly ratio: number }[]
}

type Liquidity = 'busy' | 'steady' | 'thin' | 'sleepy'
type Split = Traits['splits'][number]
type Row = readonly [
  symbol: string,
  name: string,
  kind: InstrumentKind,
  price: number,
  liquidity: Liquidity,
  split?: Split,
]

/** The last one is listed in the middle of recent history, so that a crawl meets an instrument that was not there before. */
const LISTED_MIDWAY = { symbol: '1020', listed: '2025-11-17' }

/** Prices in TWD cover every band of the tick table. None of the names is a real company. */
const rows: readonly Row[] = [
  ['1001', 'Jade Mountain Semiconductor', 'stock', 1_080, 'busy'],
  ['1002', 'Tamsui Precision Optics', 'stock', 2_350, 'steady', { afterSessions: 150, ratio: 10 }],
  ['1003', 'Alishan Foods', 'stock', 62, 'steady'],
  ['1004', 'Kuroshio Shipping', 'stock', 88, 'busy'],
  ['1005', 'Formosan Bear Securities', 'stock', 28, 'busy'],
  ['1006', 'Keelung Steel Works', 'stock', 24, 'busy'],
  ['1007', 'Sun Moon Lake Power', 'stock', 41, 'steady'],
  ['1008', 'Penghu Wind Energy', 'stock', 136, 'steady'],
  ['1009', 'Taroko Cement', 'stock', 9.4, 'steady'],
  ['1010', 'Blue Magpie Display', 'stock', 14.6, 'busy'],
  ['1011', 'Hengchun Biotech', 'stock', 415, 'steady', { afterSessions: 70, ratio: 2 }],
  ['1012', 'Lanyang Textile', 'stock', 11.2, 'thin'],
  ['1013', 'Dadaocheng Tea', 'stock', 52, 'sleepy'],
  ['1014', 'Orchid Island Resorts', 'stock', 33, 'thin'],
  ['1015', 'Hehuan Machine Tools', 'stock', 96, 'thin'],
  ['1016', 'Black-faced Spoonbill Paper', 'stock', 7.8, 'sleepy'],
  ['1017', 'SIM Top 50 ETF', 'etf', 188, 'busy', { afterSessions: 110, ratio: 4 }],
  ['1018', 'SIM High Dividend ETF', 'etf', 37, 'busy'],
  ['1019', 'SIM Mid-Cap ETF', 'etf', 48.5, 'thin'],
  [LISTED_MIDWAY.symbol, 'Cloud Leopard Robotics', 'stock', 240, 'steady'],
]

const tradesPerMinute = { busy: 28, steady: 6, thin: 0.7, sleepy: 0.05 } as const satisfies Record<Liquidity, number>

/** The 20 instruments of the simulated exchange. The seed moves their listing dates; symbols and names stay. */
export function simulatedInstruments(seed: number): Instrument[] {
  return rows.map(([symbol, name, kind]) => ({
    instrument: `SIM:${symbol}`,
    exchange: 'SIM',
    symbol,
    name,
    kind,
    isin: null,
    listed: symbol === LISTED_MIDWAY.symbol ? LISTED_MIDWAY.listed : listedLongAgo(seed, symbol),
    delisted: null,
  }))
}

/** Throws RangeError for an instrument that simulatedInstruments does not list. */
export function traitsOf(seed: number, instrument: Instrument): Traits {
  const row = rows.find(([symbol]) => instrument.instrument === `SIM:${symbol}`)
  if (row === undefined) {
    throw new RangeError(`'${instrument.instrument}' is not simulated. Use one of simulatedInstruments().`)
  }
  const [symbol, , kind, price, liquidity, split] = row
  const random = createRandom(seed, symbol, 'traits')
  const calm = kind === 'etf' ? 0.5 : 1
  const day = String(1 + Math.floor(random() * 28)).padStart(2, '0')
  return {
    anchorCents: price * 100 * (0.9 + 0.2 * random()),
    dailyVolatility: (0.014 + 0.014 * random()) * calm,
    tradesPerMinute: tradesPerMinute[liquidity] * (0.8 + 0.4 * random()),
    lotsPerTrade: 1 + (150 / price) * random(),
    silentDayChance: liquidity === 'sleepy' ? 0.03 : 0,
    dividendYield: 0.015 + 0.03 * random(),
    dividendFrom: `0${6 + Math.floor(random() * 3)}-${day}`,
    splits: split === undefined ? [] : [{ ...split, afterSessions: split.afterSessions + Math.floor(random() * 30) }],
  }
}

function listedLongAgo(seed: number, symbol: string): string {
  const random = createRandom(seed, symbol, 'listed')
  const date = new Date(
    Date.UTC(1988 + Math.floor(random() * 28), Math.floor(random() * 12), 2 + Math.floor(random() * 24)),
  )
  // Saturday and Sunday give way to the Monday after.
  const weekday = date.getUTCDay()
  if (weekday === 6 || weekday === 0) date.setUTCDate(date.getUTCDate() + (weekday === 6 ? 2 : 1))
  return date.toISOString().slice(0, 10)
}
