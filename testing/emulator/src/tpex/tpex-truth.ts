import { isinOf } from '../market/isin.js'
import type { Listing } from '../market/listings.js'
import type { Dividend, Truth, TruthDay } from '../market/truth.js'

/** A security of the Taipei Exchange. */
export interface TpexListing extends Omit<Listing, 'kind'> {
  readonly kind: 'stock' | 'etf' | 'warrant'
  /** Under supervision: the pages of a day tell it in a table of its own. */
  readonly isSupervised: boolean
}

/** The market of the Taipei Exchange. Dates are `YYYY-MM-DD` in Taipei; ranges are half-open. */
export interface TpexTruth {
  /** By code, ETFs first. */
  listings(): readonly TpexListing[]
  listing(symbol: string): TpexListing | undefined
  /** Undefined unless there is a session on the date and the security is listed. */
  day(symbol: string, date: string): TruthDay | undefined
  days(symbol: string, start: string, end: string): TruthDay[]
  dividends(symbol: string, start: string, end: string): Dividend[]
  /** The same as the market of the one exchange is told, minutes included. */
  readonly market: Truth
}

/** Invented stocks besides the named ones, by the same formulas as those of the other exchange. */
const INVENTED_STOCKS = 24

/** Codes and names are those of real securities; a security that is no stock takes the course of an invented one. */
const rows: readonly (readonly [symbol: string, name: string, kind: TpexListing['kind'], course?: string])[] = [
  ['006201', '元大富櫃50', 'etf', '8067'],
  ['00679B', '元大美債20年', 'etf', '8074'],
  ['00687B', '國泰20年美債', 'etf', '8081'],
  ['1240', '茂生農經', 'stock'],
  ['1258', '其祥-KY', 'stock'],
  ['2926', '誠品生活', 'stock'],
  ['3293', '鈊象', 'stock'],
  ['4419', '元勝', 'stock'],
  ['5483', '中美晶', 'stock'],
  ['6488', '環球晶', 'stock'],
  ['8069', '元太', 'stock'],
  ['700001', '欣銓元大53購04', 'warrant', '8095'],
  ['700002', '長佳智元大53購02', 'warrant', '8102'],
  ['71000U', '環球晶元大53售01', 'warrant', '8109'],
]
const supervised: readonly string[] = ['4419']
const cfiCodes = { stock: 'ESVUFR', etf: 'CEOIBU', warrant: 'RWSCCA' } as const satisfies Record<
  TpexListing['kind'],
  string
>

/** The same truth with the securities of the other exchange: any stock that the lists of TWSE do not name. */
export function createTpexTruth(truth: Truth): TpexTruth {
  const courses = new Map<string, string>()
  const listed: TpexListing[] = []
  const enter = (symbol: string, kind: TpexListing['kind'], name?: string, course = symbol): void => {
    const told = truth.listing(course)
    if (told === undefined) throw new RangeError(`'${course}' has no course.`)
    courses.set(symbol, course)
    const { industry, listed: since, delisted } = told
    listed.push({
      symbol,
      name: name ?? told.name,
      kind,
      industry: kind === 'stock' ? industry : '',
      isin: isinOf(symbol),
      cfi: cfiCodes[kind],
      listed: since,
      delisted,
      isSupervised: supervised.includes(symbol),
    })
  }
  for (const [symbol, name, kind, course] of rows) enter(symbol, kind, name, course)
  const elsewhere = new Set([...truth.listings().map(({ symbol }) => symbol), ...courses.values()])
  for (let code = 8_996, left = INVENTED_STOCKS; code > 8_200 && left > 0; code -= 5) {
    if (elsewhere.has(String(code))) continue
    enter(String(code), 'stock')
    left--
  }
  const order = ['etf', 'stock', 'warrant']
  listed.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.symbol < b.symbol ? -1 : 1))
  const bySymbol = new Map(listed.map((listing) => [listing.symbol, listing]))
  const courseOf = (symbol: string) => courses.get(symbol) ?? ''
  const own: Omit<TpexTruth, 'market'> = {
    listings: () => listed,
    listing: (symbol) => bySymbol.get(symbol),
    day(symbol, date) {
      const day = truth.day(courseOf(symbol), date)
      return day === undefined ? undefined : { ...day, symbol }
    },
    days: (symbol, start, end) => truth.days(courseOf(symbol), start, end).map((day) => ({ ...day, symbol })),
    dividends: (symbol, start, end) => truth.dividends(courseOf(symbol), start, end),
  }
  return {
    ...own,
    market: {
      ...truth,
      ...own,
      state: (symbol, date) => truth.state(courseOf(symbol), date),
      minutes: (symbol, date) => truth.minutes(courseOf(symbol), date).map((minute) => ({ ...minute, symbol })),
      splits: (symbol) => truth.splits(courseOf(symbol)),
    },
  }
}

const known = new WeakMap<Truth, TpexTruth>()

/** The one that belongs to a truth; made once. */
export function tpexTruthOf(truth: Truth): TpexTruth {
  const told = known.get(truth) ?? createTpexTruth(truth)
  known.set(truth, told)
  return told
}
